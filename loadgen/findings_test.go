package loadgen_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis"
)

// outage is ten endpoints in turn, of which the first few have a bad address
// for a while: from the 60th connection until the intended number of losses.
type outage struct {
	good   netip.AddrPort
	bad    netip.AddrPort
	broken int
	losses int

	mu    sync.Mutex // guards all below
	n     int
	begin time.Time   // of the outage
	met   []time.Time // when connections got the bad address
	end   time.Time   // of the outage; set when it is over
}

func (o *outage) Next(context.Context) (*loadgen.Endpoint, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := o.n % 10
	o.n++
	e := &loadgen.Endpoint{Name: fmt.Sprintf("gw-%d", i+1), Addr: o.good}
	now := time.Now()
	switch {
	case o.n < 60 || i >= o.broken || !o.end.IsZero():
		return e, nil
	case o.begin.IsZero():
		o.begin = now
	case len(o.met) == o.losses:
		o.end = now
		return e, nil
	}
	o.met = append(o.met, now)
	e.Addr = o.bad
	return e, nil
}

// found builds the report of one run and checks the run's invariants.
func found(t *testing.T, run *record.Run) report.RunReport {
	t.Helper()
	checkInvariants(t, run)
	one := report.Build(&record.Recording{Format: record.Format, Runs: []*record.Run{run}}).Runs[0]
	if len(one.Findings) == 0 {
		t.Fatal("no finding")
	}
	return one
}

// runOutage paces the load so that losses a second apart are one window,
// because the machine may pause for that long.
func runOutage(t *testing.T, o *outage, cfg loadgen.Config) (*loadgen.Load, *record.Run) {
	t.Helper()
	server := startServer(t, faultserver.Always(faultserver.OK))
	o.good = netip.MustParseAddrPort(server.Addr().String())
	cfg.URL, cfg.Endpoints, cfg.DisableKeepAlive = "http://gateway/", o, true
	cfg.Requests, cfg.Workers, cfg.Rate = 300, 40, 100./40
	load := newLoad(t, cfg)
	run := load.Run(t.Context())
	if o.end.IsZero() {
		t.Fatal("the load ended before the outage did")
	}
	return load, run
}

// checkWindow: one window holds every connection to the bad address, and begins
// with the first of them.
func checkWindow(t *testing.T, load *loadgen.Load, o *outage, run *record.Run, loss analysis.Loss) {
	t.Helper()
	if len(loss.Windows) != 1 || loss.Windows[0].Lost != int64(o.losses) {
		t.Fatalf("got windows %+v; want one with %d lost", loss.Windows, o.losses)
	}
	w, names := loss.Windows[0], []string{"gw-1", "gw-2", "gw-3"}[:o.broken]
	if !slices.Equal(w.Endpoints, names) {
		t.Errorf("got endpoints %v; want %v", w.Endpoints, names)
	}
	first := run.Lost[0].Start
	for i := range run.Lost {
		first = min(first, run.Lost[i].Start)
	}
	if led := load.Since(o.met[0]); w.Begin != first || w.Begin > led {
		t.Errorf("the window begins at %d; want %d, before the first was steered away at %d", w.Begin, first, led)
	}
}

// TestFindsRefusals: 3 of 10 endpoints refuse for a while.
func TestFindsRefusals(t *testing.T) {
	t.Parallel()
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	o := &outage{bad: refused.Addr(), broken: 3, losses: 30}
	load, run := runOutage(t, o, loadgen.Config{})
	r := found(t, run)
	checkWindow(t, load, o, run, r.Loss)
	f := r.Findings[0]
	w := r.Loss.Windows[0]
	if f.Rule != "connections-refused" || f.Confidence != diagnosis.CannotTell || f.Lost != int64(len(o.met)) || f.Measured != w.End-w.Begin {
		t.Errorf("without marks: got %+v; want refusals over the whole window, and an unknown cause", f)
	}
	if last := load.Since(o.met[len(o.met)-1]); w.End < last {
		t.Errorf("the window ends at %d; want %d or later, when the last was refused", w.End, last)
	}

	begin, end := load.Since(o.begin), load.Since(o.end)
	for _, name := range w.Endpoints {
		for _, m := range []record.Mark{
			{Kind: record.MarkTerminating, Start: begin}, {Kind: record.MarkListenerClosed, Start: begin}, {Kind: record.MarkEndpointRemoved, Start: end},
		} {
			m.Name, m.Endpoint, m.End = m.Kind.Of(name), name, m.Start
			run.Marks = append(run.Marks, m)
		}
	}
	record.SortMarks(run.Marks)
	f = found(t, run).Findings[0]
	if f.Rule != "listener-closed-before-removal" || f.Confidence != diagnosis.Shown || f.Measured != end-begin || f.Needed != end-begin {
		t.Errorf("with marks: got %+v; want an overlap of %d", f, end-begin)
	}
}

// TestFindsBlackHole: an address that drops packets for a while is located by the
// start of the attempts, not by their timeout seconds later.
func TestFindsBlackHole(t *testing.T) {
	t.Parallel()
	hole, err := faultserver.NewBlackHole()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hole.Close() })
	o := &outage{bad: hole.Addr(), broken: 1, losses: 12}
	load, run := runOutage(t, o, loadgen.Config{ConnectTimeout: 5 * time.Second})
	r := found(t, run)
	checkWindow(t, load, o, run, r.Loss)
	f, w := r.Findings[0], r.Loss.Windows[0]
	if f.Rule != "packets-dropped" || f.Lost != int64(len(o.met)) || f.Measured != w.End-w.Begin {
		t.Errorf("got %+v; want attempts dropped over the whole window", f)
	}
	if after := load.Since(o.end); w.End > after {
		t.Errorf("the window ends at %d, after the outage did at %d: it must not include the timeout", w.End, after)
	}
}

// TestFindsKilled: 40 requests are in flight when the process exits.
func TestFindsKilled(t *testing.T) {
	const inFlight = 40
	var waiting atomic.Int64
	full, kill := make(chan struct{}), make(chan struct{})
	url := rawServer(t, func(_ *net.TCPConn, in *bufio.Reader) {
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		if waiting.Add(1) == inFlight {
			close(full)
		}
		<-kill
	})
	load, server := newLoad(t, loadgen.Config{URL: url, Requests: inFlight, Workers: inFlight}), strings.TrimPrefix(url, "http://")
	go func() {
		<-full
		at := load.Since(time.Now())
		load.Marks().Add(record.Mark{Kind: record.MarkExited, Name: record.MarkExited.Of(server), Endpoint: server, Start: at, End: at})
		close(kill)
	}()
	run := load.Run(t.Context())
	f := found(t, run).Findings[0]
	if f.Rule != "killed-in-flight" || f.Lost != inFlight || f.Confidence != diagnosis.Shown || f.Measured != longest(run) {
		t.Errorf("with the mark: got %+v; want 40 killed, the longest after %d", f, longest(run))
	}
	run.Marks = nil
	f = found(t, run).Findings[0]
	if f.Rule != "cut-in-flight" || f.Lost != inFlight || f.Confidence != diagnosis.CannotTell || f.Measured != longest(run) {
		t.Errorf("without the mark: got %+v; want an unknown cause", f)
	}
}

func longest(run *record.Run) int64 {
	var most int64
	for _, l := range run.Lost {
		most = max(most, l.End-l.Start)
	}
	return most
}

// TestFindsErrorResponses: a gateway without an upstream for a while answers
// with errors.
func TestFindsErrorResponses(t *testing.T) {
	var n, made atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if at := n.Add(1); at <= 200 || at > 260 {
			return
		}
		made.Add(1)
		w.Header().Set("Server", "envoy")
		w.WriteHeader(503)
		fmt.Fprint(w, "no healthy upstream")
	}))
	t.Cleanup(server.Close)
	r := found(t, newLoad(t, loadgen.Config{URL: server.URL, Requests: 500, Workers: 10}).Run(t.Context()))
	f := r.Findings[0]
	// On a slow machine, the outage lasts long enough to be one of everything.
	known := f.Rule == "error-answered" || f.Rule == "no-upstream-left"
	if !known || f.Lost != made.Load() || f.Lost != 60 || f.Confidence != diagnosis.Likely || f.Measured != r.Loss.Windows[len(r.Loss.Windows)-1].End-r.Loss.Windows[0].Begin {
		t.Errorf("got %+v; want 60 responses from Envoy in the windows", f)
	}
}

// TestFindsRefusedWhileDraining: a server answers 60 requests with 503 after its
// stop signal.
func TestFindsRefusedWhileDraining(t *testing.T) {
	var running atomic.Pointer[loadgen.Load]
	var n, made atomic.Int64
	var signal sync.Once
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := n.Add(1); at <= 200 || at > 260 {
			return
		}
		signal.Do(func() {
			load := running.Load()
			at := load.Since(time.Now())
			load.Marks().Add(record.Mark{Kind: record.MarkSignalled, Name: record.MarkSignalled.Of(r.Host), Endpoint: r.Host, Start: at, End: at})
		})
		made.Add(1)
		w.WriteHeader(503)
	}))
	t.Cleanup(server.Close)
	load := newLoad(t, loadgen.Config{URL: server.URL, Requests: 500, Workers: 10})
	running.Store(load)
	run := load.Run(t.Context())
	f := found(t, run).Findings[0]
	if f.Code != diagnosis.RefusedWhenDraining || f.Lost != made.Load() || f.Lost != 60 || f.Confidence != diagnosis.Shown {
		t.Errorf("with the mark: got %+v; want 60 refused after the signal", f)
	}
	run.Marks = nil
	f = found(t, run).Findings[0]
	if f.Code != diagnosis.GatewayError || f.Lost != 60 || f.Confidence != diagnosis.CannotTell {
		t.Errorf("without the mark: got %+v; want an unknown cause", f)
	}
}

// TestFindsKeptAlive: the server closes each connection without notice when the
// third request arrives.
func TestFindsKeptAlive(t *testing.T) {
	var cut atomic.Int64
	url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		for range 2 {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			time.Sleep(50 * time.Millisecond) // a response takes that long, a cut does not
			_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
		}
		if _, err := http.ReadRequest(in); err == nil {
			cut.Add(1)
		}
	})
	run := newLoad(t, loadgen.Config{URL: url, Requests: 60, Workers: 3, Rate: 10}).Run(t.Context())
	for i := range run.Lost { // each was cut at once, which a busy machine notices later
		run.Lost[i].End = run.Lost[i].Start + int64(50*time.Microsecond)
	}
	r := found(t, run)
	f := r.Findings[0]
	if f.Rule != "kept-alive-closed-without-notice" || f.Lost != cut.Load() || f.Lost == 0 || f.Confidence != diagnosis.Likely || r.Loss.Hidden != f.Lost {
		t.Errorf("got %+v, %d hidden; want %d closed without notice, all hidden by clients that retry", f, r.Loss.Hidden, cut.Load())
	}
}
