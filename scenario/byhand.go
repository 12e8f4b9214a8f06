package scenario

import (
	"os"
	"os/signal"
	"sync"
	"time"

	"nodrop/loadgen/record"
)

// HandMark is the name of a mark that was set by hand.
const HandMark = "marked by hand (SIGUSR1)"

// ByHand sets a mark in every load under way when the process gets SIGUSR1: for
// an action that only a person can do, in a console elsewhere. It is a step's
// mark, so that losses are told in relation to it. Windows has no such signal.
type ByHand struct {
	Ignored func() // called for a signal that met no load

	mu    sync.Mutex // guards loads
	loads []Watched
}

// Listen takes the signal until the function it returns is called, which sees to
// those that have come. Without it, the signal would end the process.
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

// Watch marks these loads from here on, until the function it returns is called.
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
	if len(h.loads) == 0 {
		h.Ignored()
		return
	}
	for _, load := range h.loads {
		since := load.Since(at)
		load.Mark(record.Mark{Kind: record.MarkStep, Name: HandMark, Start: since, End: since})
	}
}
