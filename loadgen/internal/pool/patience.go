package pool

import (
	"net"
	"os"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
)

// allowance is how long something may take, and from when. The zero value means
// no limit. Times are in ns from the run's start.
type allowance struct{ from, length int64 }

// until returns when the allowance ends, delayed by some ns.
func (a allowance) until(j *engine.Job, delay int64) time.Time {
	return j.Base.Add(time.Duration(a.from + a.length + delay))
}

// allow returns the allowance that a deadline gives to the current request, or
// to what begins now.
func (w *worker) allow(deadline time.Time) allowance {
	if deadline.IsZero() {
		return allowance{}
	}
	from := w.exchange.result.Start
	if !deadline.Equal(w.job.Deadline(from)) {
		from = w.exchange.now()
	}
	return allowance{from, w.job.Since(deadline) - from}
}

// Extend moves the deadline of c, which has passed, by the time for which
// nodrop did not run. It returns false if the target has had its time.
func (w *worker) Extend(c net.Conn) bool { return w.extendBy(c.SetDeadline) }

// extendBy is Extend with the function that sets the deadline.
func (w *worker) extendBy(set func(time.Time) error) bool {
	l, now := w.allowance, w.exchange.now()
	if l.length == 0 || now < l.from+l.length {
		return false // it was not this deadline that passed
	}
	until := l.from + l.length + w.job.Stalls.Delay(l.from, l.length)
	if until <= now {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.aborted && set(w.job.Base.Add(time.Duration(until))) == nil
}

// extendReading moves the read deadline of p, which has passed.
func (w *worker) extendReading(p *patient) bool { return w.extendBy(p.SetReadDeadline) }

// extendWriting moves the write deadline of p, which has passed, unless
// stopWriting ended the write.
func (w *worker) extendWriting(p *patient) bool {
	return w.extendBy(func(until time.Time) error {
		if w.exchange.early.stopped() {
			return os.ErrDeadlineExceeded
		}
		return p.SetWriteDeadline(until)
	})
}

// patient is a socket whose deadlines do not count the time for which nodrop did
// not run. After such a time a deadline has passed, yet what the peer sent
// meanwhile is there to be read, so the deadline is moved and the call repeated.
type patient struct {
	wire.Socket
	// owner moves deadlines; nil once the socket has left it: deadlines are then
	// final.
	owner interface {
		extendReading(p *patient) bool
		extendWriting(p *patient) bool
	}
}

func (p *patient) extendReading() bool { return p.owner != nil && p.owner.extendReading(p) }
func (p *patient) extendWriting() bool { return p.owner != nil && p.owner.extendWriting(p) }

func (p *patient) Read(b []byte) (int, error) {
	for {
		n, err := p.Socket.Read(b)
		if n > 0 || !wire.IsTimeout(err) || !p.extendReading() {
			return n, err
		}
	}
}

func (p *patient) ReadLent() (*wire.ReadBuffer, int, error) {
	for {
		b, n, err := wire.ReadLent(p.Socket)
		if n > 0 || !wire.IsTimeout(err) || !p.extendReading() {
			return b, n, err
		}
		wire.GiveBack(b)
	}
}

func (p *patient) Write(b []byte) (int, error) {
	written := 0
	for {
		n, err := p.Socket.Write(b[written:])
		written += n
		if !wire.IsTimeout(err) || !p.extendWriting() {
			return written, err
		}
	}
}
