package scenario

import (
	"errors"
	"slices"
	"testing"
	"time"

	"nodrop/loadgen/record"
)

// watched is a load that stands still.
type watched struct {
	progress record.Progress
	marks    record.Marks
}

func (w *watched) Settings() record.Settings { return record.Settings{} }
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

// TestByHandAdd: marks from outside go to the loads under way, at most so many in
// one run. Without a step, the first one begins an event.
func TestByHandAdd(t *testing.T) {
	mark := record.Mark{Kind: record.MarkExited, Name: "replica a exited", Endpoint: "a"}
	kinds := func(w *watched) (list []record.MarkKind) {
		for _, m := range w.marks.List() {
			if m.Start != 7 || m.End != 7 {
				t.Errorf("%+v; want it at 7", m)
			}
			list = append(list, m.Kind)
		}
		return list
	}
	over := &watched{progress: record.Progress{Started: 9, Finished: 9, Over: true}}
	for name, tc := range map[string]struct {
		alone bool
		want  []record.MarkKind
	}{
		"beside steps": {false, []record.MarkKind{record.MarkExited, record.MarkExited}},
		"alone":        {true, []record.MarkKind{record.MarkStep, record.MarkExited, record.MarkExited}},
	} {
		running := &watched{progress: record.Progress{Started: 9, Finished: 9}}
		h := &ByHand{Alone: tc.alone}
		if err := h.Add(mark, time.Now()); !errors.Is(err, errNotBegun) {
			t.Errorf("%s: got %v before the load", name, err)
		}
		stop := h.Watch([]Watched{running, over})
		for range 2 {
			if err := h.Add(mark, time.Now()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		h.added = MaxHandMarks
		if err := h.Add(mark, time.Now()); err == nil {
			t.Errorf("%s: more than %d marks are accepted", name, MaxHandMarks)
		}
		stop()
		if err := h.Add(mark, time.Now()); !errors.Is(err, errLoadPast) {
			t.Errorf("%s: got %v after the load", name, err)
		}
		h.Watch([]Watched{over})
		if err := h.Add(mark, time.Now()); !errors.Is(err, errLoadPast) {
			t.Errorf("%s: got %v once the load is over", name, err)
		}
		if got := kinds(running); !slices.Equal(got, tc.want) {
			t.Errorf("%s: marks %v; want %v", name, got, tc.want)
		}
	}
	if marks := over.marks.List(); len(marks) > 0 {
		t.Errorf("a load that is over has marks %+v", marks)
	}
}
