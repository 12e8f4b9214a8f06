package h2fault

import (
	"crypto/tls"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/faultserver/host"
)

// Plan chooses the kinds, and how many streams they take. Its functions are
// called from many goroutines at once; nil is OK for all.
type Plan struct {
	// Connections chooses what the seq-th connection, from 0, meets. Unless it
	// is OK, all streams of the connection have this kind.
	Connections func(seq int64) Kind
	// Streams chooses the kind of the seq-th stream of the server, from 0, on
	// connections that are OK, in the order in which their heads were read.
	Streams func(seq int64) Kind
	// Gather is how many streams a fault of a connection waits for, so that it
	// hits several. 0: 4.
	Gather int
	// Patience is how long it waits. Then it hits those that are there. 0:
	// 100 ms.
	Patience time.Duration
	// Requests is how many requests GoAwayAfter lets a connection carry. 0: 10.
	Requests int
}

// Always gives everything the same kind.
func Always(k Kind) Plan { return Every(1, k) }

// Every gives each n-th stream the kind (n ≥ 1), or each n-th connection if the
// kind is one of connections. The others are OK.
func Every(n int64, k Kind) Plan {
	draw := func(seq int64) Kind {
		if seq%n == n-1 {
			return k
		}
		return OK
	}
	if k.OfConnections() {
		return Plan{Connections: draw}
	}
	return Plan{Streams: draw}
}

// Server is a running fault server. Its methods are those of [host.Host], and
// safe for concurrent use.
type Server struct {
	host.Host
	kinds *[numKinds]row // the table, which refers to its scripts, and they to the server
	plan  Plan
	tls   *tls.Config  // nil for cleartext
	conns atomic.Int64 // that sent a preface
	seq   atomic.Int64 // streams whose kind was drawn

	mu     sync.Mutex // guards counts
	counts Counts
}

// Start runs a server that speaks HTTP/2 with prior knowledge (h2c) on a free
// port of 127.0.0.1.
func Start(plan Plan) (*Server, error) { return listen(&Server{plan: plan}) }

// StartTLS runs a server over TLS that agrees on nothing but h2; config
// contains its certificate.
func StartTLS(plan Plan, config *tls.Config) (*Server, error) {
	config = config.Clone()
	config.NextProtos = []string{http2.NextProtoTLS}
	return listen(&Server{plan: plan, tls: config})
}

func listen(s *Server) (*Server, error) {
	s.kinds, s.plan = &kinds, s.plan.whole()
	s.counts = Counts{
		ByKind:  map[Kind]Fates{},
		ResetBy: map[http2.ErrCode]int64{}, ClientResets: map[http2.ErrCode]int64{}, ClientGoAways: map[http2.ErrCode]int64{},
	}
	if err := s.Start(func(tcp *net.TCPConn) { newConn(s, tcp).serve() }); err != nil {
		return nil, err
	}
	return s, nil
}

// whole returns the plan with its defaults.
func (p Plan) whole() Plan {
	fine := func(int64) Kind { return OK }
	if p.Connections == nil {
		p.Connections = fine
	}
	if p.Streams == nil {
		p.Streams = fine
	}
	if p.Gather == 0 {
		p.Gather = 4
	}
	if p.Patience == 0 {
		p.Patience = 100 * time.Millisecond
	}
	if p.Requests == 0 {
		p.Requests = 10
	}
	return p
}

// URL returns the server's root, e.g. "http://127.0.0.1:12345".
func (s *Server) URL() string { return scheme(s.tls) + "://" + s.Addr().String() }

func scheme(config *tls.Config) string {
	if config != nil {
		return "https"
	}
	return "http"
}

// Counts returns a snapshot. It is final once all clients have closed their
// connections and Wait has returned.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := s.counts
	counts.Connections = s.Connections()
	counts.ByKind = maps.Clone(s.counts.ByKind)
	counts.ResetBy = maps.Clone(s.counts.ResetBy)
	counts.ClientResets = maps.Clone(s.counts.ClientResets)
	counts.ClientGoAways = maps.Clone(s.counts.ClientGoAways)
	counts.Violations = slices.Clone(s.counts.Violations)
	return counts
}

// count changes the counts.
func (s *Server) count(change func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.counts)
}

func (s *Server) countFate(k Kind, f Fate, reused bool) {
	s.count(func(n *Counts) {
		n.Streams++
		fates := n.ByKind[k]
		if reused {
			fates[f].Reused++
		} else {
			fates[f].Fresh++
		}
		n.ByKind[k] = fates
	})
}

const mostViolations = 10

func (s *Server) violated(what string) {
	s.count(func(n *Counts) {
		if len(n.Violations) < mostViolations {
			n.Violations = append(n.Violations, what)
		}
	})
}
