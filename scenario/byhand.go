package scenario

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"

	"nodrop/loadgen/record"
)

// HandMark is the name of a mark that the user set with SIGUSR1.
const HandMark = "marked by hand (SIGUSR1)"

// handEvent is the name of the event that begins with the first mark of Add.
const handEvent = "marked by hand (nodrop mark)"

// MaxHandMarks is how many marks Add accepts in one run. It bounds the size of a
// recording.
const MaxHandMarks = 10_000

// The errors of Add if no load is under way.
var (
	errNotBegun = errors.New("the load has not begun")
	errLoadPast = errors.New("the load is over")
)

// ByHand adds marks that do not come from nodrop itself to every running load:
// for actions that a person takes elsewhere, such as in a web console, and for
// what scripts know of endpoints.
//
// When the process receives SIGUSR1, it adds a mark of kind step, so the report
// relates losses to it. Windows has no such signal.
type ByHand struct {
	Ignored func() // called for a signal while no load runs
	// Alone, set before Watch, says that no step runs beside the loads. The first
	// mark of Add is then the beginning of the event.
	Alone bool

	mu    sync.Mutex // guards all below
	loads []Watched
	begun bool // Watch was called
	added int  // marks of Add since then
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
	h.begun = h.begun || loads != nil
	h.loads, h.added = loads, 0
}

// Add adds a mark of something that was seen to happen at a time. It is an error
// if no load is under way.
func (h *ByHand) Add(mark record.Mark, at time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := []record.Mark{mark}
	if h.Alone && h.added == 0 {
		list = []record.Mark{{Kind: record.MarkStep, Name: handEvent}, mark}
	}
	switch {
	case !h.begun:
		return errNotBegun
	case h.added >= MaxHandMarks:
		return fmt.Errorf("one run takes at most %d marks by hand", MaxHandMarks)
	case !h.addAll(list, at):
		return errLoadPast
	}
	h.added++
	return nil
}

func (h *ByHand) mark(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.addAll([]record.Mark{{Kind: record.MarkStep, Name: HandMark}}, at) {
		h.Ignored()
	}
}

// addAll adds marks without times to every load under way, and reports whether
// there is one. The caller must hold the lock.
func (h *ByHand) addAll(list []record.Mark, at time.Time) (marked bool) {
	for _, load := range h.loads {
		if p := load.Progress(); p.Over && p.Started == p.Finished {
			continue // the report would take the mark for an event that outlasted the load
		}
		since := load.Since(at)
		for _, mark := range list {
			mark.Start, mark.End = since, since
			load.Marks().Add(mark)
		}
		marked = true
	}
	return marked
}
