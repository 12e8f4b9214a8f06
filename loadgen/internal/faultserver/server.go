package faultserver

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Server is a running fault server. Its methods are safe for concurrent use.
type Server struct {
	plan     Plan
	listener *net.TCPListener
	addr     netip.AddrPort
	tls      *tls.Config    // nil for cleartext
	hello    HandshakePlan  // used with tls
	seq      atomic.Int64   // requests whose head was read
	running  sync.WaitGroup // the accepting goroutine, and one per connection
	closing  chan struct{}  // closed by the first Close

	mu      sync.Mutex // guards what follows
	changed *sync.Cond // a connection began or ended
	conns   map[*conn]struct{}
	closed  bool
	counts  Counts
}

// Start runs a server on a free port of 127.0.0.1, with the largest backlog the
// kernel allows.
func Start(plan Plan) (*Server, error) { return listen(&Server{plan: plan}) }

// StartTLS runs a server over TLS; config contains its certificate.
func StartTLS(plan Plan, config *tls.Config) (*Server, error) {
	return StartHandshakes(func(int64) HandshakeFault { return HandshakeOK }, plan, config)
}

// StartHandshakes runs a server over TLS whose handshakes meet the faults of
// hello. Handshakes without a fault carry the requests of plan.
func StartHandshakes(hello HandshakePlan, plan Plan, config *tls.Config) (*Server, error) {
	s := &Server{plan: plan, tls: config, hello: hello}
	s.counts.Handshakes = map[HandshakeFault]int64{}
	return listen(s)
}

func listen(s *Server) (*Server, error) {
	s.closing, s.conns = make(chan struct{}), map[*conn]struct{}{}
	s.changed = sync.NewCond(&s.mu)
	s.counts.ByKind = map[Kind]Count{}

	config := net.ListenConfig{KeepAlive: -1, Control: boundReceiving}
	config.SetMultipathTCP(false) // MPTCP sockets end in other ways than TCP's
	err := onFreePort(func(addr netip.AddrPort) error {
		l, err := config.Listen(context.Background(), "tcp4", addr.String())
		if err != nil {
			return err
		}
		s.listener, s.addr = l.(*net.TCPListener), addr
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.running.Go(s.accept)
	return s, nil
}

// Addr returns the address on which the server listens.
func (s *Server) Addr() netip.AddrPort { return s.addr }

// URL returns the server's root, e.g. "http://127.0.0.1:12345".
func (s *Server) URL() string {
	if s.tls != nil {
		return "https://" + s.addr.String()
	}
	return "http://" + s.addr.String()
}

// Close closes the listener and every connection and waits until all goroutines
// have ended. Clients with held requests see a FIN.
func (s *Server) Close() error {
	s.mu.Lock()
	var err error
	if !s.closed {
		s.closed = true
		close(s.closing)
		err = s.listener.Close()
		for c := range s.conns {
			c.close()
		}
	}
	s.mu.Unlock()
	s.running.Wait()
	return err
}

// Counts returns a consistent snapshot. It is final once all clients have
// closed their connections and [Server.Wait] has returned.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.counts
	counts.ByKind = maps.Clone(s.counts.ByKind)
	counts.Handshakes = maps.Clone(s.counts.Handshakes)
	return counts
}

// Wait returns when every connection that was opened before the call has been
// accepted, read to its end, and closed. It hangs, until ctx ends, while a
// client keeps a connection open.
//
// The accept queue is first in, first out: once a connection that Wait makes
// itself is accepted, all earlier ones were. Wait does not count its own.
func (s *Server) Wait(ctx context.Context) error {
	var dialer net.Dialer
	dialer.SetMultipathTCP(false)
	own, err := dialer.DialContext(ctx, "tcp4", s.addr.String())
	if err != nil {
		return err
	}
	defer own.Close()
	local := own.LocalAddr().(*net.TCPAddr).AddrPort()

	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer stop()

	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.accepted(local) {
		if err := s.over(ctx); err != nil {
			return err
		}
		s.changed.Wait()
	}
	s.counts.Connections--
	own.Close()
	for len(s.conns) > 0 {
		if err := s.over(ctx); err != nil {
			return err
		}
		s.changed.Wait()
	}
	return nil
}

// accepted reports whether the connection from a client's address is being
// served. s.mu is held.
func (s *Server) accepted(client netip.AddrPort) bool {
	for c := range s.conns {
		if c.client == client {
			return true
		}
	}
	return false
}

// over returns why waiting is pointless, nil if it is not. s.mu is held.
func (s *Server) over(ctx context.Context) error {
	if s.closed {
		return net.ErrClosed
	}
	return ctx.Err()
}

func (s *Server) accept() {
	for {
		tcp, err := s.listener.AcceptTCP()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// Out of descriptors or memory. The connection stays in the queue,
			// so only time is lost; retrying at once would only spin.
			select {
			case <-s.closing:
				return
			case <-time.After(5 * time.Millisecond):
			}
		default:
			s.begin(newConn(s, tcp))
		}
	}
}

// begin counts and serves an accepted connection, unless the server has closed.
func (s *Server) begin(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.close()
		return
	}
	s.counts.Connections++
	s.conns[c] = struct{}{}
	s.changed.Broadcast()
	s.running.Go(func() {
		c.serve()
		s.end(c)
	})
}

func (s *Server) end(c *conn) {
	c.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.changed.Broadcast()
}

func (s *Server) draw() Kind { return s.plan(s.seq.Add(1) - 1) }

// drawHandshake asks the plan for the next handshake's fault, and counts it.
func (s *Server) drawHandshake() HandshakeFault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var seq int64
	for _, n := range s.counts.Handshakes {
		seq += n
	}
	fault := s.hello(seq)
	s.counts.Handshakes[fault]++
	return fault
}

func (s *Server) countRequest(k Kind, reused bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Requests++
	n := s.counts.ByKind[k]
	if reused {
		n.Reused++
	} else {
		n.Fresh++
	}
	s.counts.ByKind[k] = n
}

func (s *Server) count(field func(*Counts) *int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*field(&s.counts)++
}

func (s *Server) countUnasked(n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Unasked += n
}
