package loadgen_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

var threeSources = []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("127.0.0.4")}

// TestSourcesTakeTurns checks the addresses that a server and a proxy see.
func TestSourcesTakeTurns(t *testing.T) { onEngines(t, testSourcesTakeTurns) }

func testSourcesTakeTurns(t *testing.T, engine record.Engine) {
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		mu.Lock()
		defer mu.Unlock()
		seen[host]++
	}))
	t.Cleanup(server.Close)
	proxy, err := loadgen.ParseProxy(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, cfg := range map[string]loadgen.Config{
		"direct": {URL: server.URL},
		"proxy":  {URL: "http://elsewhere.invalid/", Proxy: proxy},
	} {
		t.Run(name, func(t *testing.T) {
			if cfg.Engine = engine; cfg.Proxy != nil {
				cfg.Engine = record.EngineAuto
			}
			clear(seen)
			cfg.Requests, cfg.Workers, cfg.DisableKeepAlive, cfg.Sources = 300, 7, true, threeSources
			run := runLoad(t, cfg)
			for _, source := range threeSources {
				if n := seen[source.String()]; n != 100 {
					t.Errorf("%d requests from %s; want 100 of %v", n, source, seen)
				}
			}
			if run.Counts.OK != 300 || len(run.Settings.Sources) != 3 {
				t.Errorf("%+v, %v", run.Counts, run.Settings.Sources)
			}
		})
	}
}

// TestSourcesHavePortsOfTheirOwn: if connections that the server holds use up
// all ports, each additional address provides as many again.
func TestSourcesHavePortsOfTheirOwn(t *testing.T) {
	onEngines(t, testSourcesHavePortsOfTheirOwn)
}

func testSourcesHavePortsOfTheirOwn(t *testing.T, engine record.Engine) {
	if !inNamespaces(t) {
		return
	}
	const n = 300
	room := int64(fewPorts * len(threeSources))
	gate := make(chan struct{})
	server := startServer(t, func(int64) faultserver.Kind {
		<-gate
		return faultserver.OK
	})
	load := newLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: n, Workers: int(2 * room), DisableKeepAlive: true, Sources: threeSources})
	narrowPorts(t)
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	for load.Progress().Finished < n-room {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	run := <-done
	checkInvariants(t, run)
	widenPorts(t)
	want := faultserver.Count{Fresh: room}
	if got, served := outcome(run, "ok", ""), serverCounts(t, server).ByKind[faultserver.OK]; got != want || served != want {
		t.Errorf("%+v ok, the server responded to %+v; want %+v", got, served, want)
	}
	expectNoPorts(t, run, server.Addr().String(), n-room)
}
