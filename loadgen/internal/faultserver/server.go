package faultserver

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"nodrop/loadgen/internal/faultserver/host"
)

// Server is a running fault server. Its methods are safe for concurrent use.
type Server struct {
	plan  Plan
	host  host.Host
	tls   *tls.Config   // nil for cleartext
	hello HandshakePlan // used with tls
	seq   atomic.Int64  // requests whose head was read

	mu     sync.Mutex // guards counts
	counts Counts
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
	s.counts.ByKind = map[Kind]Count{}
	if err := s.host.Start(func(tcp *net.TCPConn) { newConn(s, tcp).serve() }); err != nil {
		return nil, err
	}
	return s, nil
}

// Addr returns the address on which the server listens.
func (s *Server) Addr() netip.AddrPort { return s.host.Addr() }

// URL returns the server's root, e.g. "http://127.0.0.1:12345".
func (s *Server) URL() string {
	if s.tls != nil {
		return "https://" + s.Addr().String()
	}
	return "http://" + s.Addr().String()
}

// Close closes the listener and every connection and waits until all goroutines
// have ended. Clients with held requests see a FIN.
func (s *Server) Close() error { return s.host.Close() }

// Counts returns a snapshot. It is final once all clients have
// closed their connections and [Server.Wait] has returned.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.counts
	counts.Connections = s.host.Connections()
	counts.ByKind = maps.Clone(s.counts.ByKind)
	counts.Handshakes = maps.Clone(s.counts.Handshakes)
	return counts
}

// Wait returns when every connection that was opened before the call has been
// accepted, read to its end, and closed. It hangs, until ctx ends, while a
// client keeps a connection open.
func (s *Server) Wait(ctx context.Context) error { return s.host.Wait(ctx) }

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
