// Package host is what the fault servers of every protocol have in common: a
// listener on a free port of 127.0.0.1, a goroutine for each accepted
// connection, and a way to wait until all of them have ended.
package host

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Host accepts connections. Its methods are safe for concurrent use once Start
// has returned.
type Host struct {
	serve    func(*net.TCPConn)
	listener *net.TCPListener
	addr     netip.AddrPort
	running  sync.WaitGroup // the accepting goroutine, and one per connection
	closing  chan struct{}  // closed by the first Close

	mu       sync.Mutex // guards what follows
	changed  *sync.Cond // a connection began or ended
	conns    map[*net.TCPConn]netip.AddrPort
	closed   bool
	accepted int64
}

// Start listens with the largest backlog the kernel allows, and runs serve for
// each connection. The connection is closed when serve returns.
func (h *Host) Start(serve func(*net.TCPConn)) error {
	h.serve, h.closing, h.conns = serve, make(chan struct{}), map[*net.TCPConn]netip.AddrPort{}
	h.changed = sync.NewCond(&h.mu)
	config := net.ListenConfig{KeepAlive: -1, Control: boundReceiving}
	config.SetMultipathTCP(false) // MPTCP sockets end in other ways than TCP's
	err := OnFreePort(func(addr netip.AddrPort) error {
		l, err := config.Listen(context.Background(), "tcp4", addr.String())
		if err != nil {
			return err
		}
		h.listener, h.addr = l.(*net.TCPListener), addr
		return nil
	})
	if err != nil {
		return err
	}
	h.running.Go(h.accept)
	return nil
}

// Addr returns the address on which the host listens.
func (h *Host) Addr() netip.AddrPort { return h.addr }

// Connections returns how many connections were accepted, without those that
// Wait made.
func (h *Host) Connections() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.accepted
}

// Close closes the listener and every connection and waits until all goroutines
// have ended. Clients with held requests see a FIN.
func (h *Host) Close() error {
	h.mu.Lock()
	var err error
	if !h.closed {
		h.closed = true
		close(h.closing)
		err = h.listener.Close()
		for c := range h.conns {
			_ = c.Close() // nothing can be done about it
		}
	}
	h.mu.Unlock()
	h.running.Wait()
	return err
}

// Wait returns when every connection that was opened before the call has been
// accepted, read to its end, and closed. It hangs, until ctx ends, while a
// client keeps a connection open.
//
// The accept queue is first in, first out: once a connection that Wait makes
// itself is accepted, all earlier ones were. Wait does not count its own.
func (h *Host) Wait(ctx context.Context) error {
	var dialer net.Dialer
	dialer.SetMultipathTCP(false)
	own, err := dialer.DialContext(ctx, "tcp4", h.addr.String())
	if err != nil {
		return err
	}
	defer own.Close()
	local := own.LocalAddr().(*net.TCPAddr).AddrPort()

	stop := context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.changed.Broadcast()
	})
	defer stop()

	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.until(ctx, func() bool { return h.serves(local) }); err != nil {
		return err
	}
	h.accepted--
	own.Close()
	return h.until(ctx, func() bool { return len(h.conns) == 0 })
}

// until waits for done, or returns why that is pointless. h.mu is held.
func (h *Host) until(ctx context.Context, done func() bool) error {
	for !done() {
		if err := h.over(ctx); err != nil {
			return err
		}
		h.changed.Wait()
	}
	return nil
}

// serves reports whether the connection from a client's address is being
// served. h.mu is held.
func (h *Host) serves(client netip.AddrPort) bool {
	for _, addr := range h.conns {
		if addr == client {
			return true
		}
	}
	return false
}

// over returns why waiting is pointless, nil if it is not. h.mu is held.
func (h *Host) over(ctx context.Context) error {
	if h.closed {
		return net.ErrClosed
	}
	return ctx.Err()
}

func (h *Host) accept() {
	for {
		tcp, err := h.listener.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// Out of descriptors or memory. The connection stays in the queue,
			// so only time is lost; retrying at once would only spin.
			select {
			case <-h.closing:
				return
			case <-time.After(5 * time.Millisecond):
			}
		default:
			h.begin(tcp)
		}
	}
}

// begin counts and serves an accepted connection, unless the host has closed.
func (h *Host) begin(tcp *net.TCPConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		_ = tcp.Close() // nothing can be done about it
		return
	}
	h.accepted++
	h.conns[tcp] = tcp.RemoteAddr().(*net.TCPAddr).AddrPort()
	h.changed.Broadcast()
	h.running.Go(func() {
		h.serve(tcp)
		h.end(tcp)
	})
}

func (h *Host) end(tcp *net.TCPConn) {
	_ = tcp.Close() // nothing can be done about it
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.conns, tcp)
	h.changed.Broadcast()
}

// ackBound is how long a RST waits for the client to acknowledge the bytes
// before it. A delayed acknowledgement takes 40 ms on Linux.
const ackBound = time.Second

// Reset sends a RST. Closing discards bytes that are not acknowledged yet, so
// if some were sent it waits until they have arrived.
func Reset(tcp *net.TCPConn, sent bool) error {
	var late error
	if sent {
		late = AwaitAcked(tcp, ackBound)
	}
	return errors.Join(late, tcp.SetLinger(0), tcp.Close())
}
