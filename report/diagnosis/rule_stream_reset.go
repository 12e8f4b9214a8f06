package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// streamReset: the server ended this request alone, with RST_STREAM. It says by its
// code whether it has acted on the request, and not why.
type streamReset struct{ ofCause }

// ofCause matches the losses of one cause.
type ofCause struct{ cause record.Cause }

func (o ofCause) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Class.Cause() == o.cause
}

func (r streamReset) explain(s *observed.Observation, e *observed.Evidence) Finding {
	n := int64(len(e.Lost))
	f := Finding{
		Title:      phrase.Counted(n, "request was", "requests were") + " reset by the server, without the others on " + phrase.Choose(n, "its connection", "their connections"),
		Confidence: CannotTell,
		Evidence:   append([]string{e.What(), e.When() + "; " + s.Where(e)}, s.Texts(e)...),
	}
	if r.cause == record.CauseRefusedStream {
		f.Title = phrase.Counted(n, "request was", "requests were") + " refused by the server (REFUSED_STREAM) and not processed"
		f.Evidence = append(f.Evidence, "cannot tell whether they were too many at once on a connection, or the server was overloaded or shutting down")
		f.advise(remedy.MoreStreams()...)
		return f
	}
	f.Evidence = append(f.Evidence, "cannot tell why: the server or gateway knows, its log names a timeout, a handler that failed or a lost connection behind it")
	f.Remedies = []Remedy{{remedy.Everywhere, "find the reset in the log of the server or gateway at that time"}}
	return f
}
