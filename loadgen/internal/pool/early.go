package pool

import (
	"sync/atomic"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
)

// early reads the response while its request is still being written. It starts
// when a write is about to wait, which for most requests never happens, and
// ends with the response.
type early struct {
	begin   func() // kept, so that no request allocates it
	running bool   // for the current request
	writing atomic.Int32
	done    chan struct{}
	fail    *engine.Failure // valid once done is closed
}

// The states of writing.
const (
	writingOn      = iota
	writingEnded   // it ended by itself
	writingStopped // it was stopped: the rest of the request is useless
)

// listen makes the worker's writes call readEarly when they are about to wait.
func (x *exchange) listen() { x.conn.OnWait(x.early.begin) }

// readEarly starts reading the response. The worker calls it when a write is
// about to wait.
func (x *exchange) readEarly() {
	e := &x.early
	e.running, e.fail, e.done = true, nil, make(chan struct{})
	e.writing.Store(writingOn)
	go func() {
		defer close(e.done)
		for !x.parser.Done() && e.fail == nil {
			e.fail = x.receive()
			if x.parser.TakeContinue() {
				x.firstByte = 0 // a late 100 is not the response
			}
			if ended := e.fail != nil && !wire.IsTimeout(e.fail.Err); ended || x.parser.Decided() {
				x.stopWriting() // a timeout needs no stop: writing has the same deadline
			}
		}
	}()
}

func (e *early) stopped() bool { return e.writing.Load() == writingStopped }

// stopWriting interrupts the write in which the worker waits, if it still does.
func (x *exchange) stopWriting() {
	x.worker.mu.Lock() // see extendWriting
	defer x.worker.mu.Unlock()
	if x.early.writing.CompareAndSwap(writingOn, writingStopped) {
		_ = x.conn.SetWriteDeadline(wire.LongAgo) // fails only for a closed connection
	}
}

// endEarly waits for the end of early reading, once writing has ended with
// writeErr. stopped says that early reading stopped the writing, which it may
// have tried too late; fail is the failure of reading.
func (x *exchange) endEarly(writeErr error) (stopped bool, fail *engine.Failure) {
	e := &x.early
	stopped = !e.writing.CompareAndSwap(writingOn, writingEnded) && wire.IsTimeout(writeErr)
	<-e.done
	e.running = false
	e.writing.Store(writingOn)
	if stopped {
		x.conn.key = "" // the peer may or may not wait for the rest
		x.conn.Cut()
	}
	if x.firstByte == 0 {
		return stopped, e.fail
	}
	if x.arrived < x.since { // the response had come before writing ended
		x.result.Phases.Send = max(0, x.result.Phases.Send-(x.since-x.firstByte))
		x.since = x.firstByte
	}
	x.result.Phases.Wait += max(0, x.firstByte-x.since)
	return stopped, e.fail
}
