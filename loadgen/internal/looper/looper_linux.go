package looper

import (
	"context"
	"slices"
	"sync"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/loop"
	"nodrop/loadgen/internal/wire"
)

// looper is the engine of epoll loops: one Shard per processor, each with its
// part of the workers as slots. A redirect that leaves the target's host is
// handed off and runs on its own goroutine.
type looper struct {
	job     *engine.Job
	handoff engine.Handoff
	shards  []*loop.Shard
	ctx     context.Context // the context of Run; for look-ups
}

// New returns the engine for a job that the loop can carry out. It fails if
// this machine lacks the resources.
func New(j *engine.Job, handoff engine.Handoff) (engine.Engine, error) {
	e := &looper{job: j, handoff: handoff}
	lanes := min(len(j.Recorder.Shards), j.Workers)
	for lane := range lanes {
		d := newDriver(e, lane, lanes)
		s, err := loop.New(loop.Config{
			Slots:          len(d.slots),
			Request:        loopRequest(&j.First),
			Timeout:        int64(max(0, j.Timeout)),
			ConnectTimeout: int64(j.ConnectTimeout),
			FINBound:       int64(wire.FINBound),
			Lingering:      j.Lingering / lanes,
			KeepAlive:      j.KeepAlive,
			TLS:            j.First.TLS != nil,
			Capture:        j.Captured,
		}, d)
		if err != nil {
			e.close()
			return nil, err
		}
		d.loop = s
		e.shards = append(e.shards, s)
	}
	return e, nil
}

func loopRequest(h *engine.Hop) loop.Request {
	return loop.Request{Bytes: h.Bytes, HeadOnly: h.Method == "HEAD"}
}

func (e *looper) close() {
	for _, s := range e.shards {
		s.Close()
	}
}

// Run returns when no request is in flight and none will be started. over is
// when the last request ended, in ns from the run's start.
func (e *looper) Run(ctx context.Context) (over int64) {
	e.ctx = ctx
	var shards, watching sync.WaitGroup
	done := make(chan struct{})
	watching.Go(func() {
		select {
		case <-e.job.Budget.Over():
			e.each((*loop.Shard).Stop)
		case <-done:
		}
	})
	ends := make([]int64, len(e.shards))
	for i, s := range e.shards {
		shards.Go(func() { ends[i] = s.Run(e.job.Base) })
	}
	shards.Wait()
	close(done)
	watching.Wait()
	e.close()
	e.handoff.Wait()
	return slices.Max(ends)
}

func (e *looper) each(f func(*loop.Shard)) {
	for _, s := range e.shards {
		f(s)
	}
}

// Abort ends the requests in flight, which are counted as aborted.
func (e *looper) Abort() {
	e.each((*loop.Shard).Abort)
	e.handoff.Abort()
}
