package scenario

import (
	"context"
	"errors"
	"sync"
	"time"

	"nodrop/loadgen"
)

// pollEvery is how often the timeline looks how far the load is.
const pollEvery = time.Millisecond

var errLoadOver = errors.New("the load was over before the step was due")

// timeline fires steps beside one load, and keeps the marks.
type timeline struct {
	steps  []Step
	settle time.Duration
	acted  []Action // whose Run was called; read after run has returned

	mu    sync.Mutex // guards all below
	load  *loadgen.Load
	early []earlyMark // made before the load's clock was known
	marks []loadgen.Mark
}

type earlyMark struct {
	mark loadgen.Mark
	at   time.Time
}

func newTimeline(steps []Step, settle time.Duration) *timeline {
	return &timeline{steps: steps, settle: settle}
}

// run fires each step when it is due, one after the other, and lets a held
// load go when the last is done and has settled.
func (t *timeline) run(ctx context.Context, load *loadgen.Load, env *Env) {
	defer load.Release()
	<-load.Started()
	t.mu.Lock()
	t.load = load
	t.mu.Unlock()
	for _, s := range t.steps {
		due := s.At.await(ctx, load)
		began := time.Now()
		err := errLoadOver
		if ctx.Err() != nil {
			return
		}
		if due {
			t.acted = append(t.acted, s.Action)
			err = s.Action.Run(ctx, env)
		}
		t.step(s, began, err)
		if err != nil {
			return
		}
	}
	sleep(ctx, t.settle)
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// step records a step's own mark.
func (t *timeline) step(s Step, began time.Time, err error) {
	m := loadgen.Mark{Kind: loadgen.MarkStep, Name: s.Name, Start: t.load.Since(began), End: t.load.Since(time.Now())}
	switch {
	case errors.Is(err, context.Canceled):
		m.Error = "interrupted"
	case err != nil:
		m.Error = err.Error()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marks = append(t.marks, m)
}

// mark records a moment in the life of one endpoint.
func (t *timeline) mark(kind loadgen.MarkKind, endpoint string, at time.Time, err error) {
	m := loadgen.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint}
	if err != nil {
		m.Error = err.Error()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.load == nil {
		t.early = append(t.early, earlyMark{m, at})
		return
	}
	m.Start = t.load.Since(at)
	m.End = m.Start
	t.marks = append(t.marks, m)
}

// finish returns all marks on the load's clock.
func (t *timeline) finish() []loadgen.Mark {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.early {
		e.mark.Start = t.load.Since(e.at)
		e.mark.End = e.mark.Start
		t.marks = append(t.marks, e.mark)
	}
	t.early = nil
	return t.marks
}
