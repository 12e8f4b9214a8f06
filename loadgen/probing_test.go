package loadgen_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// probeSink passes on each probe.
type probeSink struct{ probe func(*record.Probe) }

func (s probeSink) Begin(*record.Run) record.RunSink { return s }
func (probeSink) Close(*record.Recording) error      { return nil }
func (probeSink) Record(*record.Result, string)      {}
func (probeSink) End(*record.Run)                    {}
func (s probeSink) Probe(p *record.Probe)            { s.probe(p) }

// runProbed runs a load with probes, which lasts until one of them is the last
// that the test waits for.
func runProbed(t *testing.T, cfg loadgen.Config, last func(p *record.Probe) bool) *record.Run {
	t.Helper()
	if cfg.Probe == "" {
		cfg.Probe = loadgen.ProbeOn
	}
	var load *loadgen.Load
	var listed int
	cfg.Sinks = []record.Sink{probeSink{func(p *record.Probe) {
		listed++
		if last(p) {
			load.Release()
		}
	}}}
	cfg.Workers = max(cfg.Workers, 1)
	cfg.Requests, cfg.Rate = int64(cfg.Workers), 100
	load = newLoad(t, cfg)
	load.Hold()
	load.AwaitProbes(patience) // so that a busy machine spoils none
	run := load.Run(t.Context())
	checkInvariants(t, run)
	if listed != len(run.Probes) || listed == 0 {
		t.Fatalf("%d probes in the run, %d in the stream", len(run.Probes), listed)
	}
	if err := run.Validate(); err != nil {
		t.Error(err)
	}
	return run
}

// worked is true of the first probe that works.
func worked(p *record.Probe) bool { return p.Outcome == record.ProbeOK }

// only returns a function that is true once it has been called n times.
func only(n int) func(*record.Probe) bool {
	return func(*record.Probe) bool { n--; return n == 0 }
}

// firstCut is a plan that ends the first connection without a response.
func firstCut(seq int64) faultserver.Kind {
	if seq == 0 {
		return faultserver.EOFBeforeResponse
	}
	return faultserver.OK
}

// expectBeside compares what the server counted with the load and, beside it,
// the probes.
func expectBeside(t *testing.T, server *faultserver.Server, run *record.Run) {
	t.Helper()
	if err := server.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	var connected, asked int64
	for _, p := range run.Probes {
		if p.Connected > 0 {
			connected++
		}
		if p.Asked {
			asked++
		}
	}
	if run.ProbesUnlisted+run.ProbesSpoiled > 0 {
		t.Fatalf("%d unlisted and %d spoiled probes; want none", run.ProbesUnlisted, run.ProbesSpoiled)
	}
	counts := server.Counts()
	others := int64(0) // one handshake: before an https load, or after one to which nothing responded
	if strings.HasPrefix(server.URL(), "https:") || run.Counts.OK == 0 {
		others = 1
	}
	if want := run.Connections.Opened + connected + others; counts.Connections != want {
		t.Errorf("the server accepted %d connections; want %d of the load, %d of probes, %d others", counts.Connections, run.Connections.Opened, connected, others)
	}
	if want := run.Counts.Started + asked; counts.Requests != want {
		t.Errorf("the server got %d requests; want %d of the load, %d of probes", counts.Requests, run.Counts.Started, asked)
	}
}

// TestProbeOfOneConnection: one request is cut, and the probe shows that its
// endpoint works. The probe is in no count of the load.
func TestProbeOfOneConnection(t *testing.T) {
	onEngines(t, func(t *testing.T, engine record.Engine) {
		server := startServer(t, firstCut)
		run := runProbed(t, loadgen.Config{URL: server.URL(), Engine: engine}, worked)
		expectBeside(t, server, run)
		if run.Counts.Lost != 1 {
			t.Fatalf("%d lost; want 1", run.Counts.Lost)
		}
		first, last, lost := run.Probes[0], run.Probes[len(run.Probes)-1], run.Lost[0]
		if first.Loss != lost.End || first.Start < lost.End || first.Endpoint != lost.Endpoint || first.Through {
			t.Errorf("%+v after %+v", first, lost)
		}
		if last.Status != 200 || !last.Asked || last.Port == 0 || last.Connected < last.Start || last.End < last.Connected || last.Class != 0 {
			t.Errorf("%+v", last)
		}
	})
}

// TestProbeSendsNoPOST: it only connects where the method may change something.
func TestProbeSendsNoPOST(t *testing.T) {
	server := startServer(t, firstCut)
	run := runProbed(t, loadgen.Config{URL: server.URL(), Method: "POST", Body: []byte("order")}, worked)
	expectBeside(t, server, run)
	for _, p := range run.Probes {
		if p.Asked || p.Status != 0 || p.Connected == 0 {
			t.Errorf("%+v", p)
		}
	}
}

// TestProbeOverTLS: it uses the load's settings.
func TestProbeOverTLS(t *testing.T) {
	cert, pool := certificate()
	server, err := faultserver.StartTLS(firstCut, &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	run := runProbed(t, loadgen.Config{URL: server.URL(), TLS: loadgen.TLS{Roots: pool}}, worked)
	expectBeside(t, server, run)
}

// TestProbesOfAStoppedListener: every probe is refused, and they come less and
// less often.
func TestProbesOfAStoppedListener(t *testing.T) {
	onEngines(t, func(t *testing.T, engine record.Engine) {
		refused, err := faultserver.HoldRefused()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = refused.Close() })
		run := runProbed(t, loadgen.Config{URL: "http://" + refused.Addr().String(), Engine: engine}, only(3))
		for i, p := range run.Probes {
			if p.Outcome != record.ProbeRefused || p.Class.String() != "connect.refused" || p.Connected != 0 || p.Port != 0 || (p.Loss > 0) != (i == 0) {
				t.Errorf("probe %d: %+v", i, p)
			}
			if pause := 50 * time.Millisecond << max(i-1, 0); i > 0 && i < 4 && time.Duration(p.Start-run.Probes[i-1].End) < pause {
				t.Errorf("probe %d came sooner than %v after the one before", i, pause)
			}
		}
		if run.Connections.Opened != 0 || run.Counts.Lost != run.Counts.Started {
			t.Errorf("%+v %+v", run.Connections, run.Counts)
		}
	})
}

// TestProbeOfAStuckProcess: it is connected, and gets no response in time.
func TestProbeOfAStuckProcess(t *testing.T) {
	server := startServer(t, faultserver.Always(faultserver.Silence))
	stuck := func(p *record.Probe) bool { return p.Class == record.NewClass(record.StageWait, record.CauseTimeout) }
	run := runProbed(t, loadgen.Config{URL: server.URL(), Timeout: 300 * time.Millisecond}, stuck)
	for _, p := range run.Probes { // a busy machine may not even connect in time, before and after
		if stuck(&p) {
			if p.Outcome != record.ProbeTimeout || p.Connected == 0 || !p.Asked || p.Status != 0 {
				t.Errorf("%+v", p)
			}
			return
		}
	}
	t.Errorf("no probe is connected and gets no response: %+v", run.Probes)
}

// TestProbesOfOneOfTwo: only the endpoint that loses requests is probed.
func TestProbesOfOneOfTwo(t *testing.T) {
	onEngines(t, func(t *testing.T, engine record.Engine) {
		server := startServer(t, faultserver.Always(faultserver.OK))
		refused, err := faultserver.HoldRefused()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = refused.Close() })
		run := runProbed(t, loadgen.Config{
			URL: "http://gateway.example/", Engine: engine, DisableKeepAlive: true,
			ConnectTo: []loadgen.ConnectTo{{Addr: server.Addr()}, {Addr: refused.Addr()}},
		}, only(3))
		for _, p := range run.Probes {
			if p.Endpoint != refused.Addr().String() || p.Outcome != record.ProbeRefused {
				t.Errorf("%+v", p)
			}
		}
		if err := server.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := server.Counts().Connections; n != run.Connections.Opened {
			t.Errorf("the endpoint that works accepted %d connections; want %d", n, run.Connections.Opened)
		}
	})
}

// TestProbesThroughAnAddress: a replica that a response names is reached through
// the load's address only, even if its name is an address. So is a target
// behind a proxy.
func TestProbesThroughAnAddress(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Replica", "192.0.2.7:80")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	proxy, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(server.Listener.Addr().String()).String()
	for name, tc := range map[string]struct {
		cfg               loadgen.Config
		endpoint, replica string
	}{
		"replica":     {loadgen.Config{URL: server.URL, EndpointHeader: "X-Replica"}, "192.0.2.7:80", "192.0.2.7:80"},
		"one of many": {loadgen.Config{URL: server.URL, Replicas: 3}, address, ""},
		"proxy":       {loadgen.Config{URL: "http://gateway.example/", Proxy: proxy}, address, ""},
	} {
		t.Run(name, func(t *testing.T) {
			run := runProbed(t, tc.cfg, only(2))
			for _, p := range run.Probes {
				if !p.Through || p.Endpoint != tc.endpoint {
					t.Errorf("%+v", p)
				}
				if p.Outcome == record.ProbeHTTPError && (p.Status != 503 || p.Replica != tc.replica) {
					t.Errorf("%+v", p)
				}
			}
		})
	}
}

// TestProbeModes: without an event, only --probe on probes.
func TestProbeModes(t *testing.T) {
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	for _, tc := range []struct {
		mode   loadgen.ProbeMode
		event  bool
		probes bool
	}{
		{loadgen.ProbeAuto, false, false},
		{"", false, false},
		{loadgen.ProbeOff, true, false},
		{loadgen.ProbeAuto, true, true},
		{loadgen.ProbeOn, false, true},
	} {
		cfg := loadgen.Config{URL: "http://" + refused.Addr().String(), Probe: tc.mode, Event: tc.event}
		if tc.probes {
			runProbed(t, cfg, only(1))
			continue
		}
		cfg.Requests, cfg.Workers = 50, 5
		if run := runLoad(t, cfg); run.Counts.Lost != 50 || len(run.Probes) > 0 || run.ProbesUnlisted > 0 || run.ProbesSpoiled > 0 {
			t.Errorf("mode %q, event %t: %+v, probes %+v", tc.mode, tc.event, run.Counts, run.Probes)
		}
	}
}

// TestProbeModeUnknown: a mode that does not exist is the user's mistake.
func TestProbeModeUnknown(t *testing.T) {
	o := loadgen.DefaultOptions()
	o.Probe = "maybe"
	if _, err := o.Config("http://127.0.0.1:1/"); err == nil || err.Error() != `probe "maybe": want one of auto, on, off` {
		t.Errorf("got %v", err)
	}
}
