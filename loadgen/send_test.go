package loadgen_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

var expecting = []loadgen.Field{{Name: "expect", Value: "100-Continue"}}

// expectContract is the contract for requests that hold their body back: faults
// before the body is sent, and after the server has asked for it.
var expectContract = map[faultserver.Kind][]string{
	faultserver.Continue:          nil,
	faultserver.ExpectationFailed: {"status.417"},
	faultserver.EarlyResponse:     {"status.413"},
	faultserver.EOFBeforeBody:     {"wait.eof"},
	faultserver.ResetBeforeBody:   {"wait.reset"},
	faultserver.EOFAfterContinue:  {"wait.eof"},
}

func TestContractExpect(t *testing.T) {
	file := sparseFile(t, 2<<20)
	for kind, want := range expectContract {
		for _, keepAlive := range []bool{true, false} {
			for _, body := range []string{"memory", "file"} {
				for _, way := range routes()[:2] { // the pool's; the loop does not wait for a 100
					t.Run(fmt.Sprintf("%v/keepalive=%t/%s/%s", kind, keepAlive, body, way), func(t *testing.T) {
						t.Parallel()
						// Every second request, so that most get the fault on a
						// connection that has carried a request before.
						server := way.start(t, func(seq int64) faultserver.Kind {
							if seq%2 == 0 {
								return faultserver.Continue
							}
							return kind
						})
						cfg := loadgen.Config{
							URL: server.URL(), Requests: 12, Workers: 2, Method: "PUT", Fields: expecting,
							Body: []byte("hello"), DisableKeepAlive: !keepAlive, TLS: trusting(t),
						}
						if body == "file" {
							cfg.Body, cfg.BodyFile = nil, file
						}
						load := newLoad(t, cfg)
						load.AwaitContinue(patience) // the server decides when the wait ends
						run := load.Run(t.Context())
						checkInvariants(t, run)
						counts := serverCounts(t, server)
						checkExpected(t, run, counts, kind, want)
					})
				}
			}
		}
	}
}

// checkExpected: the counts for each kind match what the server did, no body
// was sent unless the server asked for it, and a response before the body ended
// its connection.
func checkExpected(t *testing.T, run *record.Run, counts faultserver.Counts, kind faultserver.Kind, want []string) {
	t.Helper()
	faults, ok := counts.ByKind[kind], counts.ByKind[faultserver.Continue]
	if kind == faultserver.Continue {
		faults = faultserver.Count{}
	}
	if got := outcome(run, "ok", ""); got != ok {
		t.Errorf("ok: got %+v; the server responded to %+v", got, ok)
	}
	if len(want) > 0 {
		if got := outcome(run, "lost", want[0]); got != faults {
			t.Errorf("%s: got %+v; the server made %+v: %+v", want[0], got, faults, run.Outcomes)
		}
	}
	if c := run.Counts; c.OK+c.Lost != 12 || c.Lost != faults.Fresh+faults.Reused {
		t.Errorf("%+v; the server made %+v", c, counts)
	}
	if counts.Unasked+counts.Malformed+counts.Incomplete != 0 {
		t.Errorf("the server received a body that it had refused: %+v", counts)
	}
	if want := int64(2) + faults.Fresh + faults.Reused; kind != faultserver.Continue && run.Settings.KeepAlive {
		if got := run.Connections.Opened; got > want || got < want-2 {
			t.Errorf("%d connections; want at most one for each worker and fault, %d", got, want)
		}
	}
}

// TestExpectWithoutContinue: a server that never sends a 100 gets the body
// after one second, also on a reused connection.
func TestExpectWithoutContinue(t *testing.T) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	run := runLoad(t, loadgen.Config{URL: server.URL(), Requests: 2, Workers: 1, Method: "PUT", Fields: expecting, Body: []byte("hello")})
	counts := serverCounts(t, server)
	if got, want := outcome(run, "ok", ""), counts.ByKind[faultserver.OK]; got != want || got.Reused != 1 || counts.Unasked != 0 {
		t.Errorf("got %+v; the server responded to %+v", got, counts)
	}
	if least := 2 * time.Second; time.Duration(run.Duration) < least {
		t.Errorf("took %v; want at least %v, one second each", time.Duration(run.Duration), least)
	}
}

// TestExpectIsBoundedByTimeout: a -t shorter than the wait for a 100 ends the
// wait.
func TestExpectIsBoundedByTimeout(t *testing.T) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	load := newLoad(t, loadgen.Config{URL: server.URL(), Requests: 2, Workers: 2, Method: "PUT", Fields: expecting, Body: []byte("hello"), Timeout: 5 * time.Second})
	load.AwaitContinue(patience)
	run := load.Run(t.Context())
	checkInvariants(t, run)
	counts := serverCounts(t, server)
	if got := outcome(run, "lost", "wait.timeout"); got.Fresh != 2 || counts.Incomplete != 2 {
		t.Errorf("got %+v; the server saw %+v; want 2 × wait.timeout, without their bodies", run.Outcomes, counts)
	}
}

// TestExpectWithoutBody: without a body, no request waits.
func TestExpectWithoutBody(t *testing.T) {
	onEngines(t, testExpectWithoutBody)
}

func testExpectWithoutBody(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	const n = 50
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: n, Workers: 1, Fields: expecting})
	if run.Counts.OK != n {
		t.Errorf("%+v; want %d ok", run.Outcomes, n)
	}
	if waits := n * time.Second; time.Duration(run.Duration) >= waits {
		t.Errorf("took %v; waiting a second for each takes %v", time.Duration(run.Duration), waits)
	}
}

// TestExpectHints: a 103 does not ask for the body, and a 100 is not the start
// of the response.
func TestExpectHints(t *testing.T) {
	var early atomic.Int64
	url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		for awaitHead(in) {
			write(c, "HTTP/1.1 103 Early Hints\r\n\r\n")
			_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			if _, err := in.Peek(1); err == nil {
				early.Add(1)
			}
			_ = c.SetReadDeadline(time.Time{})
			write(c, "HTTP/1.1 100 Continue\r\n\r\n")
			body := make([]byte, 5)
			if _, err := io.ReadFull(in, body); err != nil || string(body) != "hello" {
				return
			}
			write(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	load := newLoad(t, loadgen.Config{URL: url, Requests: 4, Workers: 1, Method: "PUT", Fields: expecting, Body: []byte("hello")})
	load.AwaitContinue(patience)
	run := load.Run(t.Context())
	if run.Counts.OK != 4 || early.Load() != 0 || run.Connections.Opened != 1 {
		t.Errorf("%+v on %d connections, %d bodies sent for a 103", run.Counts, run.Connections.Opened, early.Load())
	}
}

// TestExpectLeavesWithTheBody: a redirect that turns a PUT into a GET removes
// the Expect field; one that keeps the body keeps the field.
func TestExpectLeavesWithTheBody(t *testing.T) {
	for status, want := range map[int]string{http.StatusSeeOther: "GET  0", http.StatusTemporaryRedirect: "PUT 100-Continue 5"} {
		var got atomic.Value
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/to", status)
				return
			}
			got.Store(fmt.Sprintf("%s %s %d", r.Method, r.Header.Get("Expect"), len(body)))
		}))
		run := runLoad(t, loadgen.Config{URL: server.URL, Requests: 1, Workers: 1, Method: "PUT", Fields: expecting, Body: []byte("hello")})
		server.Close()
		if got.Load() != want || run.Counts.OK != 1 {
			t.Errorf("%d: got %v, %+v; want %s", status, got.Load(), run.Outcomes, want)
		}
	}
}

// sparseFile makes a file of size bytes that uses no disk space.
func sparseFile(t *testing.T, size int64) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, size); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestBodyFileIsStreamed: a large file is sent completely but not kept: it
// takes hardly more memory than a body of a few bytes. (Over TLS with the race
// detector, crypto/tls does not reuse its buffers, and the memory says
// nothing.)
func TestBodyFileIsStreamed(t *testing.T) {
	const size, requests = 64 << 20, 6
	server := startServer(t, faultserver.Always(faultserver.OK))
	cfg := loadgen.Config{URL: server.URL(), Requests: requests, Workers: 2, Method: "PUT", Timeout: time.Minute}
	memory := func() uint64 {
		load := newLoad(t, cfg)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		run := load.Run(t.Context())
		runtime.ReadMemStats(&after)
		checkInvariants(t, run)
		if run.Counts.OK != requests {
			t.Errorf("got %+v", run.Outcomes)
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	cfg.Body = []byte("small")
	small := memory()
	cfg.Body, cfg.BodyFile = nil, sparseFile(t, size)
	if large := memory(); large > small+2<<20 {
		t.Errorf("%d requests of %d bytes used %d bytes of memory; of 5 bytes, %d", requests, size, large, small)
	}
	if counts := serverCounts(t, server); counts.Requests != 2*requests || counts.Incomplete != 0 {
		t.Errorf("the server saw %+v", counts)
	}
}

// TestBodyFileArrives: every byte arrives in order, and again after a redirect.
func TestBodyFileArrives(t *testing.T) {
	var text strings.Builder
	for i := range 400_000 {
		fmt.Fprintf(&text, "%06d\n", i)
	}
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var right, wrong atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && string(body) == text.String() && r.ContentLength == int64(len(body)) {
			right.Add(1)
		} else {
			wrong.Add(1)
		}
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/to", http.StatusPermanentRedirect)
		}
	}))
	defer server.Close()
	run := runLoad(t, loadgen.Config{URL: server.URL, Requests: 6, Workers: 3, Method: "POST", BodyFile: file})
	if run.Counts.OK != 6 || right.Load() != 12 || wrong.Load() != 0 {
		t.Errorf("%+v; %d bodies arrived, %d did not; want 12, 0", run.Counts, right.Load(), wrong.Load())
	}
}

// TestBodyFileShrinks: a file that can no longer be read completely spoils the
// request.
func TestBodyFileShrinks(t *testing.T) {
	file := sparseFile(t, 2<<20)
	server := startServer(t, faultserver.Always(faultserver.OK))
	load := newLoad(t, loadgen.Config{URL: server.URL(), Requests: 10, Workers: 2, Method: "PUT", BodyFile: file})
	if err := os.Truncate(file, 1<<20); err != nil {
		t.Fatal(err)
	}
	run := load.Run(t.Context())
	checkInvariants(t, run)
	counts := serverCounts(t, server)
	if got := outcome(run, "spoiled", "client.body"); got.Fresh != 10 || run.Counts.Lost != 0 || counts.Incomplete != 10 {
		t.Errorf("got %+v, the server saw %+v; want 10 spoiled", run.Outcomes, counts)
	}
	want := fmt.Sprintf(`Put "%s": -D: %s: the file shrank during the load`, server.URL(), file)
	if len(run.Samples) != 1 || run.Samples[0].Text != want {
		t.Errorf("got %+v\nwant %s", run.Samples, want)
	}
}

// TestBodyFileRefused: New rejects a file that cannot be read for each request.
func TestBodyFileRefused(t *testing.T) {
	for _, file := range []string{t.TempDir(), filepath.Join(t.TempDir(), "absent")} {
		if _, err := loadgen.New(t.Context(), loadgen.Config{URL: "http://127.0.0.1:1/", BodyFile: file}); err == nil || !strings.HasPrefix(err.Error(), "body-file: ") {
			t.Errorf("%s: got %v; want an error that names the flag", file, err)
		}
	}
}
