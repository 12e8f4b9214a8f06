package loadgen

import (
	"context"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// pool is the engine that works everywhere: one goroutine per worker, each
// with connections of its own.
type pool struct {
	load    *Load
	workers []*worker
}

func newPool(l *Load) *pool {
	p := &pool{load: l}
	for i := range l.cfg.Workers {
		p.workers = append(p.workers, newWorker(l, i))
	}
	return p
}

// run returns when no request is in flight and none will be started.
func (p *pool) run(ctx context.Context) {
	var group errgroup.Group
	for _, w := range p.workers {
		group.Go(func() error {
			w.run(ctx)
			return nil
		})
	}
	_ = group.Wait() // workers return no errors: a failure is a Result
}

// abort ends what is in flight. The requests are counted as aborted.
func (p *pool) abort() {
	for _, w := range p.workers {
		w.abort()
	}
}

// worker sends one request at a time.
type worker struct {
	load     *Load
	shard    *shard
	index    int
	made     int64 // connections
	exchange exchange

	mu      sync.Mutex // guards current and aborted
	current net.Conn
	aborted bool
}

func newWorker(l *Load, i int) *worker {
	w := &worker{load: l, shard: l.recorder.shards[i%len(l.recorder.shards)], index: i}
	w.exchange.init(w)
	return w
}

// run sends requests as the schedule and the budget allow.
func (w *worker) run(ctx context.Context) {
	defer w.exchange.close()
	clock := func() time.Duration { return time.Since(w.load.base) }
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := w.load.schedule.First(w.index)
	for w.await(timer, due-clock()) && w.load.budget.take(clock()) {
		result := w.exchange.do(ctx)
		w.shard.finish(result)
		var skipped int64
		due, skipped = w.load.schedule.Next(due, clock())
		w.shard.skip(skipped)
	}
}

// await waits for d; false means that the run ended meanwhile.
func (w *worker) await(timer *time.Timer, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer.Reset(d)
	select {
	case <-timer.C:
		return true
	case <-w.load.budget.over:
		return false
	}
}

// connectionNumber numbers a new connection: workers take turns, so that no two
// ever give the same.
func (w *worker) connectionNumber() int64 {
	w.made++
	return int64(w.index) + 1 + (w.made-1)*int64(w.load.cfg.Workers)
}

// register makes c the connection that abort ends; nil for none.
func (w *worker) register(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current = c
	if w.aborted && c != nil {
		_ = c.SetDeadline(longAgo)
	}
}

// arm sets the deadline of c, unless the run was aborted.
func (w *worker) arm(c net.Conn, deadline time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.aborted {
		deadline = longAgo
	}
	return c.SetDeadline(deadline)
}

func (w *worker) abort() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.aborted = true
	if w.current != nil {
		_ = w.current.SetDeadline(longAgo) // fails only for a closed connection
	}
}

func (w *worker) isAborted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.aborted
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)
