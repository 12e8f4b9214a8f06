package loadgen_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// contract lists, for each kind of treatment by the server, the classes as which
// a request may be lost; none for an accepted response. If only timing decides
// between two classes, both are listed and their sum is exact.
var contract = map[faultserver.Kind][]string{
	faultserver.OK:                  nil,
	faultserver.Chunked:             nil,
	faultserver.CloseDelimited:      nil,
	faultserver.Split:               nil,
	faultserver.Interim:             nil,
	faultserver.NoContent:           nil,
	faultserver.NotModified:         nil,
	faultserver.OKThenFIN:           nil,
	faultserver.OKThenRST:           nil,
	faultserver.Unavailable:         {"status.503"},
	faultserver.EarlyResponse:       {"status.413"},
	faultserver.EOFBeforeResponse:   {"wait.eof"},
	faultserver.ResetBeforeResponse: {"wait.reset"},
	faultserver.EOFInHead:           {"head.eof"},
	faultserver.ResetInHead:         {"head.reset"},
	faultserver.MalformedHead:       {"head.malformed"},
	faultserver.ResetAfterHead:      {"body.reset"},
	faultserver.EOFInBody:           {"body.eof"},
	faultserver.ResetInBody:         {"body.reset"},
	faultserver.EOFInChunk:          {"body.eof"},
	faultserver.EOFBeforeLastChunk:  {"body.eof"},
	faultserver.MalformedChunk:      {"body.malformed"},
	faultserver.Silence:             {"wait.timeout"},
	faultserver.SilenceInBody:       {"body.timeout"},
	faultserver.InterimFlood:        nil,
	faultserver.EndlessInterim:      {"head.malformed"},
	faultserver.LongField:           nil,
	faultserver.ManyFields:          nil,
	faultserver.SlowHead:            {"head.timeout"},
	faultserver.SlowBody:            {"body.timeout"},
	faultserver.Trailers:            nil,
	faultserver.MalformedTrailer:    {"body.malformed"},
	faultserver.Gzip:                nil,
	faultserver.BadGzip:             {"body.malformed"},
	faultserver.ShortGzip:           {"body.malformed"},
	faultserver.EOFInGzip:           {"body.eof"},
	faultserver.Continue:            nil,
	faultserver.ExpectationFailed:   {"status.417"},
	faultserver.EOFBeforeBody:       {"wait.eof"},
	faultserver.ResetBeforeBody:     {"wait.reset"},
	faultserver.EOFAfterContinue:    {"head.eof"},
	faultserver.EarlyResponseHeld:   {"status.413"},
	faultserver.EarlyResponseUnread: {"status.413"},
	faultserver.KeptOpen:            nil,
	faultserver.EOFCloseDelimited:   nil, // nobody can tell the difference
	faultserver.LooseHead:           nil,
	faultserver.LooseChunks:         nil,
	faultserver.HugeField:           {"head.malformed"},
	faultserver.SpeaksHTTP2:         {"head.malformed"},
	faultserver.SpeaksTLS:           {"head.malformed"},
	faultserver.BareBody:            {"head.malformed"},
	faultserver.NoEmptyLine:         {"head.malformed"},
	faultserver.PlainAsGzip:         {"body.malformed"},
	faultserver.PlainAsChunked:      {"body.malformed"},
}

// contractOfTLS lists kinds with other classes over TLS.
var contractOfTLS = map[faultserver.Kind][]string{
	faultserver.EOFCloseDelimited: {"body.eof"},
}

func contracted(kind faultserver.Kind, scheme string) []string {
	if classes, ok := contractOfTLS[kind]; ok && scheme == "https" {
		return classes
	}
	return contract[kind]
}

func schemeOf(run *record.Run) string {
	scheme, _, _ := strings.Cut(run.Settings.URL, ":")
	return scheme
}

// plans decide which requests get the kind: all, or every third, so that most
// get it on a connection that has carried a request before.
var plans = map[string]func(faultserver.Kind) faultserver.Plan{
	"always":     faultserver.Always,
	"each third": func(k faultserver.Kind) faultserver.Plan { return faultserver.Every(3, k) },
}

func TestContract(t *testing.T) {
	for _, kind := range faultserver.Kinds() {
		if _, ok := contract[kind]; !ok {
			t.Errorf("no contract for %v", kind)
			continue
		}
		for planName, plan := range plans {
			for _, keepAlive := range []bool{true, false} {
				for _, method := range []string{"GET", "POST"} {
					if method == "POST" && isSlow(kind) {
						continue // takes minutes, for the same response
					}
					if isHuge(kind) && (method == "POST" || !keepAlive || planName != "always") {
						continue // the same, and gigabytes of data
					}
					for _, way := range routes() {
						name := fmt.Sprintf("%v/%s/keepalive=%t/%s/%s", kind, planName, keepAlive, method, way)
						t.Run(name, func(t *testing.T) {
							t.Parallel()
							testKind(t, way, kind, plan(kind), keepAlive, method, contracted(kind, way.scheme))
						})
					}
				}
			}
		}
	}
}

func testKind(t *testing.T, way route, kind faultserver.Kind, plan faultserver.Plan, keepAlive bool, method string, want []string) {
	t.Helper()
	server := way.start(t, plan)
	cfg := loadgen.Config{URL: server.URL() + "/", Requests: 120, Workers: 6, Method: method, DisableKeepAlive: !keepAlive, TLS: trusting(t), Engine: way.engine}
	if way.scheme == "https" {
		cfg.Requests = 60 // each connection takes a millisecond of processor time
	}
	if method == "POST" {
		cfg.Body = []byte("a=1")
	}
	if isLarge(kind) || isHuge(kind) {
		cfg.Requests = 18
	}
	if isSilent(kind) {
		cfg.Requests, cfg.Timeout = 6, 10*time.Second // all other requests must finish well within this timeout
		if keepAlive && plan(0) != kind {
			cfg.Requests = 12 // so that connections are reused
		}
	}
	run := runLoad(t, cfg)
	counts := serverCounts(t, server)
	checkAgainstServer(t, run, counts, want)
}

// route is what the suite runs over: a scheme and an engine.
type route struct {
	scheme string
	engine record.Engine
}

func (r route) String() string { return r.scheme + "/" + string(r.engine) }

func routes() []route {
	list := []route{{"http", record.EnginePool}, {"https", record.EnginePool}}
	if runtime.GOOS == "linux" {
		list = append(list, route{"http", record.EngineLoop}, route{"https", record.EngineLoop})
	}
	return list
}

// eachEngine runs test with every engine of this system.
func eachEngine(t *testing.T, test func(t *testing.T, engine record.Engine)) {
	t.Helper()
	for _, way := range cleartext() {
		t.Run(string(way.engine), func(t *testing.T) { test(t, way.engine) })
	}
}

// cleartext are the routes without TLS.
func cleartext() []route {
	return slices.DeleteFunc(routes(), func(r route) bool { return r.scheme != "http" })
}

// certificate is the test servers' certificate, and a pool of authorities with
// it.
var certificate = sync.OnceValues(func() (tls.Certificate, *x509.CertPool) {
	cert, pool, err := faultserver.SelfSigned("127.0.0.1", "::1", "localhost", "gateway.example")
	if err != nil {
		panic(err)
	}
	return cert, pool
})

func trusting(t *testing.T) loadgen.TLS {
	t.Helper()
	_, roots := certificate()
	return loadgen.TLS{Roots: roots}
}

func (r route) start(t *testing.T, plan faultserver.Plan) *faultserver.Server {
	t.Helper()
	if r.scheme == "http" {
		return startServer(t, plan)
	}
	cert, _ := certificate()
	server, err := faultserver.StartTLS(plan, &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// trials is how many connections are made before the load.
func (r route) trials() int64 {
	if r.scheme == "https" {
		return 1
	}
	return 0
}

// isSilent reports whether a kind lasts until -t ends it.
func isSilent(k faultserver.Kind) bool {
	return k == faultserver.Silence || k == faultserver.SilenceInBody || isSlow(k)
}

// isSlow reports whether such a kind sends something from time to time.
func isSlow(k faultserver.Kind) bool {
	return k == faultserver.SlowHead || k == faultserver.SlowBody
}

// isLarge reports whether a kind sends more than 1 MB, and isHuge more than 10
// MB.
func isLarge(k faultserver.Kind) bool {
	return k == faultserver.LongField || k == faultserver.ManyFields
}

func isHuge(k faultserver.Kind) bool {
	return k == faultserver.EndlessInterim || k == faultserver.HugeField
}

// checkAgainstServer compares the run's counts by class and reuse with what the
// server did. They must agree exactly.
func checkAgainstServer(t *testing.T, run *record.Run, counts faultserver.Counts, want []string) {
	t.Helper()
	var ok, faults faultserver.Count
	for kind, n := range counts.ByKind {
		sum := &ok
		if len(contracted(kind, schemeOf(run))) > 0 {
			sum = &faults
		}
		sum.Fresh += n.Fresh
		sum.Reused += n.Reused
	}
	// A request that the server never saw was written to a kept-alive
	// connection while the server closed it: lost, reused.
	unseen := run.Counts.Started - counts.Requests - counts.AfterFIN
	if limit := counts.ByKind[faultserver.OKThenRST]; unseen < 0 || unseen > limit.Fresh+limit.Reused {
		t.Errorf("started %d, the server saw %d and %d after its FIN", run.Counts.Started, counts.Requests, counts.AfterFIN)
	}
	raced := unseen + counts.AfterFIN
	if got := outcome(run, "ok", ""); got != ok {
		t.Errorf("ok: got %+v; the server responded to %+v", got, ok)
	}
	faults.Reused += raced
	if raced > 0 {
		want = append(slices.Clone(want), "wait.eof", "wait.reset")
	}
	var got faultserver.Count
	for _, o := range run.Outcomes {
		if o.Fate != "lost" {
			continue
		}
		if !slices.Contains(want, o.Class.String()) {
			t.Errorf("%d lost as %s; want %v", o.Count, o.Class, want)
		}
		add(&got, o)
	}
	if got != faults {
		t.Errorf("lost: got %+v; the server made %+v", got, faults)
	}
	if run.Counts.Spoiled+run.Counts.Aborted+run.Counts.Unsent != 0 {
		t.Errorf("counts %+v: nothing should be spoiled, aborted or unsent", run.Counts)
	}
}

// outcome sums the outcomes of one fate and class over endpoints.
func outcome(run *record.Run, fate, class string) faultserver.Count {
	var n faultserver.Count
	for _, o := range run.Outcomes {
		if o.Fate == fate && (class == "" || o.Class.String() == class) {
			add(&n, o)
		}
	}
	return n
}

func add(n *faultserver.Count, o record.Outcome) {
	if o.Reused {
		n.Reused += o.Count
	} else {
		n.Fresh += o.Count
	}
}

func TestContractHead(t *testing.T) {
	for _, kind := range []faultserver.Kind{faultserver.OK, faultserver.Chunked, faultserver.NoContent, faultserver.NotModified, faultserver.Interim, faultserver.Gzip} {
		for _, way := range routes() {
			t.Run(kind.String()+"/"+way.String(), func(t *testing.T) {
				server := way.start(t, faultserver.Always(kind))
				run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 50, Workers: 5, Method: "HEAD", TLS: trusting(t), Engine: way.engine})
				checkAgainstServer(t, run, serverCounts(t, server), nil)
				if run.Counts.OK != 50 || run.Bytes != 0 {
					t.Errorf("got %d ok, %d body bytes; want 50, 0", run.Counts.OK, run.Bytes)
				}
			})
		}
	}
}

func TestContractKeptAlive(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			var all sync.WaitGroup // so that every worker gets a request, even a late one
			all.Add(4)
			server := way.start(t, func(seq int64) faultserver.Kind {
				if seq < 4 {
					all.Done()
					all.Wait()
				}
				return faultserver.OK
			})
			run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 100, Workers: 4, TLS: trusting(t), Engine: way.engine})
			counts := serverCounts(t, server)
			if counts.Connections != 4+way.trials() || run.Connections.Opened != 4 {
				t.Errorf("the server accepted %d connections, nodrop counted %d; want 4", counts.Connections, run.Connections.Opened)
			}
			if got, want := outcome(run, "ok", ""), (faultserver.Count{Fresh: 4, Reused: 96}); got != want {
				t.Errorf("got %+v; want %+v", got, want)
			}
		})
	}
}

// TestContractStale: a connection closed while idle is replaced, not lost.
// Stale and lost together are all connections that the server closed between
// requests.
func TestContractStale(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			server := way.start(t, faultserver.Always(faultserver.OKThenFIN))
			run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 60, Workers: 3, Rate: 100, TLS: trusting(t), Engine: way.engine})
			counts := serverCounts(t, server)
			checkAgainstServer(t, run, counts, nil)
			connections := counts.Connections - way.trials()
			// Each connection except the workers' last ones was used again:
			// stale, or lost.
			if got, want := run.Connections.Stale+run.Counts.Lost, connections-3; got < want || got > connections {
				t.Errorf("stale %d + lost %d; want %d to %d", run.Connections.Stale, run.Counts.Lost, want, connections)
			}
			if run.Connections.Stale == 0 {
				t.Error("no connection was found closed, at 100 ticks a second")
			}
		})
	}
}

// TestContractPeerClosesFirst: a server that is asked to close does so, and
// keeps the TIME_WAIT.
func TestContractPeerClosesFirst(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			server := way.start(t, faultserver.Always(faultserver.OK))
			run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 60, Workers: 3, DisableKeepAlive: true, TLS: trusting(t), Engine: way.engine})
			// If the FIN is very late, even for a busy machine, nodrop closes
			// the connection.
			if c := run.Connections; c.Waited+c.Ours != 60 || c.Waited < 30 || c.Surplus != 0 {
				t.Errorf("%+v; want 60 closed by the peer", c)
			}
		})
	}
}

func TestContractRefused(t *testing.T) {
	for _, way := range cleartext() {
		t.Run(way.String(), func(t *testing.T) {
			refused, err := faultserver.HoldRefused()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = refused.Close() })
			run := runLoad(t, loadgen.Config{URL: "http://" + refused.Addr().String() + "/", Requests: 200, Workers: 7, Engine: way.engine})
			if got, want := outcome(run, "lost", "connect.refused"), (faultserver.Count{Fresh: 200}); got != want {
				t.Errorf("got %+v; want %+v", got, want)
			}
			if len(run.Samples) != 1 {
				t.Fatalf("samples %+v; want one", run.Samples)
			}
			want := fmt.Sprintf(`Get "http://%[1]s/": dial tcp %[1]s: connect: connection refused`, refused.Addr())
			if got := run.Samples[0]; got.Text != want || got.Count != 200 {
				t.Errorf("got %d × %s\nwant 200 × %s", got.Count, got.Text, want)
			}
		})
	}
}

// TestContractAcceptQueue: connections that the kernel had accepted but no
// process had.
func TestContractAcceptQueue(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux reports the length of an accept queue")
	}
	for _, way := range cleartext() {
		t.Run(way.String(), func(t *testing.T) {
			const workers = 20
			queue, err := faultserver.NewAcceptQueue(64)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = queue.Kill() })
			load := newLoad(t, loadgen.Config{URL: "http://" + queue.Addr().String(), Requests: workers, Workers: workers, Engine: way.engine})
			done := make(chan *record.Run)
			go func() { done <- load.Run(t.Context()) }()
			for {
				waiting, err := queue.Waiting()
				if err != nil {
					t.Fatal(err)
				}
				if waiting == workers {
					break
				}
				runtime.Gosched()
			}
			if err := queue.Kill(); err != nil {
				t.Fatal(err)
			}
			run := <-done
			checkInvariants(t, run)
			for _, o := range run.Outcomes {
				if c := o.Class.String(); o.Reused || c != "wait.reset" && c != "connect.reset" {
					t.Errorf("unexpected outcome %+v", o)
				}
			}
			if run.Counts.Lost != workers {
				t.Errorf("lost %d; want %d", run.Counts.Lost, workers)
			}
		})
	}
}

func TestContractBlackHole(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux drops connections when the accept queue is full")
	}
	for _, way := range cleartext() {
		t.Run(way.String(), func(t *testing.T) {
			hole, err := faultserver.NewBlackHole()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = hole.Close() })
			run := runLoad(t, loadgen.Config{URL: "http://" + hole.Addr().String(), Requests: 4, Workers: 2, ConnectTimeout: 50 * time.Millisecond, Engine: way.engine})
			if got, want := outcome(run, "lost", "connect.timeout"), (faultserver.Count{Fresh: 4}); got != want {
				t.Errorf("got %+v (%+v); want %+v", got, run.Outcomes, want)
			}
			if text := run.Samples[0].Text; !strings.HasSuffix(text, ": i/o timeout") {
				t.Errorf("sample %q; want an i/o timeout", text)
			}
		})
	}
}

// TestContractExact: exactly n requests, not n/c*c, as hey sends.
func TestContractExact(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			server := way.start(t, faultserver.Always(faultserver.OK))
			run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 500, Workers: 120, DisableKeepAlive: true, TLS: trusting(t), Engine: way.engine})
			if counts := serverCounts(t, server); counts.Requests != 500 || run.Counts.OK != 500 {
				t.Errorf("the server saw %d, nodrop counted %d ok; want 500", counts.Requests, run.Counts.OK)
			}
		})
	}
}

var handshakeContract = map[faultserver.HandshakeFault]string{
	faultserver.HandshakeEOF:     "tls.eof",
	faultserver.HandshakeReset:   "tls.reset",
	faultserver.HandshakeSilence: "tls.timeout",
	faultserver.HandshakePlain:   "tls.malformed",
	faultserver.HandshakeAlert:   "tls.rejected",
}

// TestContractHandshake: every second handshake of the load gets the fault. The
// very first is the one before the load.
func TestContractHandshake(t *testing.T) { eachEngine(t, testContractHandshake) }

func testContractHandshake(t *testing.T, engine record.Engine) {
	for _, fault := range faultserver.HandshakeFaults() {
		want, ok := handshakeContract[fault]
		if !ok {
			t.Errorf("no contract for %v", fault)
			continue
		}
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			plan := func(seq int64) faultserver.HandshakeFault {
				if seq > 0 && seq%2 == 0 {
					return fault
				}
				return faultserver.HandshakeOK
			}
			cert, _ := certificate()
			server, err := faultserver.StartHandshakes(plan, faultserver.Always(faultserver.OK), &tls.Config{Certificates: []tls.Certificate{cert}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			cfg := loadgen.Config{URL: server.URL(), Requests: 40, Workers: 4, DisableKeepAlive: true, TLS: trusting(t), Engine: engine}
			if fault == faultserver.HandshakeSilence {
				// The request's timeout limits the handshake, not the
				// connection's.
				cfg.Requests, cfg.Workers, cfg.Timeout, cfg.ConnectTimeout = 8, 8, 10*time.Second, 5*time.Second
			}
			run := runLoad(t, cfg)
			n := cfg.Requests / 2
			if got, want := serverCounts(t, server).Handshakes, map[faultserver.HandshakeFault]int64{faultserver.HandshakeOK: n + 1, fault: n}; !maps.Equal(got, want) {
				t.Errorf("the server made %v; want %v", got, want)
			}
			if got, want := outcome(run, "ok", ""), (faultserver.Count{Fresh: n}); got != want {
				t.Errorf("ok: got %+v; want %+v", got, want)
			}
			if got, wantCount := outcome(run, "lost", want), (faultserver.Count{Fresh: n}); got != wantCount || run.Counts.Lost != n {
				t.Errorf("got %+v; want %d as %s", run.Outcomes, n, want)
			}
			for _, l := range run.Lost {
				if p := l.Class.Info().Processed; p != record.Never {
					t.Errorf("%s: processed %s", l.Class, p)
				}
				if took := time.Duration(l.End - l.Start); fault == faultserver.HandshakeSilence && took < cfg.Timeout-100*time.Millisecond {
					t.Errorf("timed out after %v; want -t, %v", took, cfg.Timeout)
				}
			}
			if len(run.Samples) != 1 {
				t.Errorf("samples %+v; want one", run.Samples)
			}
		})
	}
}

func startServer(t *testing.T, plan faultserver.Plan) *faultserver.Server {
	t.Helper()
	server, err := faultserver.Start(plan)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// serverCounts waits until the server has seen the end of every connection.
func serverCounts(t *testing.T, server *faultserver.Server) faultserver.Counts {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	return server.Counts()
}

// TestContractConnections: requests lost on the same connection can be
// distinguished from those lost on others.
func TestContractConnections(t *testing.T) {
	for _, tt := range []struct {
		kind        faultserver.Kind
		connections int64
	}{
		{faultserver.Unavailable, 4},        // the connection stays open
		{faultserver.EOFBeforeResponse, 40}, // each loss ends its connection
	} {
		for _, way := range cleartext() {
			t.Run(tt.kind.String()+"/"+way.String(), func(t *testing.T) {
				const workers = 4
				var first sync.WaitGroup // one request of each worker, so that no other can take its turn
				first.Add(workers)
				server := startServer(t, func(seq int64) faultserver.Kind {
					if seq < workers {
						first.Done()
						first.Wait()
					}
					return tt.kind
				})
				run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 40, Workers: workers, Engine: way.engine})
				numbers := map[int64]bool{}
				for _, l := range run.Lost {
					numbers[l.Connection] = true
				}
				if int64(len(numbers)) != tt.connections || numbers[0] || run.Connections.Opened != tt.connections {
					t.Errorf("got %d connections, %d opened; want %d", len(numbers), run.Connections.Opened, tt.connections)
				}
			})
		}
	}
}
