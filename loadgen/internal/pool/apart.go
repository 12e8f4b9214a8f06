package pool

import (
	"context"
	"sync"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/record"
)

// apart is a set of workers that continue requests which another engine began.
type apart struct {
	job       *engine.Job
	lingering lingering
	sessions  sessions

	mu      sync.Mutex // guards what follows
	busy    map[*worker]struct{}
	aborted bool
}

// NewHandoff returns the Handoff for requests that another engine cannot
// continue.
func NewHandoff(j *engine.Job) engine.Handoff {
	a := &apart{job: j, lingering: lingering{most: j.Lingering}, busy: map[*worker]struct{}{}}
	a.sessions.job, a.sessions.lingering = j, &a.lingering
	return a
}

// Follower returns a worker in place of one of the other engine's.
func (a *apart) Follower(i int, made *int64, tally *record.Tally) engine.Follower {
	f := &follower{apart: a}
	f.worker.init(a.job, &a.lingering, &a.sessions, i, made, tally)
	return f
}

// Abort ends the requests in flight, which are counted as aborted.
func (a *apart) Abort() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.aborted = true
	for w := range a.busy {
		w.abort()
	}
}

// Wait returns when no connection is left open for its peer to close.
func (a *apart) Wait() {
	a.sessions.close()
	a.lingering.wait()
}

func (a *apart) enter(w *worker) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.busy[w] = struct{}{}
	if a.aborted {
		w.abort()
	}
}

func (a *apart) exit(w *worker) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.busy, w)
}

type follower struct {
	apart  *apart
	worker worker
}

// Follow continues r, and closes the connection that it used.
func (f *follower) Follow(ctx context.Context, r *record.Result, next *engine.Hop, followed int) *record.Result {
	f.apart.enter(&f.worker)
	defer f.apart.exit(&f.worker)
	x := &f.worker.exchange
	x.result = *r
	x.follow(ctx, next, followed)
	x.close()
	return &x.result
}
