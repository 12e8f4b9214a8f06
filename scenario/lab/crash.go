package lab

import (
	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// Err reports children that ended before they were told to; nil if none did.
func (f *Fleet) Err() error {
	var errs []error
	for _, p := range f.processes() {
		errs = append(errs, p.crash())
	}
	return scenario.Joined(errs...)
}

// Watch calls mark for every child that ends unexpectedly before Stop, one call
// at a time.
func (f *Fleet) Watch(mark func(scenario.Moment)) {
	emit := serialised(mark)
	processes := f.processes()
	f.mu.Lock()
	f.watch = emit
	f.mu.Unlock()
	for _, p := range processes {
		go watchCrash(p, emit)
	}
}

func watchCrash(p *process, emit func(scenario.Moment)) {
	<-p.exited
	if p.crashed {
		emit(scenario.Moment{Kind: record.MarkCrashed, Endpoint: p.name, At: p.exitedAt, Err: p.failure()})
	}
}
