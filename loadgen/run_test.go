package loadgen_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
)

// TestMain allows many parallel tests even on few processors: most of the
// parallel tests wait for a request to time out.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		_ = flag.Set("test.parallel", "12")
	}
	goleak.VerifyTestMain(m)
}

// newLoad sets a timeout that no machine reaches, unless the test sets its own.
func newLoad(t *testing.T, cfg loadgen.Config) *loadgen.Load {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Minute
	}
	load, err := loadgen.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return load
}

// runLoad runs cfg and checks the invariants of every run.
func runLoad(t *testing.T, cfg loadgen.Config) *record.Run {
	t.Helper()
	run := newLoad(t, cfg).Run(t.Context())
	checkInvariants(t, run)
	return run
}

// onEngines runs a test on each engine that supports cleartext.
func onEngines(t *testing.T, test func(t *testing.T, engine record.Engine)) {
	t.Helper()
	for _, way := range cleartext() {
		t.Run(string(way.engine), func(t *testing.T) { test(t, way.engine) })
	}
}

// checkInvariants checks the identity, and every other count against it.
func checkInvariants(t *testing.T, run *record.Run) {
	t.Helper()
	c := run.Counts
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	byFate := map[string]int64{}
	for _, o := range run.Outcomes {
		byFate[o.Fate] += o.Count
	}
	want := map[string]int64{"ok": c.OK, "lost": c.Lost, "spoiled": c.Spoiled, "aborted": c.Aborted}
	for fate, n := range want {
		if byFate[fate] != n {
			t.Errorf("outcomes say %d %s, the counts %d", byFate[fate], fate, n)
		}
	}
	var responded int64
	for _, n := range run.Statuses {
		responded += n
	}
	if got := run.Latency.OK.Count + run.Latency.Unexpected.Count; got != responded {
		t.Errorf("%d latencies of %d responses", got, responded)
	}
	if got := run.Latency.Failed.Count; got != c.Lost+c.Spoiled-run.Latency.Unexpected.Count {
		t.Errorf("%d latencies of failures, counts %+v", got, c)
	}
	if run.Latency.OK.Count != c.OK {
		t.Errorf("%d ok latencies, %d ok", run.Latency.OK.Count, c.OK)
	}
	for _, p := range []*record.Latency{&run.Phases.DNS, &run.Phases.Connect, &run.Phases.TLS, &run.Phases.Send, &run.Phases.Wait, &run.Phases.Read} {
		if p.Count != responded || p.Count > 0 && p.Min < 0 {
			t.Errorf("phase with %d values from %d ns, %d responses", p.Count, p.Min, responded)
		}
	}
	var binned record.Counts
	for i := range run.Bins.List {
		b := &run.Bins.List[i]
		binned.Started += b.Started
		binned.OK += b.OK
		binned.Lost += b.LostCount()
		binned.Spoiled += b.Spoiled
		binned.Aborted += b.Aborted
	}
	binned.Planned, binned.Unsent = c.Planned, c.Unsent
	if binned != c {
		t.Errorf("bins hold %+v, the counts %+v", binned, c)
	}
	if got := int64(len(run.Lost)) + run.LostUnlisted; got != c.Lost {
		t.Errorf("%d lost requests listed or counted, %d lost", got, c.Lost)
	}
	for _, l := range run.Lost {
		if l.Start < 0 || l.End < l.Start || l.End > run.Duration {
			t.Errorf("lost request from %d to %d ns in a run of %d", l.Start, l.End, run.Duration)
		}
	}
}

func TestStoppedRun(t *testing.T) {
	onEngines(t, testStoppedRun)
}

func testStoppedRun(t *testing.T, engine record.Engine) {
	for name, tc := range map[string]struct {
		bound time.Duration
		stop  func(load *loadgen.Load, cancel func())
	}{
		"the bound is over": {time.Millisecond, func(_ *loadgen.Load, cancel func()) { cancel() }},
		"the bound is cut short": {time.Hour, func(load *loadgen.Load, cancel func()) {
			cancel()
			<-load.Over()
			load.Abort()
		}},
		"at once": {time.Hour, func(load *loadgen.Load, _ func()) { load.Abort() }},
	} {
		t.Run(name, func(t *testing.T) {
			const workers = 5
			server := startServer(t, faultserver.Always(faultserver.Silence))
			load := newLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 100, Workers: workers, DrainBound: tc.bound})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan *record.Run)
			go func() { done <- load.Run(ctx) }()
			for server.Counts().Requests < workers {
				time.Sleep(time.Millisecond) // polls for the state instead of guessing when it is reached
			}
			tc.stop(load, cancel)
			run := <-done
			checkInvariants(t, run)
			want := record.Counts{Planned: 100, Started: workers, Unsent: 100 - workers, Aborted: workers}
			if run.Counts != want || !run.Interrupted {
				t.Errorf("got %+v, interrupted %t; want %+v, true", run.Counts, run.Interrupted, want)
			}
		})
	}
}

// TestStoppedRunDrains: a response that arrives within the drain bound counts
// like any other.
func TestStoppedRunDrains(t *testing.T) {
	onEngines(t, testStoppedRunDrains)
}

func testStoppedRunDrains(t *testing.T, engine record.Engine) {
	release := make(chan struct{})
	var inFlight atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		inFlight.Add(1)
		<-release
	}))
	defer server.Close()
	load := newLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 10, Workers: 2, DrainBound: time.Minute})
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	for inFlight.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	load.Stop()
	<-load.Over()
	close(release)
	run := <-done
	checkInvariants(t, run)
	if want := (record.Counts{Planned: 10, Started: 2, Unsent: 8, OK: 2}); run.Counts != want {
		t.Errorf("got %+v; want %+v", run.Counts, want)
	}
}

func TestDurationDecides(t *testing.T) {
	onEngines(t, testDurationDecides)
}

func testDurationDecides(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 1, Workers: 3, Duration: time.Second})
	c := run.Counts
	if c.Planned != c.Started || c.Unsent != 0 || c.OK != serverCounts(t, server).Requests || c.OK < 2 {
		t.Errorf("got %+v; the server saw %d", c, serverCounts(t, server).Requests)
	}
	if run.Duration < int64(time.Second) {
		t.Errorf("lasted %v", time.Duration(run.Duration))
	}
}

func TestHeldLoadGoesOn(t *testing.T) {
	onEngines(t, testHeldLoadGoesOn)
}

func testHeldLoadGoesOn(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	load := newLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 10, Workers: 2})
	load.Hold()
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	for load.Progress().Finished < 50 {
		time.Sleep(time.Millisecond)
	}
	load.Release()
	run := <-done
	checkInvariants(t, run)
	if run.Counts.Planned < 50 || run.Counts.Unsent != 0 || run.Interrupted {
		t.Errorf("got %+v, interrupted %t", run.Counts, run.Interrupted)
	}
}

// TestRequestOnTheWire: net/http reads the request that nodrop sends.
func TestRequestOnTheWire(t *testing.T) {
	onEngines(t, testRequestOnTheWire)
}

func testRequestOnTheWire(t *testing.T, engine record.Engine) {
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	runLoad(t, loadgen.Config{
		Engine: engine,
		URL:    server.URL + "/a/b?c=d", Requests: 1, Workers: 1, Method: "PUT", Host: "shop.example",
		Fields: []loadgen.Field{{Name: "X-One", Value: "1"}}, Body: []byte("hello"), DisableKeepAlive: true,
	})
	if got.Method != "PUT" || got.Host != "shop.example" || got.URL.String() != "/a/b?c=d" || got.Header.Get("X-One") != "1" || !got.Close || string(body) != "hello" {
		t.Errorf("got %s %s Host %s %v close %t body %q", got.Method, got.URL, got.Host, got.Header, got.Close, body)
	}
}

func TestRedirects(t *testing.T) {
	onEngines(t, testRedirects)
}

func testRedirects(t *testing.T, engine record.Engine) {
	type seen struct{ Method, Path, Body, Auth string }
	var mu sync.Mutex
	var requests []seen
	handler := func(other string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mu.Lock()
			requests = append(requests, seen{r.Method, r.URL.Path, string(body), r.Header.Get("Authorization")})
			mu.Unlock()
			status, to := 200, ""
			switch {
			case strings.HasPrefix(r.URL.Path, "/status/"):
				status, _ = strconv.Atoi(r.URL.Path[len("/status/"):])
				to = "../end"
			case r.URL.Path == "/loop":
				status, to = 302, "/loop"
			case r.URL.Path == "/other":
				status, to = 307, other+"/end"
			case r.URL.Path == "/tls":
				status, to = 301, "https://"+r.Host
			}
			if to != "" {
				w.Header().Set("Location", to)
			}
			w.WriteHeader(status)
		}
	}
	second := httptest.NewServer(handler(""))
	defer second.Close()
	first := httptest.NewServer(handler(second.URL))
	defer first.Close()

	end := func(method, body, auth string) seen { return seen{method, "/end", body, auth} }
	tests := map[string]struct {
		path  string
		fate  string
		class string
		last  seen // the last request that the server saw
		off   bool
		count int
	}{
		"301 becomes GET":                     {path: "/status/301", fate: "ok", last: end("GET", "", "secret"), count: 2},
		"303 becomes GET":                     {path: "/status/303", fate: "ok", last: end("GET", "", "secret"), count: 2},
		"307 keeps method and body":           {path: "/status/307", fate: "ok", last: end("POST", "data", "secret"), count: 2},
		"308 keeps method and body":           {path: "/status/308", fate: "ok", last: end("POST", "data", "secret"), count: 2},
		"credentials stay with their host":    {path: "/other", fate: "ok", last: end("POST", "data", ""), count: 2},
		"no more than ten":                    {path: "/loop", fate: "lost", class: "head.other", last: seen{"GET", "/loop", "", "secret"}, count: 11},
		"a scheme that is not spoken":         {path: "/tls", fate: "lost", class: "tls.malformed", last: seen{"POST", "/tls", "data", "secret"}, count: 1},
		"off: the redirect itself is the end": {path: "/loop", fate: "ok", last: seen{"POST", "/loop", "data", "secret"}, off: true, count: 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			requests = nil
			run := runLoad(t, loadgen.Config{
				Engine: engine,
				URL:    first.URL + tc.path, Requests: 1, Workers: 1, Method: "POST", Body: []byte("data"),
				Fields: []loadgen.Field{{Name: "Authorization", Value: "secret"}}, DisableRedirects: tc.off,
			})
			if len(run.Outcomes) != 1 || run.Outcomes[0].Fate != tc.fate || run.Outcomes[0].Class.String() != tc.class {
				t.Errorf("outcomes %+v; want %s %s", run.Outcomes, tc.fate, tc.class)
			}
			if len(requests) != tc.count || requests[len(requests)-1] != tc.last {
				t.Errorf("got %d requests, the last %+v; want %d, %+v", len(requests), requests[len(requests)-1], tc.count, tc.last)
			}
		})
	}
}

func TestMaxBody(t *testing.T) {
	onEngines(t, testMaxBody)
}

func testMaxBody(t *testing.T, engine record.Engine) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Path[1:])
		_, _ = w.Write(make([]byte, n))
	}))
	defer server.Close()
	for size, want := range map[string]string{"1000": "ok ", "1001": "lost body.other", "5000000": "lost body.other"} {
		run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL + "/" + size, Requests: 4, Workers: 2, MaxBody: 1000})
		if o := run.Outcomes[0]; o.Fate+" "+o.Class.String() != want {
			t.Errorf("%s bytes: got %+v; want %s", size, run.Outcomes, want)
		}
	}
}

func TestConnectToTakesTurns(t *testing.T) {
	onEngines(t, testConnectToTakesTurns)
}

func testConnectToTakesTurns(t *testing.T, engine record.Engine) {
	var addrs []loadgen.ConnectTo
	var servers []*faultserver.Server
	for range 3 {
		s := startServer(t, faultserver.Always(faultserver.OK))
		servers = append(servers, s)
		addrs = append(addrs, loadgen.ConnectTo{Host: "gateway", Port: 80, Addr: s.Addr()})
	}
	run := runLoad(t, loadgen.Config{Engine: engine, URL: "http://gateway/", Requests: 90, Workers: 4, DisableKeepAlive: true, ConnectTo: addrs})
	for i, s := range servers {
		if n := serverCounts(t, s).Requests; n != 30 {
			t.Errorf("server %d got %d requests; want 30", i, n)
		}
	}
	if len(run.Endpoints) != 3 {
		t.Errorf("endpoints %+v; want 3", run.Endpoints)
	}
}

func TestEndpointHeaderNamesTheReplica(t *testing.T) {
	onEngines(t, testEndpointHeaderNamesTheReplica)
}

func testEndpointHeaderNamesTheReplica(t *testing.T, engine record.Engine) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Replica", []string{"a", "b"}[n.Add(1)%2])
	}))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 20, Workers: 1, EndpointHeader: "x-replica"})
	byName := map[string]int64{}
	for _, o := range run.Outcomes {
		byName[o.Endpoint] += o.Count
	}
	if diff := cmp.Diff(map[string]int64{"a": 10, "b": 10}, byName); diff != "" {
		t.Error(diff)
	}
}

// failing is an Endpoints whose look-ups fail.
type failing struct{ err error }

func (f failing) Next(context.Context) (*loadgen.Endpoint, error) { return nil, f.err }

func TestLookupFailures(t *testing.T) {
	onEngines(t, testLookupFailures)
}

func testLookupFailures(t *testing.T, engine record.Engine) {
	tests := map[string]struct {
		err   net.DNSError
		fate  string
		class string
	}{
		"not found is theirs": {net.DNSError{Err: "no such host", IsNotFound: true}, "lost", "dns.not-found"},
		"time-out is ours":    {net.DNSError{Err: "i/o timeout", IsTimeout: true}, "spoiled", "client.resolver"},
		"server failure":      {net.DNSError{Err: "server misbehaving", IsTemporary: true}, "lost", "dns.other"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			run := runLoad(t, loadgen.Config{Engine: engine, URL: "http://gateway/", Requests: 3, Workers: 1, Endpoints: failing{&tc.err}})
			o := run.Outcomes[0]
			if o.Fate != tc.fate || o.Class.String() != tc.class || o.Count != 3 || o.Endpoint != "" {
				t.Errorf("got %+v; want %s %s", o, tc.fate, tc.class)
			}
		})
	}
}

func TestNewRefusesWhatDoesNotResolve(t *testing.T) {
	_, err := loadgen.New(t.Context(), loadgen.Config{URL: "http://nowhere.invalid/", Workers: 1})
	if err == nil || !strings.HasPrefix(err.Error(), "nowhere.invalid: does not resolve") {
		t.Errorf("got %v", err)
	}
}

func TestLocalhostResolves(t *testing.T) {
	onEngines(t, testLocalhostResolves)
}

func testLocalhostResolves(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	url := "http://localhost:" + strconv.Itoa(int(server.Addr().Port())) + "/"
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 10, Workers: 1})
	if run.Counts.OK != 10 {
		t.Errorf("%+v: a name with one address where nothing listens must not lose requests", run.Counts)
	}
}

func TestRecordingRoundTrip(t *testing.T) {
	server := startServer(t, faultserver.Every(4, faultserver.EOFInBody))
	load := newLoad(t, loadgen.Config{URL: server.URL(), Requests: 200, Workers: 5})
	load.Marks().Add(record.Mark{Kind: record.MarkStep, Name: "step", Start: 1, End: 2})
	run := load.Run(t.Context())
	var buf bytes.Buffer
	if err := record.Write(&buf, &record.Recording{Format: record.Format, Runs: []*record.Run{run}}); err != nil {
		t.Fatal(err)
	}
	first := buf.String()
	back, err := stream.Read(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, back.Runs[0], cmpopts.IgnoreUnexported(record.Latency{})); diff != "" {
		t.Error(diff)
	}
	var again bytes.Buffer
	if err := record.Write(&again, back); err != nil {
		t.Fatal(err)
	}
	if again.String() != first {
		t.Error("the recording differs when written again")
	}
	for _, p := range []float64{50, 99, 100} {
		if got, want := back.Runs[0].Latency.OK.Percentile(p), run.Latency.OK.Percentile(p); got != want {
			t.Errorf("p%v: got %d; want %d", p, got, want)
		}
	}
}

func TestReadRecordingNamesWhatItIsNot(t *testing.T) {
	tests := map[string]struct{ file, want string }{
		"empty":        {"", "empty file, not a recording"},
		"text":         {"hello", "not a nodrop recording"},
		"other JSON":   {`{"a":1}`, "not a nodrop recording"},
		"newer":        {`{"format":"nodrop/2"}`, "recording has format nodrop/2; this version reads nodrop/1"},
		"cut":          {`{"format":"nodrop/1","runs":[`, "recording cut short"},
		"null run":     {`{"format":"nodrop/1","runs":[null]}`, "recording: run 0 is null"},
		"strange hist": {`{"format":"nodrop/1","runs":[{"latency":{"ok":{"count":3}}}]}`, "recording: latency histogram"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := stream.Read(strings.NewReader(tc.file))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v; want %s", err, tc.want)
			}
		})
	}
}

func TestCSVTellsEveryRequest(t *testing.T) {
	onEngines(t, testCSVTellsEveryRequest)
}

func testCSVTellsEveryRequest(t *testing.T, engine record.Engine) {
	var buf bytes.Buffer
	sink := stream.NewCSV(&buf)
	server := startServer(t, faultserver.Every(4, faultserver.EOFBeforeResponse))
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 40, Workers: 4, Sinks: []record.Sink{sink}})
	if err := sink.Close(&record.Recording{}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&buf).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0][:8], ","); got != "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset" {
		t.Errorf("header %s", got)
	}
	statuses := map[string]int64{}
	for _, row := range rows[1:] {
		statuses[row[6]+" "+row[8]+" "+row[9]]++
	}
	want := map[string]int64{"200 ok ": run.Counts.OK, "0 lost wait.eof": run.Counts.Lost}
	if diff := cmp.Diff(want, statuses); diff != "" || len(rows) != 41 {
		t.Errorf("%d rows: %s", len(rows), diff)
	}
}

func TestEndpointsAreAsked(t *testing.T) {
	onEngines(t, testEndpointsAreAsked)
}

func testEndpointsAreAsked(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	endpoint := &one{loadgen.Endpoint{Name: "gw-1", Addr: server.Addr()}}
	run := runLoad(t, loadgen.Config{Engine: engine, URL: "http://gateway/", Requests: 10, Workers: 2, Endpoints: endpoint, DisableKeepAlive: true})
	if run.Counts.OK != 10 || run.Endpoints[0].Name != "gw-1" || run.Endpoints[0].LastResponse < 0 {
		t.Errorf("%+v %+v", run.Counts, run.Endpoints)
	}
}

type one struct{ e loadgen.Endpoint }

func (o *one) Next(context.Context) (*loadgen.Endpoint, error) { return &o.e, nil }
