package lab

import (
	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// Err reports children that ended before they were told to; nil if none did.
func (f *Fleet) Err() error {
	var errs []error
	for _, m := range f.watched() {
		errs = append(errs, m.crash())
	}
	return scenario.Joined(errs...)
}

// Watch calls mark for every child that ends unexpectedly before Stop, one call
// at a time.
func (f *Fleet) Watch(mark func(scenario.Moment)) {
	emit := serialised(mark)
	watched := f.watched()
	f.mu.Lock()
	f.watch = emit
	f.mu.Unlock()
	for _, m := range watched {
		go f.watchCrash(m, emit)
	}
}

// watched returns the guardian, whose end would leave the fleet unguarded, and
// every member.
func (f *Fleet) watched() []*member {
	return append([]*member{{Process: f.guardian}}, f.members()...)
}

// watchCrash watches until the fleet has been stopped: the guardian may outlive
// it.
func (f *Fleet) watchCrash(m *member, emit func(scenario.Moment)) {
	select {
	case <-m.Ended:
	case <-f.stopped:
	}
	if !m.Alive() && m.Crashed() {
		emit(scenario.Moment{Kind: record.MarkCrashed, Endpoint: m.Name, At: m.EndedAt, Err: m.failure()})
	}
}
