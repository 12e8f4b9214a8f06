package loadgen_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver/h2fault"
	"nodrop/loadgen/record"
)

// TestContractHTTP2: every fault that a server can make over HTTP/2, on every
// engine, with TLS and without: what the run counts is what the server did.
func TestContractHTTP2(t *testing.T) {
	for _, kind := range h2fault.Kinds() {
		for _, keepAlive := range []bool{true, false} {
			for _, body := range []bool{false, true} {
				if (!keepAlive || body) && (isLargeHTTP2(kind) || isHeldHTTP2(kind) && kind != h2fault.WindowShut) || !keepAlive && body {
					continue // the same, and slow
				}
				if body && kind == h2fault.Overflow {
					continue // what the bodies have used of the window leaves room for the update
				}
				for i, way := range routes() {
					if (!keepAlive || body || isLargeHTTP2(kind)) && (i+int(kind))%2 == 0 {
						continue // one route of each engine does
					}
					t.Run(fmt.Sprintf("%v/keepalive=%t/body=%t/%s", kind, keepAlive, body, way), func(t *testing.T) {
						t.Parallel()
						cfg := loadgen.Config{DisableKeepAlive: !keepAlive}
						if body {
							cfg.Method, cfg.Body = "POST", make([]byte, 100_000) // more than the windows that servers begin with
						}
						testKindOfHTTP2(t, way, kind, h2fault.Always(kind), cfg)
					})
				}
			}
		}
	}
}

// TestContractHTTP2Mixed: the same, where two of three streams or connections
// are as they should be.
func TestContractHTTP2Mixed(t *testing.T) {
	for _, kind := range h2fault.Kinds() {
		if isHeldHTTP2(kind) || isLargeHTTP2(kind) {
			continue
		}
		for i, way := range routes() {
			if (i+int(kind))%2 == 0 {
				continue
			}
			t.Run(fmt.Sprintf("%v/%s", kind, way), func(t *testing.T) {
				t.Parallel()
				testKindOfHTTP2(t, way, kind, h2fault.Every(3, kind), loadgen.Config{})
			})
		}
	}
}

func testKindOfHTTP2(t *testing.T, way route, kind h2fault.Kind, plan h2fault.Plan, cfg loadgen.Config) {
	t.Helper()
	server := startHTTP2(t, way.scheme, plan)
	cfg.URL, cfg.Requests, cfg.Workers, cfg.Streams = server.URL()+"/", 48, 8, 4
	cfg.TLS, cfg.Engine, cfg.HTTP2, cfg.Timeout = trusting(t), way.engine, loadgen.H2C, time.Minute
	if way.scheme == "https" {
		cfg.HTTP2 = loadgen.H2
	}
	switch {
	case isLargeHTTP2(kind): // takes long under the race detector
		cfg.Requests, cfg.Workers, cfg.Timeout = 2, 2, 10*time.Minute
	case isHeldHTTP2(kind):
		cfg.Requests, cfg.Timeout = 8, 3*time.Second
	}
	run := runLoad(t, cfg)
	checkAgainstHTTP2(t, run, waitHTTP2(t, server))
}

// isHeldHTTP2 reports whether a kind lasts until -t ends it.
func isHeldHTTP2(k h2fault.Kind) bool { return len(k.Says(h2fault.Held, false)) > 0 }

// isLargeHTTP2 reports whether a kind sends more than 1 MB.
func isLargeHTTP2(k h2fault.Kind) bool {
	return slices.Contains([]h2fault.Kind{
		h2fault.LongField, h2fault.ManyFields, h2fault.HugeField, h2fault.Bomb, h2fault.EndlessInterim, h2fault.EndlessHead,
		h2fault.EmptyContinuations, h2fault.EmptyDatas, h2fault.EndlessPings, h2fault.EndlessSettings,
	}, k)
}

func startHTTP2(t *testing.T, scheme string, plan h2fault.Plan) *h2fault.Server {
	t.Helper()
	start := func() (*h2fault.Server, error) { return h2fault.Start(plan) }
	if scheme == "https" {
		cert, _ := certificate()
		start = func() (*h2fault.Server, error) {
			return h2fault.StartTLS(plan, &tls.Config{Certificates: []tls.Certificate{cert}})
		}
	}
	server, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

func waitHTTP2(t *testing.T, server *h2fault.Server) h2fault.Counts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := server.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return server.Counts()
}

// checkAgainstHTTP2 compares what the run counted with what the server did.
func checkAgainstHTTP2(t *testing.T, run *record.Run, counts h2fault.Counts) {
	t.Helper()
	for _, v := range counts.Violations {
		if !strings.HasPrefix(v, `preface "\x16\x03`) { // the TLS handshake that is tried after a load without responses
			t.Errorf("the server says: %s", v)
		}
	}
	if counts.Late != 0 {
		t.Errorf("%d streams were opened after a GOAWAY had come", counts.Late)
	}
	var ok, faults h2fault.Count
	var want []string
	for kind, fates := range counts.ByKind {
		for fate, n := range fates {
			says := kind.Says(h2fault.Fate(fate), true) // also of a request that was not wholly written
			sum := &ok
			if len(says) > 0 && n.Total() > 0 {
				sum, want = &faults, append(want, says...)
			}
			sum.Fresh += n.Fresh
			sum.Reused += n.Reused
		}
	}
	if raised := counts.ByKind[h2fault.GoAwayRaised]; raised.Total() > 0 {
		return // whether the client ends the connection is up to it
	}
	got := outcome(run, "ok", "")
	if got.Fresh != ok.Fresh || got.Reused != ok.Reused {
		t.Errorf("ok: got %+v; the server responded to %+v", got, ok)
	}
	if counts.ByKind[h2fault.Mute].Total() > 0 {
		want = append(want, "send.timeout") // those that waited for SETTINGS
	}
	if counts.ByKind[h2fault.OKThenReset].Total()+counts.ByKind[h2fault.OKThenEOF].Total() > 0 {
		want = append(want, "wait.reset", "wait.eof", "send.reset") // written while the server closed the connection
	}
	unseen := run.Counts.Started - counts.Streams
	if unseen < 0 || unseen > 0 && len(want) == 0 {
		t.Errorf("started %d, the server saw %d", run.Counts.Started, counts.Streams)
	}
	if run.Counts.Lost != faults.Total()+unseen {
		t.Errorf("lost %d; the server made %d faults, and did not see %d requests", run.Counts.Lost, faults.Total(), unseen)
	}
	for _, o := range run.Outcomes {
		if o.Fate == "lost" && !slices.Contains(want, o.Class.String()) {
			t.Errorf("%d lost as %s; want %v", o.Count, o.Class, want)
		}
	}
	if run.Counts.Spoiled+run.Counts.Aborted+run.Counts.Unsent != 0 {
		t.Errorf("counts %+v: nothing should be spoiled, aborted or unsent", run.Counts)
	}
}
