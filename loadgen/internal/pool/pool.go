package pool

import (
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// pool is the engine that works everywhere: one goroutine per worker, each with
// its own connections.
type pool struct {
	job       *engine.Job
	workers   []worker
	lingering lingering
	sessions  sessions
}

// New returns the engine for a job.
func New(j *engine.Job) engine.Engine { return newPool(j) }

func newPool(j *engine.Job) *pool {
	p := &pool{job: j, workers: make([]worker, j.Workers), lingering: lingering{most: j.Lingering}}
	p.sessions.job, p.sessions.lingering = j, &p.lingering
	for i := range p.workers {
		tally := j.Recorder.Shards[i%len(j.Recorder.Shards)]
		p.workers[i].init(j, &p.lingering, &p.sessions, i, new(int64), tally)
	}
	return p
}

// Run returns when no request is in flight and none will be started. over is
// when the last request ended, in ns from the run's start.
func (p *pool) Run(ctx context.Context) (over int64) {
	var group errgroup.Group
	for i := range p.workers {
		w := &p.workers[i]
		group.Go(func() error {
			w.run(ctx)
			return nil
		})
	}
	_ = group.Wait() // workers return no errors: a failure is a Result
	over = p.job.Since(time.Now())
	p.sessions.close()
	p.lingering.wait()
	return over
}

// Abort ends the requests in flight, which are counted as aborted.
func (p *pool) Abort() {
	for i := range p.workers {
		p.workers[i].abort()
	}
}

type worker struct {
	job       *engine.Job
	lingering *lingering // shared by all workers, as are the sessions
	sessions  *sessions
	shard     *record.Tally
	index     int
	made      *int64 // connections so far
	exchange  exchange
	timer     *time.Timer // nil until the worker first waits
	allowance allowance   // of the current request or connection attempt

	interrupted chan struct{} // closed by abort

	mu      sync.Mutex // guards current and aborted
	current net.Conn
	aborted bool
}

func (w *worker) init(j *engine.Job, l *lingering, s *sessions, i int, made *int64, tally *record.Tally) {
	w.job, w.lingering, w.sessions, w.index, w.made, w.shard = j, l, s, i, made, tally
	w.interrupted = make(chan struct{})
	w.exchange.init(w)
}

func (w *worker) run(ctx context.Context) {
	defer w.exchange.close()
	clock := func() time.Duration { return time.Since(w.job.Base) }
	due := w.job.Schedule.First(w.index)
	for w.await(due-clock()) && w.job.Budget.Take(clock()) {
		result := w.exchange.do(ctx)
		w.shard.Finish(result)
		var skipped int64
		due, skipped = w.job.Schedule.Next(due, clock())
		w.shard.Skip(skipped)
	}
}

// await waits for d. It returns false if the run ended meanwhile.
func (w *worker) await(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	select {
	case <-w.alarm(d):
		return true
	case <-w.job.Budget.Over():
		return false
	}
}

// alarm returns a channel that gets a time after d. It is valid until the next
// call.
func (w *worker) alarm(d time.Duration) <-chan time.Time {
	if w.timer == nil {
		w.timer = time.NewTimer(d)
	} else {
		w.timer.Reset(d)
	}
	return w.timer.C
}

// connectionNumber returns the number of a new connection. No two workers use
// the same number.
func (w *worker) connectionNumber() int64 {
	return engine.ConnectionNumber(w.index, w.made, w.job.Workers)
}

// Register makes c the connection that abort interrupts; nil for none.
func (w *worker) Register(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current = c
	if w.aborted && c != nil {
		_ = c.SetDeadline(wire.LongAgo)
	}
}

// arm sets the deadline of c. After an abort it sets one in the past.
func (w *worker) arm(c net.Conn, deadline time.Time) error {
	w.allowance = w.allow(deadline)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.aborted {
		deadline = wire.LongAgo
	}
	return c.SetDeadline(deadline)
}

func (w *worker) abort() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.aborted {
		w.aborted = true
		close(w.interrupted)
	}
	if w.current != nil {
		_ = w.current.SetDeadline(wire.LongAgo) // fails only for a closed connection
	}
}

func (w *worker) isAborted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.aborted
}
