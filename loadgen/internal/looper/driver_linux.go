package looper

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/loop"
	"nodrop/loadgen/internal/loop/tlsconn"
	"nodrop/loadgen/internal/stall"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
	"nodrop/loadgen/record/secure"
)

// driver makes the decisions for one Shard and records results. It belongs to
// the Shard's thread.
type driver struct {
	engine *looper
	job    *engine.Job
	loop   *loop.Shard
	shard  *record.Tally
	lane   int
	lanes  int
	slots  []driverSlot
	result record.Result
	engine.Replicas

	routes  map[string]*route // by the endpoint's name
	last    *route
	sources map[netip.Addr]*loop.Address
}

var (
	_ loop.Driver     = (*driver)(nil)
	_ engine.Response = (*h1.Parser)(nil)
	_ engine.Response = (*h2.Stream)(nil)
)

type driverSlot struct {
	engine.Inspector
	made     int64           // connections so far
	chain    *chain          // nil until a redirect is followed
	follower engine.Follower // for redirects that are handed off; nil until there is one
	followed *record.Result  // the result of the last one
}

// chain is the position of a redirected request in its chain.
type chain struct {
	at       engine.Hop
	followed int
}

// route is an endpoint in the form that connections need.
type route struct {
	endpoint wire.Endpoint
	index    int // its number in the recorder
	address  *loop.Address
}

func newDriver(e *looper, lane, lanes int) *driver {
	j := e.job
	d := &driver{
		engine: e, job: j, shard: j.Recorder.Shards[lane], lane: lane, lanes: lanes,
		slots: make([]driverSlot, slotsOf(j, lane, lanes)), routes: map[string]*route{},
	}
	d.Names = j.Recorder.Names
	for _, source := range j.Sources.List {
		if d.sources == nil {
			d.sources = map[netip.Addr]*loop.Address{}
		}
		d.sources[source] = loop.NewAddress(netip.AddrPortFrom(source, 0))
	}
	for i := range d.slots {
		d.slots[i].Job, d.slots[i].Secured = j, j.First.TLS != nil || j.Streams > 0 // over HTTP/2, an end without END_STREAM is a cut
	}
	return d
}

// slotsOf returns how many of the workers are a lane's slots. Those that can
// share a connection go to the same lane, so that several lanes need no more
// connections than one.
func slotsOf(j *engine.Job, lane, lanes int) int {
	together := max(1, j.Streams)
	whole := j.Workers / together // groups, dealt out to the lanes
	n := (whole - lane + lanes - 1) / lanes * together
	if whole%lanes == lane {
		n += j.Workers % together
	}
	return n
}

// worker returns the number of a slot's worker, from 0.
func (d *driver) worker(slot int) int {
	together := max(1, d.job.Streams)
	return (slot/together*d.lanes+d.lane)*together + slot%together
}

func (d *driver) First(slot int) int64 { return int64(d.job.Schedule.First(d.worker(slot))) }

func (d *driver) Again(due, now int64) int64 {
	next, skipped := d.job.Schedule.Next(time.Duration(due), time.Duration(now))
	d.shard.Skip(skipped)
	return int64(next)
}

func (d *driver) Start(now int64) bool {
	if !d.job.Budget.Take(time.Duration(now)) {
		return false
	}
	d.shard.Start(now)
	return true
}

// Next chooses the next endpoint. It makes a new address only if the endpoint
// changed.
func (d *driver) Next(x *loop.Exchange) (to, from *loop.Address, err error) {
	e, err := d.job.Endpoints.Next(d.engine.ctx)
	if err != nil {
		return nil, nil, err
	}
	if d.last == nil || d.last.endpoint != *e {
		d.last = d.route(e)
	}
	x.Endpoint = d.last.index
	return d.last.address, d.sources[d.job.Sources.Next(e)], nil
}

func (d *driver) route(e *wire.Endpoint) *route {
	if r := d.routes[e.Name]; r != nil && r.endpoint == *e {
		return r
	}
	r := &route{endpoint: *e, index: d.job.Recorder.Names.ID(e.Name)}
	if e.Path == "" {
		r.address = loop.NewAddress(e.Addr)
	} else {
		r.address = loop.NewUnixAddress(e.Path)
	}
	if len(d.routes) < record.MaxEndpoints || d.routes[e.Name] != nil {
		d.routes[e.Name] = r
	}
	return r
}

func (d *driver) Connected(x *loop.Exchange, now int64) {
	d.shard.Connected(x.Endpoint, now)
	x.Connection = engine.ConnectionNumber(d.worker(x.Slot), &d.slots[x.Slot].made, d.job.Workers)
}

// Secure begins TLS with the target: a redirect to another host is handed off.
func (d *driver) Secure(under net.Conn) tlsconn.Secured {
	return wire.NewSecured(under, d.job.First.TLS)
}

// Secured counts the handshake, and checks that the server has chosen the load's
// protocol.
func (d *driver) Secured(c tlsconn.Secured) error {
	s := c.(*wire.Secured)
	d.shard.CountTLS(s.Count)
	if d.job.Streams > 0 && s.Protocol() != wire.ProtocolH2 {
		return &wire.ProtocolError{Chosen: s.Protocol()}
	}
	return nil
}

func (d *driver) SessionOver(c *ledger.Connection) { d.shard.EndHTTP2(c) }

func (d *driver) Count(what loop.Count) {
	d.shard.CountConnection(func(c *record.ConnectionCount) {
		switch what {
		case loop.Stale:
			c.Stale++
		case loop.Waited:
			c.Waited++
		case loop.Ours:
			c.Ours++
		case loop.Surplus:
			c.Surplus++
		}
	})
}

// Stood records a time for which one processor's part of the load stood still.
func (d *driver) Stood(span stall.Span) { d.job.Stalls.Add(span) }

func (d *driver) Body(x *loop.Exchange, piece []byte) error {
	sl := &d.slots[x.Slot]
	p := responseOf(x)
	if p.BodyBytes() == int64(len(piece)) {
		sl.Begin()
	}
	sl.Piece(p, piece)
	err := sl.Err(p)
	if err != nil && x.Stream != nil {
		return sl.Failure(p, err)
	}
	return err
}

func responseOf(x *loop.Exchange) engine.Response {
	if x.Stream != nil {
		return x.Stream
	}
	return &x.Parser
}

func (d *driver) fill(x *loop.Exchange) *record.Result {
	d.result = record.Result{
		Start: x.Start, End: x.End,
		Phases: record.Phases{Connect: x.Connect, TLS: x.TLS, Send: x.Send, Wait: x.Wait, Read: x.Read},
		Reused: x.Reused, Redirected: d.slots[x.Slot].chain != nil,
		Endpoint: x.Endpoint, Connection: x.Connection, Idle: x.Idle, Goaway: x.Goaway,
	}
	return &d.result
}

func (d *driver) Responded(x *loop.Exchange) loop.Step {
	sl, p := &d.slots[x.Slot], responseOf(x)
	r := d.fill(x)
	if p.BodyBytes() == 0 {
		sl.Begin()
	} else if err := sl.End(); err != nil {
		d.lose(sl, r, sl.Failure(p, err))
		return loop.Drop
	}
	sl.Describe(r, p)
	d.Book(r, p)
	next, fail := d.redirect(sl, p)
	switch {
	case fail != nil:
		d.lose(sl, r, fail)
		return loop.Done
	case next != nil:
		return d.follow(x, sl, next)
	}
	if fail := sl.Rejected(p); fail != nil {
		d.lose(sl, r, fail)
		return loop.Done
	}
	sl.Judge(r, p)
	d.finish(sl, r)
	return loop.Done
}

func (d *driver) redirect(sl *driverSlot, p engine.Response) (*chain, *engine.Failure) {
	at, followed := &d.job.First, 0
	if sl.chain != nil {
		at, followed = &sl.chain.at, sl.chain.followed
	}
	next, fail := d.job.Redirect(p, at, followed)
	if next == nil {
		return nil, fail
	}
	return &chain{*next, followed + 1}, nil
}

// follow goes on to next. On the same host the Shard sends it; otherwise the
// request is handed off.
func (d *driver) follow(x *loop.Exchange, sl *driverSlot, next *chain) loop.Step {
	sl.chain = next
	if next.at.Target.Origin() == d.job.First.Target.Origin() {
		x.Request = loopRequest(&next.at)
		return loop.Follow
	}
	if sl.follower == nil {
		sl.follower = d.engine.handoff.Follower(d.worker(x.Slot), &sl.made, d.shard)
	}
	begun, slot := d.result, x.Slot
	go func() {
		sl.followed = sl.follower.Follow(d.engine.ctx, &begun, &next.at, next.followed)
		d.loop.Return(slot)
	}()
	return loop.Leave
}

// Returned records the result of a request that was handed off.
func (d *driver) Returned(slot int) {
	sl := &d.slots[slot]
	d.finish(sl, sl.followed)
}

func (d *driver) Failed(x *loop.Exchange, f *loop.Failure) {
	if errors.Is(f.Err, context.Canceled) { // the abort ended a look-up
		d.Aborted(x)
		return
	}
	fail := d.failure(x, f)
	d.job.Failed(d.at(&d.slots[x.Slot]), fail.Err)
	if f.Stalled {
		fail.Stalled()
	}
	d.lose(&d.slots[x.Slot], d.fill(x), fail)
}

func (d *driver) Aborted(x *loop.Exchange) {
	r := d.fill(x)
	r.Fate = record.FateAborted
	d.finish(&d.slots[x.Slot], r)
}

// Over ends the coroutines of compressed bodies, on the thread on which they
// began.
func (d *driver) Over(shaking int64) {
	d.shard.CountTLS(func(h *secure.Handshakes) { h.Busy += shaking })
	for i := range d.slots {
		d.slots[i].Close()
	}
}

func (d *driver) lose(sl *driverSlot, r *record.Result, f *engine.Failure) {
	d.job.FailResult(r, d.at(sl), f)
	d.finish(sl, r)
}

func (d *driver) at(sl *driverSlot) *engine.Hop {
	if sl.chain != nil {
		return &sl.chain.at
	}
	return &d.job.First
}

func (d *driver) finish(sl *driverSlot, r *record.Result) {
	sl.chain = nil
	d.shard.Finish(r)
}
