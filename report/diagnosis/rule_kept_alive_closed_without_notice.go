package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// keptAliveClosedWithoutNotice: the request went out on a connection that
// the server was closing.
type keptAliveClosedWithoutNotice struct{}

func (keptAliveClosedWithoutNotice) matches(_ *observation, l *record.LostRequest) bool {
	return l.Reused && analysis.IsCut(l.Class) && analysis.Unresponded(l.Class)
}

func (keptAliveClosedWithoutNotice) explain(s *observation, e *evidence) Finding {
	quick := s.idle(e)
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request", "requests") + " went out on kept-alive connections that the server was closing",
		Confidence: Likely,
		Settings:   []record.Remedy{{Object: "HAProxy", Setting: "option", Value: "idle-close-on-response"}},
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			"no earlier response had said Connection: close, or nodrop would not have reused the connections",
			fmt.Sprintf("%d of %d failed faster than the fastest response came (%s)", quick, len(e.lost), phrase.Duration(s.responses.Min)),
		},
		Remedies: []Remedy{
			{"any", "while draining, send Connection: close with each response, and close idle connections only some time later"},
			{"clients", "set an idle timeout shorter than the server's"},
			{"Envoy", "POST /drain_listeners?graceful or /healthcheck/fail: both make it send Connection: close"},
			{"nginx", "keepalive_min_timeout (from 1.27.4): how long an idle connection stays open after SIGQUIT"},
			{"HAProxy", "option idle-close-on-response: an idle connection is closed only after one more response"},
		},
	}
	if quick*2 < len(e.lost) {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "the others may have been in flight when their process exited: no mark shows it")
	}
	return f
}
