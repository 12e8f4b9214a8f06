package scenario

import (
	"os"
	"os/signal"
	"sync"
	"time"

	"nodrop/loadgen/record"
)

// HandMark is the name of a mark that the user set with SIGUSR1.
const HandMark = "marked by hand (SIGUSR1)"

// ByHand adds a mark to every running load when the process receives SIGUSR1,
// for actions that a person takes elsewhere, such as in a web console. The mark
// is of kind step, so the report relates losses to it. Windows has no such
// signal.
type ByHand struct {
	Ignored func() // called for a signal while no load runs

	mu    sync.Mutex // guards loads
	loads []Watched
}

// Listen handles the signal until the function it returns is called, which
// first handles signals already received. Without Listen, the signal would end
// the process.
func (h *ByHand) Listen() (stop func()) {
	if len(handSignals) == 0 {
		return func() {}
	}
	signals, done := make(chan os.Signal, 16), make(chan struct{})
	signal.Notify(signals, handSignals...)
	go func() {
		defer close(done)
		for range signals {
			h.mark(time.Now())
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
		<-done
	}
}

// Watch directs marks to these loads until the function it returns is called.
func (h *ByHand) Watch(loads []Watched) (stop func()) {
	h.set(loads)
	return func() { h.set(nil) }
}

func (h *ByHand) set(loads []Watched) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loads = loads
}

func (h *ByHand) mark(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	marked := false
	for _, load := range h.loads {
		if p := load.Progress(); p.Over && p.Started == p.Finished {
			continue // the report would take the mark for an event that outlasted the load
		}
		since := load.Since(at)
		load.Marks().Add(record.Mark{Kind: record.MarkStep, Name: HandMark, Start: since, End: since})
		marked = true
	}
	if !marked {
		h.Ignored()
	}
}
