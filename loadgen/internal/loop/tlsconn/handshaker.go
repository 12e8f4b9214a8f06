//go:build linux

package tlsconn

import "iter"

// maxIdle is how many coroutines without work are kept: each has a stack.
const maxIdle = 16

// Handshakers make handshakes in coroutines. The zero value has none.
type Handshakers struct{ idle []*handshaker }

// handshaker makes handshakes, one after another, as a coroutine: crypto/tls
// cannot continue a handshake whose Read had nothing to return.
type handshaker struct {
	work *Conn
	next func() (struct{}, bool) // runs the coroutine until it waits, or its work is done
	stop func()                  // ends it
}

func newHandshaker() *handshaker {
	h := &handshaker{}
	h.next, h.stop = iter.Pull(func(yield func(struct{}) bool) {
		for more := true; more; more = yield(struct{}{}) {
			h.work.handshake(yield)
			h.work = nil
		}
	})
	return h
}

func (c *Conn) handshake(yield func(struct{}) bool) {
	c.socket.yield = yield
	c.err = c.Secured.Handshake()
	c.socket.yield = nil
	c.done = c.err == nil
}

// Continue begins or continues c's handshake. done is false if it waits for an
// event; otherwise the error is that of the handshake.
func (h *Handshakers) Continue(c *Conn) (done bool, err error) {
	if c.coro == nil {
		c.coro = h.take()
		c.coro.work = c
	}
	c.coro.next()
	if c.coro.work != nil {
		return false, nil
	}
	h.putBack(c)
	return true, c.err
}

// GiveUp ends c's handshake if it is not done.
func (h *Handshakers) GiveUp(c *Conn) {
	if c.coro == nil {
		return
	}
	c.socket.gone = true
	c.coro.next()
	h.putBack(c)
}

func (h *Handshakers) take() *handshaker {
	last := len(h.idle) - 1
	if last < 0 {
		return newHandshaker()
	}
	one := h.idle[last]
	h.idle = h.idle[:last]
	return one
}

func (h *Handshakers) putBack(c *Conn) {
	one := c.coro
	c.coro = nil
	if len(h.idle) == maxIdle {
		one.stop()
		return
	}
	h.idle = append(h.idle, one)
}

// Close ends the coroutines. No handshake may be going on.
func (h *Handshakers) Close() {
	for _, one := range h.idle {
		one.stop()
	}
	h.idle = nil
}
