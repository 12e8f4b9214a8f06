package pool

import (
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// sendBufferSize is how many bytes of a file a worker reads at a time.
const sendBufferSize = 64 << 10

// send writes the request. The failure is final. The error is the connection's:
// the peer may still have sent a response.
func (x *exchange) send(at *engine.Hop, deadline time.Time) (*engine.Failure, error) {
	if at.Expects {
		return x.sendExpecting(at, deadline)
	}
	x.listen()
	if err := x.write(at, at.Bytes); err != nil || at.Body.File == nil {
		return nil, err
	}
	return x.sendFile(at)
}

// sendExpecting writes the head, and the body when the server asks for it. If
// the server sends its final response without asking, the body is not sent, and
// the connection is not reused, because the server may or may not still wait
// for the body.
func (x *exchange) sendExpecting(at *engine.Hop, deadline time.Time) (*engine.Failure, error) {
	head := at.Bytes[:len(at.Bytes)-len(at.Body.Bytes)]
	if err := x.write(at, head); err != nil {
		return nil, err
	}
	goAhead, fail := x.awaitContinue(deadline)
	if fail != nil || !goAhead {
		x.conn.key = ""
		return fail, nil
	}
	x.listen()
	if at.Body.File != nil {
		return x.sendFile(at)
	}
	return nil, x.write(at, at.Body.Bytes)
}

// awaitContinue reads until the server asks for the body or responds without
// asking, or until Limits.Expect has passed, which counts as being asked.
func (x *exchange) awaitContinue(deadline time.Time) (goAhead bool, fail *engine.Failure) {
	bound := time.Now().Add(x.job.Expect)
	patient := deadline.IsZero() || bound.Before(deadline)
	if !patient {
		bound = deadline
	}
	if err := x.worker.arm(x.conn, bound); err != nil {
		return false, &engine.Failure{Stage: record.StageWait, Err: err}
	}
	for !goAhead && x.parser.Status() == 0 {
		if fail = x.receive(); fail != nil {
			if !patient || !wire.IsTimeout(fail.Err) {
				return false, fail
			}
			if x.firstByte == 0 {
				x.result.Phases.Wait += x.now() - x.since
			}
			break
		}
		goAhead = x.parser.TakeContinue()
	}
	if err := x.worker.arm(x.conn, deadline); err != nil {
		return false, &engine.Failure{Stage: record.StageWait, Err: err}
	}
	return x.parser.Status() == 0, nil
}

// beginSending resets firstByte, since the response to what is sent now is
// still to come, and returns the time.
func (x *exchange) beginSending() (now int64) {
	if !x.early.running {
		x.firstByte = 0
	}
	return x.now()
}

// write sends a part of the request that is in memory.
func (x *exchange) write(at *engine.Hop, b []byte) error {
	began := x.beginSending()
	sent, err := x.conn.Write(b)
	x.since = x.now()
	if x.trace != nil {
		x.trace.note(x.since, err, "sent %d of %d bytes of %s %s", sent, len(b), at.Method, at.Shown())
	}
	x.result.Phases.Send += x.since - began
	return err
}

// sendFile sends the body from its file through a buffer. sendfile(2) would
// save a copy, but cannot tell a file that cannot be read from a connection
// that cannot be written to, and does not work over TLS.
func (x *exchange) sendFile(at *engine.Hop) (*engine.Failure, error) {
	if x.sendBuf == nil {
		x.sendBuf = make([]byte, sendBufferSize)
	}
	f, began, sent := at.Body.File, x.beginSending(), int64(0)
	var fail *engine.Failure
	var err error
	for sent < f.Size && fail == nil && err == nil {
		b := x.sendBuf[:min(f.Size-sent, sendBufferSize)]
		if fail = f.Read(b, sent); fail == nil {
			var n int
			n, err = x.conn.Write(b)
			sent += int64(n)
		}
	}
	x.since = x.now()
	if x.trace != nil {
		x.trace.note(x.since, err, "sent %d of %d bytes of %s", sent, f.Size, f.Name)
	}
	x.result.Phases.Send += x.since - began
	return fail, err
}
