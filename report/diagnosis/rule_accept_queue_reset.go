package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// acceptQueueReset: no process had accepted the connection when the listener
// closed.
type acceptQueueReset struct{}

// matches takes what marks show. Without them, so many fresh connections reset
// at once must have been queued. A process may have exited at that instant: the
// listener closes with the last process that has it open. Marks may tell of an
// earlier one, but if refusals begin only then, it was open until then.
func (a acceptQueueReset) matches(s *observed.Observation, l *record.LostRequest) bool {
	if a.marked(s, l) {
		return true
	}
	b := s.Shapes.BurstOf(l)
	if b == nil || !b.Queued() {
		return false
	}
	own := s.LifecycleOf(l)
	closed := !b.Refused && own != nil && own.ListenerClosed != analysis.Unknown && !analysis.Within(l.End, own.ListenerClosed, own.ListenerClosed)
	killed := own != nil && analysis.Within(l.End, own.Killed, own.Killed)
	return !closed && !killed && len(s.Killers(l)) == 0
}

// marked reports whether marks show that the listener closed, and that its
// process was not killed and did not exit at that time.
func (acceptQueueReset) marked(s *observed.Observation, l *record.LostRequest) bool {
	own := s.LifecycleOf(l)
	return s.Shapes.Fresh(l) && l.Class.Cause() == record.CauseReset && (analysis.Unresponded(l.Class) || l.Class.Stage() == record.StageTLS) &&
		own != nil && analysis.Within(l.End, own.ListenerClosed, own.ListenerClosed) &&
		!analysis.Within(l.End, own.Exited, own.Exited) && !analysis.Within(l.End, own.Killed, own.Killed)
}

func (a acceptQueueReset) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "connection was", "connections were") + " reset in the accept queue when the listener closed",
		Confidence: Likely,
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Settings:   []record.Remedy{{Object: "Linux", Setting: "net.ipv4.tcp_migrate_req", Value: "1"}},
	}
	var marked, refused, accepted int
	strange := false // accepted again, and no mark shows that a process is there
	for _, l := range e.Lost {
		switch {
		case a.marked(s, l):
			marked++
		case s.Shapes.BurstOf(l).Refused:
			refused++
		default:
			accepted++
			strange = strange || !s.Named(l)
		}
	}
	f.Remedies = handOver(accepted > 0)
	if marked > 0 {
		f.Evidence = append(f.Evidence, "they were established, but no process had accepted them when a mark shows that the listener closed; no mark shows an exit at that time")
	}
	if refused+accepted > 0 {
		f.Evidence = append(f.Evidence, "they were new, were reset at one instant, and had received nothing; no connection was closed in the regular way at that instant, as those are whose request a process has read")
	}
	if refused > 0 {
		f.Evidence = append(f.Evidence, "the address refused connections from then on")
	}
	if accepted > 0 {
		f.Evidence = append(f.Evidence, "the address accepted connections right after that: another process, or another replica behind it, was listening")
	}
	if strange {
		f.Confidence = CannotTell
		f.Title = phrase.Counted(int64(len(e.Lost)), "new connection was", "new connections were") + " reset at one instant, perhaps in the accept queue of a listener that closed"
		f.Evidence = append(f.Evidence, "cannot tell whether a load balancer or a firewall reset them instead: no mark shows that a process listens at that address")
	}
	switch s.Run.Settings.Method {
	case "GET", "HEAD", "OPTIONS", "DELETE", "TRACE":
	default:
		if refused+accepted > 0 {
			f.Confidence = CannotTell
			f.Evidence = append(f.Evidence, "cannot tell whether processes had begun to read them: the kernel also resets a connection of which a part of the request body is unread when its process exits")
		}
	}
	return f
}

// handOver returns what keeps the connections in an accept queue. again: something
// accepted connections at the address right after that.
func handOver(again bool) []Remedy {
	leave := "before closing the listener, wait until the load balancer has removed the endpoint, and accept what is queued; a longer grace period does not help"
	if again {
		leave = "hand the listening socket over to the new process; where a load balancer is in front, " + leave
	}
	return []Remedy{
		{"any", leave},
		{"Linux", "with several listeners on one port (SO_REUSEPORT), net.ipv4.tcp_migrate_req=1 moves the queued connections to another listener"},
		{"HAProxy", "hand the listening sockets over on a reload: master-worker mode, or -x with expose-fd listeners on the stats socket"},
		{"systemd", "socket activation (a .socket unit) keeps the listening socket open while the service restarts"},
	}
}
