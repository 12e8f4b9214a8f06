package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// acceptQueueReset: no process had accepted the connection when the listener
// closed.
type acceptQueueReset struct{}

// matches takes what marks show. Without them, so many fresh connections reset
// at once must have been queued. A process may have exited at that instant: the
// listener closes with the last process that has it open. Marks may tell of an
// earlier one, but if refusals begin only then, it was open until then.
func (a acceptQueueReset) matches(s *observation, l *record.LostRequest) bool {
	if a.marked(s, l) {
		return true
	}
	b := s.shapes.BurstOf(l)
	if b == nil || !b.Queued() {
		return false
	}
	own := s.lifecycleOf(l)
	closed := !b.Refused && own != nil && own.ListenerClosed != analysis.Unknown && !analysis.Within(l.End, own.ListenerClosed, own.ListenerClosed)
	return !closed && len(s.killers(l)) == 0
}

// marked reports whether marks show that the listener closed while its process
// lived on.
func (acceptQueueReset) marked(s *observation, l *record.LostRequest) bool {
	own := s.lifecycleOf(l)
	return !l.Reused && l.Class.Cause() == record.CauseReset && (analysis.Unresponded(l.Class) || l.Class.Stage() == record.StageTLS) &&
		own != nil && analysis.Within(l.End, own.ListenerClosed, own.ListenerClosed) && !analysis.Within(l.End, own.Exited, own.Exited)
}

func (a acceptQueueReset) explain(s *observation, e *evidence) Finding {
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "connection was", "connections were") + " reset in the accept queue when the listener closed",
		Confidence: Likely,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies: []Remedy{
			{"any", "before closing the listener, wait until the load balancer has removed the endpoint, and accept what is queued"},
			{"Linux", "with several listeners on one port (SO_REUSEPORT), net.ipv4.tcp_migrate_req=1 moves the queued connections to another listener"},
			{"HAProxy", "hand the listening sockets over on a reload: master-worker mode, or -x with expose-fd listeners on the stats socket"},
			{"systemd", "socket activation (a .socket unit) keeps the listening socket open while the service restarts"},
		},
		Settings: []record.Remedy{{Object: "Linux", Setting: "net.ipv4.tcp_migrate_req", Value: "1"}},
	}
	if a.marked(s, e.lost[0]) {
		f.Evidence = append(f.Evidence, "they were established, but no process had accepted them when the listener closed; the processes kept running")
		return f
	}
	f.Evidence = append(f.Evidence, "they were new, were reset at one instant, and had received nothing; no connection was closed in the regular way at that instant, as those are whose request a process has read")
	if b := s.shapes.BurstOf(e.lost[0]); b.Accepted {
		f.Evidence = append(f.Evidence, "the address accepted connections right after that: another process, or another replica behind it, was listening")
		f.Remedies[0].Setting = "hand the listening socket over to the new process; where a load balancer is in front, " + f.Remedies[0].Setting + "; a longer grace period does not help"
	} else {
		f.Evidence = append(f.Evidence, "the address refused connections from then on")
		f.Remedies[0].Setting += "; a longer grace period does not help"
	}
	switch s.run.Settings.Method {
	case "GET", "HEAD", "OPTIONS", "DELETE", "TRACE":
	default:
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "cannot tell whether processes had begun to read them: the kernel also resets a connection of which a part of the request body is unread when its process exits")
	}
	return f
}
