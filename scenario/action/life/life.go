// Package life marks the life of a process that a scenario started: when it
// serves, when its listener closes, and when it exits.
//
// The marks name the process and have the address at which it serves, so that a
// report can relate the losses at that address to them. When a listener closed,
// nodrop asks the kernel, not the process; that is possible on Linux only.
//
// The invariant: the last mark of a life is there before the process counts as
// ended, and none comes after Silence.
package life

import (
	"net/netip"
	"sync"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// Life marks the life of one process.
type Life struct {
	name      string
	processes *proc.Group
	over      chan struct{} // closed when the process has exited
	exited    time.Time     // when the exit was seen to have closed the listener; its watch sets it

	mu      sync.Mutex            // guards all below, and is held while a mark is made
	mark    func(scenario.Moment) // nil once silent
	address string                // where it serves; "" if not known
	ended   bool
	watched chan struct{} // closed when nobody watches the listener any more; nil if nobody ever did
}

// New returns the life of the process with this name, which is one of
// processes.
func New(name string, processes *proc.Group, mark func(scenario.Moment)) *Life {
	return &Life{name: name, processes: processes, mark: mark, over: make(chan struct{})}
}

// Silence ends the marks: what comes now is part of the clean-up.
func (l *Life) Silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark = nil
}

// Ready marks that the process serves since a time, and watches its listener
// from now on. The address is not valid if it is not known where it serves. If
// another process of the scenario, such as a gateway, listens there, the process
// is behind that one, and the kernel is asked where it listens itself.
func (l *Life) Ready(p *proc.Process, addr netip.AddrPort, at time.Time) {
	if addr.IsValid() && l.processes.Rival(p, addr) != nil {
		addr, _ = proc.ListensAt(p.PID())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if addr.IsValid() {
		l.address = addr.String()
	}
	l.add(scenario.Moment{Kind: record.MarkReady, At: at})
	if l.ended || !addr.IsValid() {
		return
	}
	probe, err := proc.NewListenerProbe(addr)
	if err != nil {
		return
	}
	if listens, err := probe.Listens(); err != nil || !listens { // it serves in another namespace, or elsewhere
		probe.Close()
		return
	}
	l.watched = make(chan struct{})
	go l.watch(&listener{life: l, process: p, addr: addr, probe: probe, open: true})
}

// End marks the exit of the process. It is a crash if nobody had asked for it,
// unless the exit code is 0: an admin endpoint may have stopped the process.
func (l *Life) End(p *proc.Process) {
	l.mu.Lock()
	l.ended = true
	watched := l.watched
	l.mu.Unlock()
	close(l.over)
	if watched != nil {
		<-watched
	}
	m := scenario.Moment{Kind: record.MarkExited, At: p.EndedAt}
	if watched != nil && !l.exited.IsZero() {
		m.At = l.exited // on a busy machine, long before it was waited for
	}
	if !p.Asked() && p.Err != nil {
		m.Kind, m.Err = record.MarkCrashed, p.Err
	}
	l.say(m)
}

// say makes a mark about the process.
func (l *Life) say(m scenario.Moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(m)
}

// add is say for callers that hold the lock.
func (l *Life) add(m scenario.Moment) {
	if l.mark != nil {
		m.Endpoint, m.Address = l.name, l.address
		l.mark(m)
	}
}
