package loadgen

import (
	"fmt"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/looper"
	"nodrop/loadgen/internal/pool"
	"nodrop/loadgen/record"
)

// newEngine returns the loop if it can send the load, otherwise the pool.
func newEngine(l *Load) engine.Engine {
	l.engine = record.EnginePool
	if !l.cfg.loops() {
		return pool.New(&l.job)
	}
	e, err := looper.New(&l.job, pool.NewHandoff(&l.job))
	if err != nil { // a limit of this machine: in the pool it fails requests, which are counted
		l.notes = append(l.notes, fmt.Sprintf("this machine could not run --engine loop (%v), so nodrop used --engine pool", err))
		return pool.New(&l.job)
	}
	l.engine = record.EngineLoop
	return e
}
