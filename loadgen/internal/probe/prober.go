package probe

import (
	"cmp"
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// longestWait bounds how long a probe waits for a connection, and then for each
// of the next steps: the tunnel, the handshake and the response.
const longestWait = time.Second

// MaxOpen is how many connections probes can have at a time: each ends after
// four steps.
const MaxOpen = 4 * perSecond

// maxWaiting is how many endpoints can wait to be put on the agenda.
const maxWaiting = 1024

// Options are what a prober needs to know besides the load's Job.
type Options struct {
	EndpointHeader string           // response field that names the replica, in lower case; "" = none
	Replicas       int              // endpoints behind the load's address; 0 = unknown
	Sinks          []record.RunSink // those that are ProbeSinks receive each probe
	Patience       time.Duration    // longestWait if 0
}

// Prober probes the endpoints of a load that lose requests.
type Prober struct {
	job      *engine.Job
	known    *known
	header   string
	replicas int
	sources  wire.Sources // its own, because the load takes turns over its addresses
	patience time.Duration
	now      func() int64

	lost   chan loss
	busy   []atomic.Bool // by endpoint: it is watched, so its losses lead to no further probe
	agenda *agenda
	turn   atomic.Uint64

	mu                sync.Mutex       // guards what follows
	sessions          map[int]*session // by endpoint
	sinks             []record.ProbeSink
	ended             int64 // when the last probe of the list did
	list              []record.Probe
	unlisted, spoiled int64
}

// loss is a lost request.
type loss struct {
	endpoint int   // its index in the recorder
	at       int64 // ns from the run's start
	inTLS    bool  // the handshake failed
}

// New returns the prober of a load. From now on the job's Endpoints are those
// that the prober remembers.
func New(job *engine.Job, o Options) *Prober {
	p := &Prober{
		job: job, known: remember(job.Endpoints), header: o.EndpointHeader, replicas: o.Replicas,
		sources: wire.Sources{List: job.Sources.List}, patience: cmp.Or(o.Patience, longestWait),
		now:    func() int64 { return job.Since(time.Now()) },
		lost:   make(chan loss, maxWaiting),
		busy:   make([]atomic.Bool, record.MaxEndpoints+1), // one more for the name that the others share
		agenda: newAgenda(), sessions: map[int]*session{},
	}
	for _, limit := range [...]time.Duration{job.ConnectTimeout, job.Timeout} {
		if limit > 0 {
			p.patience = min(p.patience, limit)
		}
	}
	for _, sink := range o.Sinks {
		if sink, ok := sink.(record.ProbeSink); ok {
			p.sinks = append(p.sinks, sink)
		}
	}
	job.Endpoints = p.known
	return p
}

// Lost takes a lost request. Many goroutines call it at once; it never blocks.
func (p *Prober) Lost(r *record.Result) {
	if r.Endpoint < 0 || r.Endpoint >= len(p.busy) || r.Redirected || !tells(r.Class) {
		return
	}
	busy := &p.busy[r.Endpoint]
	if busy.Load() || !busy.CompareAndSwap(false, true) {
		return
	}
	select {
	case p.lost <- loss{r.Endpoint, r.End, r.Class.Stage() == record.StageTLS}:
	default:
		busy.Store(false) // the next loss tries again
	}
}

// tells reports whether a loss tells something of the target's side, which a
// probe can confirm. A probe does not look at what a whole response consists of.
func tells(c record.Class) bool {
	switch c.Stage() {
	case record.StageConnect, record.StageTLS, record.StageSend, record.StageWait, record.StageHead:
		return true
	case record.StageBody:
		return c.Cause() != record.CauseRejected && c.Cause() != record.CauseMalformed && c.Cause() != record.CauseOther
	case record.StageStatus:
		return c.Status() >= 500 && c.Status() <= 599
	default:
		return false
	}
}

// Run probes until ctx ends, which cuts the probes in flight.
func (p *Prober) Run(ctx context.Context) {
	ended := make(chan *subject)
	inFlight := 0
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		s, wait := p.agenda.next(p.now())
		if s != nil {
			inFlight++
			go func() {
				s.outcome = p.try(ctx, s)
				ended <- s
			}()
			continue
		}
		timer.Reset(time.Duration(min(wait, math.MaxInt64/2)))
		select {
		case l := <-p.lost:
			if to, _ := p.route(l.endpoint); to != nil { // otherwise it stays busy
				p.agenda.add(l)
			}
		case s := <-ended:
			inFlight--
			if p.agenda.ended(s, p.now()) {
				p.busy[s.endpoint].Store(false)
			}
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	for range inFlight {
		<-ended
	}
}

// AddTo adds the probes to the run. Call it after Run has returned.
func (p *Prober) AddTo(run *record.Run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	run.Probes, run.ProbesUnlisted, run.ProbesSpoiled = p.list, p.unlisted, p.spoiled
}

// try makes one probe, and lists it unless the end of the load cut it, or it
// failed because of this machine, or because of a session that it offered.
func (p *Prober) try(ctx context.Context, s *subject) outcome {
	to, shared := p.route(s.endpoint)
	if to == nil {
		return outcome{works: true} // it got a name of its own meanwhile, which has no address
	}
	a := attempt{prober: p, probe: record.Probe{
		Endpoint: p.job.Recorder.Names.Name(s.endpoint), Through: shared, Loss: s.loss, Start: p.now(),
	}}
	if !s.whole {
		a.session = p.session(s.endpoint)
	}
	class := a.class(ctx, to)
	inTLS := class.Stage() == record.StageTLS
	switch {
	case ctx.Err() != nil:
		p.count(&p.unlisted)
		return outcome{works: true}
	case class.Spoiled():
		p.count(&p.spoiled)
		return outcome{shared: shared}
	case inTLS && a.session != nil && a.session.offered:
		a.session.refused = true
		p.count(&p.unlisted)
		return outcome{inTLS: true, unsure: true}
	}
	a.probe.Class, a.probe.Outcome = class, outcomeOf(class)
	p.keep(&a.probe)
	return outcome{works: class == 0, shared: shared, inTLS: inTLS}
}

// route returns where to connect for an endpoint, nil if that is not known, and
// whether replicas share that address. A replica that only responses name is
// reached through the load's address.
func (p *Prober) route(endpoint int) (to *wire.Endpoint, shared bool) {
	list := p.known.list.Load()
	shared = p.job.Proxy != nil || p.header != "" || p.replicas > 1 && len(list.order) == 1
	to = list.byName[p.job.Recorder.Names.Name(endpoint)]
	if n := uint64(len(list.order)); to == nil && shared && n > 0 {
		to = list.order[(p.turn.Add(1)-1)%n]
	}
	return to, shared
}

func (p *Prober) count(n *int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n++
}

// keep ends a probe and lists it. The list, and what the sinks get, is in order
// of their ends.
func (p *Prober) keep(probe *record.Probe) {
	p.mu.Lock()
	defer p.mu.Unlock()
	probe.End = max(p.now(), p.ended)
	p.ended = probe.End
	if len(p.list) >= record.MaxProbes {
		p.unlisted++
		return
	}
	p.list = append(p.list, *probe)
	for _, sink := range p.sinks {
		sink.Probe(probe)
	}
}
