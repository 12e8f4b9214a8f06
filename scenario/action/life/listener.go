package life

import (
	"net/netip"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// How often the kernel is asked whether a process still listens: before anybody
// has asked the process to exit, and then. A mark is late by at most this much.
const (
	calmPoll    = 10 * time.Millisecond
	leavingPoll = time.Millisecond
)

// listener is the listening socket at the address of a process.
type listener struct {
	life    *Life
	process *proc.Process
	addr    netip.AddrPort
	probe   *proc.ListenerProbe
	open    bool // it was when the kernel was last asked
}

// watch marks when the listener closes, until the process has exited. If it
// opens again, as when a server is reloaded, the process is ready again.
func (l *Life) watch(s *listener) {
	defer close(l.watched)
	defer s.probe.Close()
	tick := time.NewTicker(calmPoll)
	defer tick.Stop()
	for leaving := s.process.Leaving(); ; {
		select {
		case <-tick.C:
			if !s.look() {
				return
			}
		case <-leaving:
			leaving = nil // a nil channel never delivers
			tick.Reset(leavingPoll)
		case <-l.over:
			if s.open {
				s.look()
			}
			return
		}
	}
}

// look asks the kernel, and marks a change. It reports whether the listener is
// still to be watched.
func (s *listener) look() bool {
	listens, err := s.probe.Listens()
	at := time.Now()
	switch {
	case err != nil:
		return false
	case listens == s.open:
		return true
	case listens && !s.own():
		return false // the address now belongs to another process
	case !listens && s.process.Gone():
		if !s.process.Asked() {
			return false // it has crashed: that is all there is to mark
		}
		at = s.exited(at)
	case !listens && proc.IsExiting(s.process.PID()):
		s.exited(at)
		return true // whether it crashes is known later
	}
	s.open = listens
	kind := record.MarkListenerClosed
	if listens {
		kind = record.MarkReady
	}
	s.life.say(scenario.Moment{Kind: kind, At: at})
	return true
}

// exited returns when the exit closed the listener, which was seen to be closed
// at a time: the kernel closes what a process has open before the exit is over.
func (s *listener) exited(seen time.Time) time.Time {
	l := s.life
	if l.exited.IsZero() {
		l.exited = seen
	}
	if s.process.Gone() && l.exited.After(s.process.EndedAt) {
		l.exited = s.process.EndedAt
	}
	return l.exited
}

// own reports whether it is the process that listens, not a successor and not a
// foreign program.
func (s *listener) own() bool {
	h, err := s.life.processes.HolderOf(s.addr)
	return err == nil && h != nil && h.Ours && s.life.processes.Rival(s.process, s.addr) == nil
}
