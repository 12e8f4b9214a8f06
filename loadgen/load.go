package loadgen

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/expect"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// Load is one load. It can be run once.
type Load struct {
	cfg       Config
	target    target.Target
	job       engine.Job // input of the engine
	budget    *budget
	recorder  *record.Recorder
	traces    record.Traces
	stalls    stalls
	products  product.Noted
	sinks     []record.RunSink // of this run; set by Run
	probeWait time.Duration    // longest wait of one step of a probe; 0 = the usual

	body   engine.Payload
	engine record.Engine

	resolver *wire.Resolver // nil unless the name is resolved again in the background
	address  string         // the target in error texts

	started chan struct{}
	notes   []string
	machine machine
	lacks   []string // the part of notes to warn about before the load

	marks record.Marks

	stopOnce    sync.Once
	stopped     chan struct{}
	abortOnce   sync.Once
	aborted     chan struct{}
	interrupted atomic.Bool
	cut         atomic.Bool // requests were aborted after the end of -z, because -t sets no limit
	refusal     atomic.Pointer[error]
}

// New validates cfg, resolves the target and prepares everything. The error is a
// *ResolveError if the name does not resolve.
func New(ctx context.Context, cfg Config) (*Load, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	t, err := parseTarget(cfg.URL)
	if err != nil {
		return nil, err
	}
	t.Said = t.Shown()
	if cfg.ShownURL != "" {
		t.Said = cfg.Shown()
	}
	ok, err := cfg.OK.Compile()
	if err != nil {
		return nil, err
	}
	wanted, err := wanted(cfg.Method, cfg.ExpectBody, cfg.ExpectHeaders)
	if err != nil {
		return nil, err
	}
	l := newLoad(cfg, t, ok, wanted)
	if err := l.via().CheckZone(); err != nil {
		return nil, err
	}
	if err := trySources(cfg.Sources); err != nil {
		return nil, err
	}
	if err := l.chooseEndpoints(ctx); err != nil {
		return nil, err
	}
	l.body.Bytes = cfg.Body
	if cfg.BodyFile != "" {
		if l.body.File, err = engine.OpenBody(cfg.BodyFile); err != nil {
			return nil, wrong("%v: %v", OptionBodyFile, err)
		}
	}
	chosen := ""
	if t.TLS {
		if chosen, err = l.tryTLS(ctx); err != nil {
			l.closeBody()
			return nil, err
		}
	}
	doubts := l.agree(chosen)
	l.machine = thisMachine()
	l.lacks = slices.Concat(l.preflight(l.machine), cfg.corrected, cfg.doubts(), doubts)
	l.job.Lingering = l.roomToLinger(l.machine)
	l.notes = slices.Concat(l.lacks, l.notes)
	l.job.First = l.newHop(t, cfg.Method, l.body, true)
	l.job.First.Given = true
	return l, nil
}

// expectBound is how long a body waits for the requested 100 (Continue) before
// it is sent anyway: a server need not support the expectation. curl and
// net/http wait as long.
const expectBound = time.Second

// newLoad sets up the parts that need no file, name or connection.
func newLoad(cfg Config, t target.Target, ok *record.StatusBits, wanted *expect.Wanted) *Load {
	l := &Load{
		cfg: cfg, target: t,
		budget:   newBudget(cfg.Requests, cfg.Duration),
		recorder: record.NewRecorder(cfg.CPUs),
		traces:   record.Traces{Limit: cfg.TraceLost},
		started:  make(chan struct{}),
		stopped:  make(chan struct{}),
		aborted:  make(chan struct{}),
	}
	l.traces.Secrets = cfg.secrets(t)
	l.recorder.Hide(&l.traces.Secrets)
	l.stalls.now, l.stalls.slow = func() int64 { return l.Since(time.Now()) }, clockLag
	l.job = engine.Job{
		Workers: cfg.Workers,
		Pace:    engine.Pace{Schedule: Schedule{Workers: cfg.Workers, Rate: cfg.Rate}, Budget: l.budget, Stalls: &l.stalls},
		Route: engine.Route{
			Elsewhere: l.redirectEndpoint, LooksUp: cfg.DNS == DNSPerConnection,
			Sources: &wire.Sources{List: cfg.Sources}, Unix: cfg.UnixSocket != "",
		},
		Limits:    engine.Limits{Timeout: cfg.Timeout, ConnectTimeout: cfg.ConnectTimeout, Expect: expectBound, MaxBody: cfg.MaxBody},
		Responses: engine.Responses{OK: ok, KeepAlive: !cfg.closes(), Captured: engine.Captured(strings.ToLower(cfg.EndpointHeader), wanted), Wanted: wanted, Redirects: !cfg.DisableRedirects, NewHop: l.newHop},
		Ledger:    engine.Ledger{Recorder: l.recorder, Traces: &l.traces, Failed: l.refuseRenegotiation},
	}
	if cfg.Gateway == "" { // otherwise, responses may come from what is behind it
		l.job.Products = &l.products
	}
	if cfg.TLS.Resume {
		l.cfg.TLS.sessions = tls.NewLRUClientSessionCache(0)
	}
	return l
}

// Warnings are one sentence for each thing that this machine lacks for the load,
// that is not sent as given, or that is probably not meant. They are in the run's
// notes as well.
func (l *Load) Warnings() []string { return l.lacks }

// Close releases a load that will not be run.
func (l *Load) Close() { l.closeBody() }

func (l *Load) closeBody() {
	if l.body.File != nil {
		_ = l.body.File.Close() // opened read-only
	}
}

// chooseEndpoints decides where connections go, and how error texts name the
// target: by its address as the URL gives it or, for a name with one address,
// by that address. A client of a layer-4 balancer sees no more either.
func (l *Load) chooseEndpoints(ctx context.Context) error {
	at := l.via()
	l.address = at.Hostport()
	if l.cfg.Proxy != nil {
		l.job.Proxy = &wire.Proxy{URL: l.cfg.Proxy, Fields: l.cfg.proxyFields()}
		defer func() { l.job.Proxy.Address = l.address }()
	}
	if l.cfg.Endpoints != nil {
		l.job.Endpoints = l.cfg.Endpoints
		return nil
	}
	if path := l.cfg.UnixSocket; path != "" {
		l.address = path
		l.job.Endpoints = wire.NewUnix(path)
		return nil
	}
	if len(l.cfg.ConnectTo) > 0 {
		var addrs []netip.AddrPort
		for _, to := range l.cfg.ConnectTo {
			addrs = append(addrs, to.Addr)
		}
		l.job.Endpoints = wire.NewFixed(addrs)
		return nil
	}
	if addr, ok := at.Addr(); ok {
		l.job.Endpoints = wire.NewFixed([]netip.AddrPort{addr})
		return nil
	}
	return l.resolveName(ctx, at)
}

// via is what to resolve and connect to: the proxy, or the target itself.
func (l *Load) via() target.Target {
	if l.cfg.Proxy == nil {
		return l.target
	}
	return proxyTarget(l.cfg.Proxy)
}

func (l *Load) resolveName(ctx context.Context, at target.Target) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	failed := func(err error) error {
		e := &ResolveError{Host: at.Host, Err: err}
		if l.cfg.Proxy != nil {
			return wrong("%v %v", OptionProxy, e)
		}
		return e
	}
	ips, err := wire.LookupHost(ctx, at.Host)
	if err != nil || len(ips) == 0 {
		return failed(err)
	}
	r := wire.NewResolver(at.Host, at.Port, l.marks.Add, func() int64 { return l.Since(time.Now()) })
	if err := l.chooseFamily(ctx, r, ips); err != nil {
		return err
	}
	if l.cfg.DNS == DNSPerConnection {
		l.job.Endpoints = &wire.PerConnection{Resolver: r}
		return nil
	}
	if err := r.Resolve(ctx); err != nil {
		return failed(err)
	}
	if list := r.Known(); len(list) == 1 {
		l.address = list[0].Addr.String()
	}
	l.job.Endpoints = r
	if l.cfg.DNS == DNSRefresh {
		l.resolver = r
	}
	return nil
}

// chooseFamily decides whether the load uses a name's IPv4 or IPv6 addresses.
func (l *Load) chooseFamily(ctx context.Context, r *wire.Resolver, ips []netip.Addr) error {
	if len(l.cfg.Sources) > 0 {
		r.Family = wire.FamilyOf(l.cfg.Sources[0])
		if !slices.ContainsFunc(ips, r.Family) {
			return fmt.Errorf("%w, and %s has no %s address", l.cfg.matchSource(ips[0]), r.Host, wire.FamilyName(l.cfg.Sources[0]))
		}
		return nil
	}
	var note string
	r.Family, note = wire.ChooseFamily(ctx, ips, r.Port)
	if note != "" {
		l.notes = append(l.notes, note)
	}
	return nil
}

// Run sends the load and returns the result. When ctx ends, the run stops in
// two steps: it starts no more requests, and after the drain bound, or at
// Abort, it aborts those in flight. Run may be called once. The caller passes
// the run to End when it has added everything to it.
func (l *Load) Run(ctx context.Context) *record.Run {
	e := newEngine(l)
	defer l.closeBody()
	l.job.Base = time.Now()
	if len(l.cfg.Sinks) > 0 {
		begun := l.begun()
		for _, sink := range l.cfg.Sinks {
			l.sinks = append(l.sinks, sink.Begin(begun))
		}
		l.recorder.Attach(l.sinks)
	}
	prober := l.newProber()
	close(l.started)
	background, cancel := context.WithCancel(context.Background())
	var helpers sync.WaitGroup
	l.stalls.beat()
	helpers.Go(func() { l.stalls.beatUntil(background) })
	if l.resolver != nil {
		tick := time.NewTicker(refreshEvery)
		defer tick.Stop()
		helpers.Go(func() { l.resolver.Refresh(background, tick.C) })
	}
	if prober != nil {
		helpers.Go(func() { prober.Run(background) })
	}
	if l.cfg.Duration > 0 {
		end := time.AfterFunc(l.cfg.Duration, func() { l.budget.check(time.Since(l.job.Base)) })
		defer end.Stop()
	}
	done := make(chan struct{})
	abort := func() {
		e.Abort()
		cancel() // aborts name look-ups
	}
	helpers.Go(func() { l.watch(ctx, done, abort) })
	helpers.Go(func() { l.watchEnd(done, abort) })
	duration := e.Run(background)
	close(done)
	cancel()
	helpers.Wait()
	run := l.result(duration)
	if prober != nil {
		prober.AddTo(run)
	}
	if note := l.wrongScheme(ctx, run); note != "" {
		run.Notes = append(run.Notes, note)
	}
	runtime.GC() // frees the engine's memory for the report
	return run
}

// watch stops the engine in two steps when it is asked to.
func (l *Load) watch(ctx context.Context, done <-chan struct{}, abort func()) {
	select {
	case <-done:
		return
	case <-l.stopped:
	case <-l.aborted:
	case <-ctx.Done():
	}
	select {
	case <-done: // the run had already ended
		return
	default:
	}
	l.interrupted.Store(true)
	l.budget.end()
	l.drain(done, abort)
}

// watchEnd limits the requests in flight at the end of -z if -t does not: an
// endless response would keep the run from ending.
func (l *Load) watchEnd(done <-chan struct{}, abort func()) {
	if l.cfg.Duration == 0 || l.cfg.Timeout > 0 {
		return
	}
	select {
	case <-done:
		return
	case <-l.budget.over:
	}
	l.cut.Store(l.drain(done, abort))
}

// drain waits until done, at most for the drain bound or until Abort. It is
// true if it aborted the requests in flight.
func (l *Load) drain(done <-chan struct{}, abort func()) bool {
	bound := time.NewTimer(l.cfg.DrainBound)
	defer bound.Stop()
	select {
	case <-done:
		return false
	case <-l.aborted:
	case <-bound.C:
	}
	abort()
	return true
}

func cutNote(n int64, bound time.Duration) string {
	if n == 1 {
		return fmt.Sprintf("nodrop aborted 1 request that was still in flight %v after the end of -z (-t 0 sets no timeout)", bound)
	}
	return fmt.Sprintf("nodrop aborted %d requests that were still in flight %v after the end of -z (-t 0 sets no timeout)", n, bound)
}

// Stop ends the run in the same way as the end of Run's context.
func (l *Load) Stop() { l.stopOnce.Do(func() { close(l.stopped) }) }

// Abort ends the run at once, without waiting for requests in flight.
func (l *Load) Abort() { l.abortOnce.Do(func() { close(l.aborted) }) }

// DrainBound is how long a stopped run waits for requests in flight.
func (l *Load) DrainBound() time.Duration { return l.cfg.DrainBound }

// Hold makes the planned number of requests, or the duration, a minimum: the load
// continues until Release.
func (l *Load) Hold() { l.budget.held.Store(true) }

// Release undoes Hold: the load ends as soon as the plan is fulfilled.
func (l *Load) Release() {
	l.budget.held.Store(false)
	select {
	case <-l.started:
		l.budget.check(time.Since(l.job.Base))
	default:
	}
}

// Started is closed when the run's clock starts.
func (l *Load) Started() <-chan struct{} { return l.started }

// Over is closed when no further request will be started.
func (l *Load) Over() <-chan struct{} { return l.budget.over }

// Since is a time on the run's clock, in ns. Call it after Started.
func (l *Load) Since(t time.Time) int64 { return l.job.Since(t) }

// Marks are the marks of the run. A mark that is added after Run has returned is
// not in its result.
func (l *Load) Marks() *record.Marks { return &l.marks }

// Progress can be called at any time.
func (l *Load) Progress() record.Progress {
	over := l.budget.ended() // asked first, so that the counts are no older
	p := l.recorder.Progress()
	p.Stream, p.Over = l.cfg.Stream, over
	if l.cfg.Duration > 0 {
		p.Duration = l.cfg.Duration
	} else {
		p.Planned = l.cfg.Requests
	}
	select {
	case <-l.started:
		p.Elapsed = time.Since(l.job.Base)
	default:
	}
	return p
}

// End passes the finished run to the sinks, with the marks and checks that others
// have added to it.
func (l *Load) End(run *record.Run) {
	for _, sink := range l.sinks {
		sink.End(run)
	}
}

// begun is the part of the run that is known when its clock starts.
func (l *Load) begun() *record.Run {
	return &record.Run{
		Variant:     l.cfg.Variant,
		Stream:      l.cfg.Stream,
		Repetition:  l.cfg.Repetition,
		Gateway:     l.cfg.Gateway,
		Replicas:    l.cfg.Replicas,
		StartedAt:   l.job.Base.Round(0),
		Settings:    l.Settings(),
		Environment: record.Environment{Version: Version, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: l.cfg.CPUs},
	}
}

func (l *Load) result(duration int64) *record.Run {
	run := l.begun()
	run.Duration = duration
	run.Interrupted = l.interrupted.Load()
	run.Notes = l.notes
	run.Counts.Planned = l.budget.planned()
	run.Counts.Unsent = l.budget.unsent()
	l.recorder.Merge(run)
	run.Products = l.products.List()
	if note := l.machine.restingPorts(run); note != "" {
		run.Notes = append(run.Notes, note)
	}
	for _, note := range []string{l.stalls.note(countStalled(run)), l.stalls.suspensionNote()} {
		if note != "" {
			run.Notes = append(run.Notes, note)
		}
	}
	if l.cut.Load() && !run.Interrupted && run.Counts.Aborted > 0 {
		run.Notes = append(run.Notes, cutNote(run.Counts.Aborted, l.cfg.DrainBound))
	}
	run.Traces = l.traces.List
	run.Marks = l.marks.List()
	return run
}

// Settings say what the load sends. Call it after Started.
func (l *Load) Settings() record.Settings {
	c := l.cfg
	s := record.Settings{
		URL: l.target.Shown(), Method: c.Method, Requests: c.Requests, Workers: c.Workers, Rate: c.Rate, Duration: c.Duration,
		Timeout: c.Timeout, ConnectTimeout: c.ConnectTimeout, KeepAlive: l.job.KeepAlive,
		Sources: c.Sources, Redirects: !c.DisableRedirects, TLSResume: c.TLS.Resume, OK: c.OK, MaxBody: c.MaxBody, EndpointHeader: c.EndpointHeader, Engine: l.engine,
		ExpectBody: l.traces.Secrets.Mask(c.ExpectBody),
	}
	for _, text := range c.ExpectHeaders {
		s.ExpectHeaders = append(s.ExpectHeaders, expect.Shown(text, l.traces.Secrets.Mask))
	}
	if c.Duration > 0 {
		s.Requests = 0
	}
	if c.HTTP2 != "" {
		s.Protocol, s.Streams = string(c.HTTP2), c.streams()
	}
	return s
}
