package scenario

import (
	"testing"
	"time"

	"nodrop/loadgen/record"
)

// watched is a load that stands still.
type watched struct {
	progress record.Progress
	marks    record.Marks
}

func (w *watched) Progress() record.Progress { return w.progress }
func (w *watched) Warnings() []string        { return nil }
func (w *watched) Marks() *record.Marks      { return &w.marks }
func (w *watched) Since(time.Time) int64     { return 7 }

// TestByHand: a mark by hand goes to every load with something to lose. To one
// that is over it would look like an event that outlasted the load.
func TestByHand(t *testing.T) {
	running := &watched{progress: record.Progress{Started: 9, Finished: 9}}
	draining := &watched{progress: record.Progress{Started: 9, Finished: 8, Over: true}}
	over := &watched{progress: record.Progress{Started: 9, Finished: 9, Over: true}}
	ignored := 0
	h := &ByHand{Ignored: func() { ignored++ }}
	h.mark(time.Now())
	stop := h.Watch([]Watched{running, draining, over})
	h.mark(time.Now())
	stop()
	h.set([]Watched{over})
	h.mark(time.Now())
	if ignored != 2 {
		t.Errorf("%d signals ignored; want 2", ignored)
	}
	for name, tc := range map[string]struct {
		load *watched
		want int
	}{"running": {running, 1}, "draining": {draining, 1}, "over": {over, 0}} {
		if marks := tc.load.marks.List(); len(marks) != tc.want || tc.want == 1 && (marks[0].Kind != record.MarkStep || marks[0].Start != 7) {
			t.Errorf("%s: marks %+v; want %d", name, marks, tc.want)
		}
	}
}
