package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// acceptQueueReset: no process had accepted the connection when the listener
// closed.
type acceptQueueReset struct{}

func (acceptQueueReset) matches(s *observation, l *record.LostRequest) bool {
	own := s.lifecycleOf(l)
	return !l.Reused && l.Class.Cause() == record.CauseReset && (analysis.Unresponded(l.Class) || l.Class.Stage() == record.StageTLS) &&
		own != nil && analysis.Within(l.End, own.ListenerClosed, own.ListenerClosed) && !analysis.Within(l.End, own.Exited, own.Exited)
}

func (acceptQueueReset) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "connection was", "connections were") + " reset in the accept queue when the listener closed",
		Confidence: Likely,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e), "they had been made, but no process had accepted them when the listener closed; the processes lived on"},
		Remedies: []Remedy{
			{"any", "accept until the balancer has taken the endpoint out, and what is queued, before the listener closes"},
			{"Linux", "several listeners on one port (SO_REUSEPORT): net.ipv4.tcp_migrate_req=1 hands the queue on"},
		},
		Settings: []record.Remedy{{Object: "Linux", Setting: "net.ipv4.tcp_migrate_req", Value: "1"}},
	}
}
