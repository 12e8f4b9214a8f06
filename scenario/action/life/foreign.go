package life

import (
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// Foreign marks what happens to a process that the scenario did not start.
type Foreign struct {
	name    string
	mark    func(scenario.Moment)
	address string              // where it serves; "" if not known
	probe   *proc.ListenerProbe // nil once the listener is closed, or if it is not known
}

// Watch returns the process with this id. name is for its marks. It must be
// closed.
func Watch(name string, pid int, mark func(scenario.Moment)) *Foreign {
	f := &Foreign{name: name, mark: mark}
	addr, known := proc.ListensAt(pid)
	if !known {
		return f
	}
	f.address = addr.String()
	if probe, err := proc.NewListenerProbe(addr); err == nil {
		f.probe = probe
	}
	return f
}

// Mark makes a mark about the process.
func (f *Foreign) Mark(kind record.MarkKind, at time.Time) {
	f.mark(scenario.Moment{Kind: kind, Endpoint: f.name, Address: f.address, At: at})
}

// Look asks the kernel whether the listener has closed, and marks that once.
func (f *Foreign) Look() {
	if f.probe == nil {
		return
	}
	switch listens, err := f.probe.Listens(); {
	case err != nil:
		f.Close()
	case !listens:
		f.Close()
		f.Mark(record.MarkListenerClosed, time.Now())
	}
}

// Close ends the watch.
func (f *Foreign) Close() {
	if f.probe != nil {
		f.probe.Close()
		f.probe = nil
	}
}
