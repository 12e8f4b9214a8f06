package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
)

// pollEvery is how often the timeline checks the progress of the loads.
const pollEvery = time.Millisecond

var errLoadOver = errors.New("the load was over before the step was due")

// timeline runs steps beside the loads of one attempt, and collects the marks.
type timeline struct {
	steps  []Step
	settle time.Duration
	place  map[string]int // index of each step, by name
	done   *changes

	mu      sync.Mutex // guards all below
	moments []interval
	ended   []time.Time // when each step ended; zero until then
	failed  string      // the first step that failed or was never due
	hinted  []error     // errors of steps that carry a hint
}

// interval is a mark with wall-clock times, before they are converted to the
// clock of a run.
type interval struct {
	mark       record.Mark
	start, end time.Time
}

func newTimeline(steps []Step, settle time.Duration, done *changes) *timeline {
	place := map[string]int{}
	for i, step := range slices.Backward(steps) {
		place[step.Name] = i
	}
	return &timeline{steps: steps, settle: settle, place: place, done: done, ended: make([]time.Time, len(steps))}
}

// run starts each step when it is due. When the last step has ended and
// settled, it releases held loads. It returns when no step is running.
func (t *timeline) run(ctx context.Context, streams []Stream, loads []*loadgen.Load, env *Env) {
	defer func() {
		for _, load := range loads {
			load.Release()
		}
	}()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var acting sync.WaitGroup
	waiting := make([]int, len(t.steps))
	for i := range waiting {
		waiting[i] = i
	}
	for ctx.Err() == nil {
		waiting = slices.DeleteFunc(waiting, func(i int) bool {
			s := t.steps[i]
			due, never := t.due(s, loadOf(s, streams, loads))
			switch {
			case due:
				act := t.done.begin(s.Name, s.Action)
				acting.Go(func() { t.finish(i, time.Now(), act(ctx, env)) })
			case never != nil:
				t.finish(i, time.Now(), never)
			}
			return due || never != nil
		})
		if len(waiting) == 0 {
			break
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	acting.Wait()
	Sleep(ctx, t.settle) // ends early if the run does
}

func loadOf(s Step, streams []Stream, loads []*loadgen.Load) *loadgen.Load {
	if i := slices.IndexFunc(streams, func(o Stream) bool { return s.Stream == o.Name }); i >= 0 {
		return loads[i]
	}
	return loads[0]
}

func (t *timeline) due(s Step, load *loadgen.Load) (due bool, never error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.failed != "":
		return false, fmt.Errorf("not done, as %s was not", t.failed)
	case s.After == "" && s.At.Due(load.Progress()), s.After != "" && t.endedFor(s.After, s.Delay):
		return true, nil
	}
	select {
	case <-load.Over():
		return false, errLoadOver
	default:
		return false, nil
	}
}

// The caller must hold the lock.
func (t *timeline) endedFor(name string, d time.Duration) bool {
	i := t.place[name]
	return !t.ended[i].IsZero() && time.Since(t.ended[i]) >= d
}

// finish records a step's end and adds its mark.
func (t *timeline) finish(i int, began time.Time, err error) {
	m := record.Mark{Kind: record.MarkStep, Name: t.steps[i].Name}
	if err != nil {
		m.Error = inWords(err).Error()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended[i] = time.Now()
	t.moments = append(t.moments, interval{m, began, t.ended[i]})
	if _, ok := errors.AsType[*misuse.Error](err); ok {
		t.hinted = append(t.hinted, err)
	}
	if err != nil && t.failed == "" {
		t.failed = t.steps[i].Name
	}
}

func (t *timeline) mark(m Moment) {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := m.Since
	if since.IsZero() {
		since = m.At
	}
	t.moments = append(t.moments, interval{m.Mark(), since, m.At})
}

// marksOn returns all marks, with times on the clock of a load that has run.
func (t *timeline) marksOn(load *loadgen.Load) []record.Mark {
	t.mu.Lock()
	defer t.mu.Unlock()
	marks := make([]record.Mark, len(t.moments))
	for i, m := range t.moments {
		marks[i] = m.mark
		marks[i].Start, marks[i].End = load.Since(m.start), load.Since(m.end)
	}
	return marks
}
