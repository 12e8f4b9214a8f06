package loadgen

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

func newTestPool(t *testing.T, cfg Config) *pool {
	t.Helper()
	load, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return newPool(load)
}

// TestWorkersShareTheRequest: a large body is in memory once, not once a worker.
func TestWorkersShareTheRequest(t *testing.T) {
	const body = 1 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	newTestPool(t, Config{URL: "http://127.0.0.1/", Workers: 50, Method: "POST", Body: make([]byte, body)})
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 10*body {
		t.Errorf("50 workers with a body of %d bytes took %d", body, got)
	}
}

// TestRedirectLookupIsTimed: -t bounds the look-up of a host that a redirect
// led to, and the DNS phase shows it.
func TestRedirectLookupIsTimed(t *testing.T) {
	p := newTestPool(t, Config{URL: "http://127.0.0.1/", Workers: 1, Requests: 1})
	x := &p.workers[0].exchange
	p.load.base = time.Now()
	other, err := parseTarget("http://elsewhere.invalid/")
	if err != nil {
		t.Fatal(err)
	}
	_, err = x.endpoint(context.Background(), &hop{target: other}, wire.LongAgo)
	var lookup *net.DNSError
	if !errors.As(err, &lookup) || !lookup.IsTimeout {
		t.Errorf("got %v; want a look-up that timed out", err)
	}
	if x.result.Phases.DNS == 0 {
		t.Error("the look-up is in no phase")
	}
}

// TestHostsDifferInNoCase: the balancer is asked also after a redirect that
// writes the host another way.
func TestHostsDifferInNoCase(t *testing.T) {
	endpoints := wire.NewFixed([]netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:80")})
	p := newTestPool(t, Config{URL: "http://Gateway.invalid/", Workers: 1, Requests: 1, Endpoints: endpoints})
	same, err := parseTarget("http://gateway.INVALID/x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.workers[0].exchange.endpoint(t.Context(), &hop{target: same}, time.Time{}); err != nil {
		t.Error(err)
	}
}

// TestAwaitFIN: bytes are no FIN.
func TestAwaitFIN(t *testing.T) {
	server, err := faultserver.Start(faultserver.Always(faultserver.OKThenFIN))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	p := newTestPool(t, Config{URL: server.URL(), Workers: 1, Requests: 1})
	s, hangUp, err := wire.DialTrial(t.Context(), &wire.Endpoint{Addr: server.Addr()}, netip.Addr{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp()
	if _, err := s.Write(p.load.first.bytes); err != nil {
		t.Fatal(err)
	}
	var got record.ConnectionCount
	awaitFIN(&conn{Socket: s})(&got)
	if want := (record.ConnectionCount{Surplus: 1}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
}
