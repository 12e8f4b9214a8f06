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
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e), "they were established, but no process had accepted them when the listener closed; the processes kept running"},
		Remedies: []Remedy{
			{"any", "before closing the listener, wait until the load balancer has removed the endpoint, and accept what is queued"},
			{"Linux", "with several listeners on one port (SO_REUSEPORT), net.ipv4.tcp_migrate_req=1 moves the queued connections to another listener"},
		},
		Settings: []record.Remedy{{Object: "Linux", Setting: "net.ipv4.tcp_migrate_req", Value: "1"}},
	}
}
