package pool

import (
	"context"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

type conn struct {
	wire.Socket
	patient  *patient // the socket beneath Socket
	key      string   // of the hop it was made for; "" = must not be reused
	endpoint int      // its index in the recorder
	number   int64    // from 1, different for every connection of the run
	used     bool
}

func (c *conn) secured() *wire.SecureSocket {
	s, _ := c.Socket.(*wire.SecureSocket)
	return s
}

// connect reuses the kept connection to the hop's host, or makes a new one.
func (x *exchange) connect(ctx context.Context, at *engine.Hop, deadline time.Time) *engine.Failure {
	if x.conn != nil && x.conn.key == at.Key {
		if x.conn.Quiet() {
			if x.trace != nil {
				x.trace.note(x.now(), nil, "reusing the kept-alive connection from %v", x.conn.LocalAddr())
			}
			return nil
		}
		if x.trace != nil {
			x.trace.note(x.now(), nil, "replacing the connection from %v, which the peer closed", x.conn.LocalAddr())
		}
		x.worker.shard.CountConnection(func(c *record.ConnectionCount) { c.Stale++ })
	}
	if x.conn != nil {
		x.drop()
	}
	return x.dial(ctx, at, deadline)
}

// dial makes one connection attempt to one address.
func (x *exchange) dial(ctx context.Context, at *engine.Hop, deadline time.Time) *engine.Failure {
	r := &x.result
	r.Reused, r.Endpoint, r.Connection = false, -1, 0
	began := x.now()
	endpoint, err := x.endpoint(ctx, at, deadline)
	if err != nil {
		return &engine.Failure{Stage: record.StageDNS, Err: err, Text: err.Error()}
	}
	r.Endpoint = x.job.Recorder.Names.ID(endpoint.Name)
	bound, text := deadline, engine.PatientText
	if d := x.job.ConnectTimeout; d > 0 {
		if own := time.Now().Add(d); deadline.IsZero() || own.Before(deadline) {
			bound, text = own, ""
		}
	}
	if x.trace != nil {
		x.trace.note(x.now(), nil, "connecting to %s", endpoint)
	}
	s, err := x.socket(endpoint, bound)
	connected := x.now()
	r.Phases.Connect += connected - began
	if err != nil {
		x.worker.Register(nil)
		if !wire.IsTimeout(err) {
			text = ""
		}
		stage, text := x.job.DialFailure(at, wire.Reason(err)+text)
		return &engine.Failure{Stage: stage, Err: err, Text: text}
	}
	x.worker.shard.Connected(r.Endpoint, connected)
	if x.trace != nil {
		x.trace.note(connected, nil, "connected from %v to %v", s.LocalAddr(), s.RemoteAddr())
	}
	r.Connection = x.worker.connectionNumber()
	p := &patient{s, x.worker}
	x.conn = &conn{Socket: p, patient: p, key: at.Key, endpoint: r.Endpoint, number: r.Connection}
	if at.Tunnel {
		if fail := x.tunnel(at, deadline); fail != nil {
			return fail
		}
	}
	if !at.Target.TLS {
		return nil
	}
	return x.secure(at, deadline)
}

// socket makes one connection attempt. If the descriptors are used up, it
// closes lingering connections: a request is worth more than they are.
func (x *exchange) socket(to *wire.Endpoint, bound time.Time) (wire.Socket, error) {
	from := x.job.Sources.Next(to)
	x.worker.allowance = x.worker.allow(bound)
	for {
		closed := x.worker.lingering.count.Load()
		s, err := wire.Dial(to, from, bound, x.worker)
		if !wire.LacksFiles(err) || !x.worker.lingering.yield(closed) {
			return s, err
		}
	}
}

func (x *exchange) secure(at *engine.Hop, deadline time.Time) *engine.Failure {
	if err := x.worker.arm(x.conn, deadline); err != nil {
		return x.broken(at, &engine.Failure{Stage: record.StageTLS, Err: err})
	}
	r, began := &x.result, x.now()
	s, err := wire.Secure(x.conn.Socket, at.TLS)
	took := x.now() - began
	if x.trace != nil {
		x.trace.note(began+took, err, "TLS handshake")
	}
	r.Phases.TLS += took
	r.Phases.Connect += took
	if err != nil {
		return x.broken(at, &engine.Failure{Stage: record.StageTLS, Err: err})
	}
	x.conn.Socket = s
	x.worker.shard.CountTLS(s.Count)
	return nil
}

// endpoint chooses where the connection goes. The look-up of a redirect to
// another host is part of the request.
func (x *exchange) endpoint(ctx context.Context, at *engine.Hop, deadline time.Time) (*wire.Endpoint, error) {
	if at.Home && !x.job.LooksUp {
		return x.job.Endpoints.Next(ctx)
	}
	if !deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	began := x.now()
	defer func() { x.result.Phases.DNS += x.now() - began }()
	if at.Home {
		return x.job.Endpoints.Next(ctx)
	}
	return x.job.Elsewhere(ctx, at.Target)
}

// release keeps the connection of a whole response, or ends it. After the last
// hop, a connection that the peer must close first is left to the peer. Between
// hops it is closed at once, since otherwise the next connection would be made
// while this one is still open.
func (x *exchange) release(last bool) {
	c := x.conn
	if c == nil {
		return
	}
	if c.key != "" && x.parser.KeepAlive() && x.job.KeepAlive {
		return
	}
	if last && !x.parser.CloseDelimited() && c.key != "" {
		x.worker.Register(nil)
		x.conn, c.patient.worker = nil, nil
		x.worker.lingering.leave(c, x.worker.shard)
		return
	}
	x.drop()
}

func (x *exchange) drop() {
	x.worker.Register(nil)
	_ = x.conn.Close() // an error here adds nothing
	x.conn = nil
}
