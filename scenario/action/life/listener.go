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
			if !s.look(time.Now) {
				return
			}
		case <-leaving:
			leaving = nil // a nil channel never delivers
			tick.Reset(leavingPoll)
		case <-l.over:
			// The kernel closes what the process had open as it exits.
			if s.open {
				s.look(func() time.Time { return s.process.EndedAt })
			}
			return
		}
	}
}

// look asks the kernel, and marks a change at the time that at returns. It
// reports whether the listener is still to be watched.
func (s *listener) look(at func() time.Time) bool {
	listens, err := s.probe.Listens()
	switch {
	case err != nil:
		return false
	case listens == s.open:
		return true
	case listens && !s.own():
		return false // the address now belongs to another process
	}
	s.open = listens
	kind := record.MarkListenerClosed
	if listens {
		kind = record.MarkReady
	}
	s.life.say(scenario.Moment{Kind: kind, At: at()})
	return true
}

// own reports whether it is the process that listens, not a successor and not a
// foreign program.
func (s *listener) own() bool {
	h, err := s.life.processes.HolderOf(s.addr)
	return err == nil && h != nil && h.Ours && s.life.processes.Rival(s.process, s.addr) == nil
}
