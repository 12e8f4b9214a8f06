package scenario

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
)

// pollEvery is how often the timeline checks the progress of the loads.
const pollEvery = time.Millisecond

var errLoadOver = errors.New("the load ended before the step was due")

// timeline runs steps beside the loads of one attempt, and collects the marks.
type timeline struct {
	steps  []Step
	settle time.Duration
	place  map[string]int // index of each step, by name
	done   *changes
	begin  time.Time    // when the attempt began
	marks  record.Marks // on a clock that starts at begin

	mu     sync.Mutex  // guards all below
	last   time.Time   // when the last mark of the event ended
	ended  []time.Time // when each step ended; zero until then
	failed string      // the first step that failed or was never due
	hinted []error     // errors of steps that carry a hint
}

func newTimeline(steps []Step, settle time.Duration, done *changes) *timeline {
	place := map[string]int{}
	for i, step := range slices.Backward(steps) {
		place[step.Name] = i
	}
	return &timeline{steps: steps, settle: settle, place: place, done: done, begin: time.Now(), ended: make([]time.Time, len(steps))}
}

// run starts each step when it is due. When the last step has ended and the event
// has settled, it releases held loads. It returns when no step is running.
func (t *timeline) run(ctx context.Context, streams []Stream, loads []Load, env *Env) {
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
				ended := t.done.watch.act(PhaseStep, s.Name)
				acting.Go(func() {
					began := time.Now()
					err := act(ctx, env)
					ended()
					t.finish(i, began, err, saidBy(s.Action))
				})
			case never != nil:
				t.finish(i, time.Now(), never, nil)
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
	t.rest(ctx)
}

// maxSettles bounds how long marks can keep the load running, in settle times: a
// pod that keeps restarting has marks for ever.
const maxSettles = 10

// rest returns when the settle time has passed since the last mark: the event is
// not over with its steps. A new pod becomes ready, for instance, long after an
// eviction. It returns early if the run ends.
func (t *timeline) rest(ctx context.Context) {
	ended := time.Now()
	limit := ended.Add(maxSettles * t.settle)
	for {
		until := ended
		t.mu.Lock()
		if t.last.After(ended) {
			until = t.last
		}
		t.mu.Unlock()
		if until = until.Add(t.settle); until.After(limit) {
			until = limit
		}
		if !time.Now().Before(until) || !Sleep(ctx, time.Until(until)) {
			return
		}
	}
}

func loadOf(s Step, streams []Stream, loads []Load) Load {
	if i := slices.IndexFunc(streams, func(o Stream) bool { return s.Stream == o.Name }); i >= 0 {
		return loads[i]
	}
	return loads[0]
}

func (t *timeline) due(s Step, load Load) (due bool, never error) {
	p := load.Progress()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.failed != "":
		return false, fmt.Errorf("skipped: %s did not succeed", t.failed)
	case s.After == "" && s.At.Due(p), s.After != "" && t.endedFor(s.After, s.Delay):
		return true, nil
	case p.Over:
		return false, errLoadOver
	}
	return false, nil
}

// The caller must hold the lock.
func (t *timeline) endedFor(name string, d time.Duration) bool {
	i := t.place[name]
	return !t.ended[i].IsZero() && time.Since(t.ended[i]) >= d
}

// finish records a step's end and adds its mark. output has the last lines that
// its command printed.
func (t *timeline) finish(i int, began time.Time, err error, output []string) {
	m := record.Mark{Kind: record.MarkStep, Name: t.steps[i].Name, Output: output}
	if r, ok := t.steps[i].Action.(Remover); ok {
		m.Removes = r.Removes()
	}
	if err != nil {
		m.Error = inWords(err).Error()
	}
	ended := time.Now()
	t.addMark(m, began, ended)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended[i] = ended
	if _, ok := errors.AsType[*misuse.Error](err); ok {
		t.hinted = append(t.hinted, err)
	}
	if err != nil && t.failed == "" {
		t.failed = t.steps[i].Name
	}
}

func (t *timeline) mark(m Moment) {
	since := m.Since
	if since.IsZero() {
		since = m.At
	}
	t.addMark(m.Mark(), since, m.At)
}

func (t *timeline) addMark(m record.Mark, start, end time.Time) {
	if m.Kind != record.MarkNote && m.Kind != record.MarkCrashed {
		t.mu.Lock()
		if end.After(t.last) {
			t.last = end
		}
		t.mu.Unlock()
	}
	m.Start, m.End = start.Sub(t.begin).Nanoseconds(), end.Sub(t.begin).Nanoseconds()
	t.marks.Add(m)
}

// markOn adds all marks to the run of a load that has started: those so far, and
// each later one as it comes.
func (t *timeline) markOn(load Load, mask func(string) string) {
	ahead := load.Since(t.begin)
	t.marks.Each(func(m record.Mark) {
		m.Start, m.End = m.Start+ahead, m.End+ahead
		m.Name, m.Error = mask(m.Name), mask(m.Error)
		if m.Shutdown != nil {
			how := *m.Shutdown
			how.PreStop = mask(how.PreStop)
			m.Shutdown = &how
		}
		m.Output = slices.Clone(m.Output) // another load has the same lines
		for i, line := range m.Output {
			m.Output[i] = mask(line)
		}
		load.Marks().Add(m)
	})
}
