package probe

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/stall"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// newProber returns the prober of a load that sends GET requests to an address,
// which is the recorder's endpoint 0.
func newProber(t testing.TB, address netip.AddrPort) *Prober {
	t.Helper()
	ok, err := record.DefaultOK.Compile()
	if err != nil {
		t.Fatal(err)
	}
	request := h1.Request{Method: "GET", Target: "/", Host: address.String()}
	p := New(&engine.Job{
		First:     engine.Hop{Method: "GET", Home: true, Bytes: request.Append(nil)},
		Pace:      engine.Pace{Base: time.Now(), Stalls: never{}},
		Route:     engine.Route{Endpoints: wire.NewFixed([]netip.AddrPort{address}), Sources: &wire.Sources{}},
		Limits:    engine.Limits{Timeout: -1},
		Responses: engine.Responses{OK: ok},
		Ledger:    engine.Ledger{Recorder: record.NewRecorder(1)},
	}, Options{})
	e, err := p.job.Endpoints.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p.job.Recorder.Names.ID(e.Name)
	p.patience = time.Minute // on a busy machine, too, nothing here takes as long
	return p
}

// never is a Stalls without any stall.
type never struct{}

func (never) Add(stall.Span)                {}
func (never) Delay(int64, int64) int64      { return 0 }
func (never) Ours(int64, int64, int64) bool { return false }

// serve responds to one request on each connection, over TLS if secure is given.
func serve(t testing.TB, response string, secure *tls.Config) netip.AddrPort {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = c.Write([]byte(response))
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return addr
}

const okResponse = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"

// TestOutcomes: what a response means, to its end.
func TestOutcomes(t *testing.T) {
	for response, want := range map[string]record.Probe{
		okResponse:                    {Outcome: record.ProbeOK, Status: 200},
		"HTTP/1.0 200 OK\r\n\r\nok\n": {Outcome: record.ProbeOK, Status: 200},
		"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n":   {Outcome: record.ProbeHTTPError, Status: 503, Class: record.StatusClass(503)},
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok": {Outcome: record.ProbeReset, Class: record.NewClass(record.StageBody, record.CauseEOF)},
		"":                    {Outcome: record.ProbeReset, Class: record.NewClass(record.StageWait, record.CauseEOF)},
		"SSH-2.0-OpenSSH\r\n": {Outcome: record.ProbeOther, Class: record.NewClass(record.StageHead, record.CauseMalformed)},
	} {
		p := newProber(t, serve(t, response, nil))
		got := p.try(t.Context(), &subject{loss: 1})
		if got.works != (want.Outcome == record.ProbeOK) || len(p.list) != 1 {
			t.Fatalf("%q: got %+v and %+v", response, got, p.list)
		}
		one := p.list[0]
		if one.Outcome != want.Outcome || one.Class != want.Class || one.Status != want.Status || !one.Asked || one.Port == 0 || one.Connected == 0 || one.Loss != 1 {
			t.Errorf("%q: got %+v; want %+v", response, one, want)
		}
	}
}

// TestCutByTheEnd: the end of the load cuts a probe, which is then in no list.
func TestCutByTheEnd(t *testing.T) {
	p := newProber(t, serve(t, okResponse, nil))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := p.try(ctx, &subject{loss: 1}); !got.works || len(p.list) != 0 || p.unlisted != 1 {
		t.Errorf("got %+v, %d listed, %d unlisted", got, len(p.list), p.unlisted)
	}
}

// TestOrderOfEnds: probes that end while others do are listed in order of their
// ends, as Run.Merge sorts them.
func TestOrderOfEnds(t *testing.T) {
	p := newProber(t, netip.MustParseAddrPort("127.0.0.1:1"))
	var clock atomic.Int64
	p.now = func() int64 { return clock.Add(-1) + 1_000_000 } // whoever reads it first is later
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for range 100 {
				p.keep(&record.Probe{Outcome: record.ProbeOK})
			}
		})
	}
	work.Wait()
	if !slices.IsSortedFunc(p.list, func(a, b record.Probe) int { return cmp.Compare(a.End, b.End) }) || len(p.list) != 800 {
		t.Errorf("%d probes, not in order of their ends", len(p.list))
	}
}

// TestNoRoute: an endpoint that has no address any more is not probed.
func TestNoRoute(t *testing.T) {
	p := newProber(t, netip.MustParseAddrPort("127.0.0.1:1"))
	gone := p.job.Recorder.Names.ID("gone")
	if got := p.try(t.Context(), &subject{endpoint: gone, loss: 1}); !got.works || len(p.list) > 0 || p.unlisted > 0 {
		t.Errorf("got %+v, %d listed, %d unlisted", got, len(p.list), p.unlisted)
	}
}

// TestLost: only losses that tell of the target's side lead to a probe, one for
// each endpoint, and a full queue loses none for good.
func TestLost(t *testing.T) {
	p := newProber(t, netip.MustParseAddrPort("127.0.0.1:1"))
	refused := record.NewClass(record.StageConnect, record.CauseRefused)
	for _, r := range []record.Result{
		{Endpoint: -1, Class: refused},
		{Endpoint: 1, Class: refused, Redirected: true},
		{Endpoint: 2, Class: record.NewClass(record.StageDNS, record.CauseNotFound)},
		{Endpoint: 3, Class: record.NewClass(record.StageProxy, record.CauseRefused)},
		{Endpoint: 4, Class: record.StatusClass(404)},
		{Endpoint: 5, Class: record.StatusClass(600)},
		{Endpoint: 6, Class: record.NewClass(record.StageBody, record.CauseRejected)},
		{Endpoint: 7, Class: record.NewClass(record.StageBody, record.CauseMalformed)},
		{Endpoint: 8, Class: record.NewClass(record.StageBody, record.CauseOther)},
		{Endpoint: record.MaxEndpoints + 1, Class: refused},
	} {
		if p.Lost(&r); len(p.lost) > 0 {
			t.Fatalf("%+v leads to a probe", r)
		}
	}
	for range 2 {
		for i, class := range []record.Class{refused, record.NewClass(record.StageTLS, record.CauseEOF), record.NewClass(record.StageBody, record.CauseTimeout), record.StatusClass(502)} {
			p.Lost(&record.Result{Endpoint: i, Class: class, End: int64(i)})
		}
	}
	if len(p.lost) != 4 {
		t.Fatalf("%d endpoints wait; want 4", len(p.lost))
	}
	for range len(p.lost) {
		l := <-p.lost
		if l.inTLS != (l.endpoint == 1) {
			t.Errorf("endpoint %d: a failed handshake: %v", l.endpoint, l.inTLS)
		}
		p.lost <- l
	}
	for i := range maxWaiting + 10 {
		p.Lost(&record.Result{Endpoint: i, Class: refused})
	}
	if n := len(p.lost); n != maxWaiting {
		t.Fatalf("%d endpoints wait; want %d", n, maxWaiting)
	}
	<-p.lost
	if p.Lost(&record.Result{Endpoint: maxWaiting + 5, Class: refused}); len(p.lost) != maxWaiting {
		t.Error("an endpoint that found no room is forgotten")
	}
}

// TestKnown: the newest address of a name counts, and only addresses that the
// load was given.
func TestKnown(t *testing.T) {
	at := func(name, addr string) *wire.Endpoint {
		return &wire.Endpoint{Name: name, Addr: netip.MustParseAddrPort(addr)}
	}
	source := &oneByOne{list: []*wire.Endpoint{at("a", "10.0.0.1:1"), at("b", "10.0.0.2:1"), at("a", "10.0.0.1:1"), at("a", "10.0.0.3:1")}}
	k := remember(source)
	for range source.list {
		if _, err := k.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	list := k.list.Load()
	if len(list.order) != 2 || list.byName["a"].Addr.String() != "10.0.0.3:1" || list.byName["b"].Addr.String() != "10.0.0.2:1" || list.byName["c"] != nil {
		t.Errorf("got %+v", list)
	}
}

// oneByOne returns each endpoint of a list once.
type oneByOne struct {
	list []*wire.Endpoint
	next int
}

func (o *oneByOne) Next(context.Context) (*wire.Endpoint, error) {
	o.next++
	return o.list[o.next-1], nil
}

// TestKnownAllocatesNothing: each new connection of the load passes through it.
func TestKnownAllocatesNothing(t *testing.T) {
	p := newProber(t, netip.MustParseAddrPort("127.0.0.1:1"))
	if n := testing.AllocsPerRun(100, func() { _, _ = p.known.Next(context.Background()) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkLost is what a lost request costs whose endpoint is probed already.
func BenchmarkLost(b *testing.B) {
	p := newProber(b, netip.MustParseAddrPort("127.0.0.1:1"))
	r := &record.Result{Class: record.NewClass(record.StageConnect, record.CauseRefused)}
	b.ReportAllocs()
	for b.Loop() {
		p.Lost(r)
	}
}
