package loadgen_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
)

// rawServer passes each connection to serve, which must not fail the test after
// the test has ended.
func rawServer(t *testing.T, serve func(c *net.TCPConn, in *bufio.Reader)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c.(*net.TCPConn), bufio.NewReader(c))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// awaitHead reads a request without a body.
func awaitHead(in *bufio.Reader) bool {
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == "\r\n" {
			return true
		}
	}
}

func write(c net.Conn, s string) { _, _ = c.Write([]byte(s)) }

// TestSlowPaceKeepsConnections: an interval longer than -t does not cost the
// connection.
func TestSlowPaceKeepsConnections(t *testing.T) {
	t.Parallel()
	onEngines(t, testSlowPaceKeepsConnections)
}

func testSlowPaceKeepsConnections(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 2, Workers: 1, Rate: 0.2, Timeout: 4 * time.Second})
	if c := run.Connections; c.Stale != 0 || c.Opened != 1 {
		t.Errorf("%+v; want one connection, kept", c)
	}
}

// TestIdle: for how long a kept connection had carried nothing is recorded of
// the request that finds it closed, but not of one that was redirected: its
// second hop follows at once.
func TestIdle(t *testing.T) {
	for name, first := range map[string]string{
		"kept":       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"redirected": "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, func(t *testing.T, engine record.Engine) {
				url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
					if awaitHead(in) {
						write(c, first)
						awaitHead(in) // the second request, which gets no response
					}
				})
				run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 2, Workers: 1, Rate: 1000})
				if len(run.Lost) == 0 {
					t.Fatalf("%+v; want a lost request", run.Counts)
				}
				for _, l := range run.Lost {
					if !l.Reused || (l.Idle > 0) != (name == "kept") || l.Redirected != (name == "redirected") {
						t.Errorf("%+v", l)
					}
				}
			})
		})
	}
}

// TestConnectionCloseField: after a request that asks the server to close, by any
// flag, the connection must not carry the next request.
func TestConnectionCloseField(t *testing.T) {
	onEngines(t, testConnectionCloseField)
}

func testConnectionCloseField(t *testing.T, engine record.Engine) {
	url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		for awaitHead(in) {
			write(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	run := runLoad(t, loadgen.Config{
		Engine: engine,
		URL:    url, Requests: 5, Workers: 1,
		Fields: []loadgen.Field{{Name: "connection", Value: "TE, Close"}},
	})
	if c := run.Connections; c.Opened != 5 || run.Counts.OK != 5 || run.Settings.KeepAlive {
		t.Errorf("%+v, keep-alive %t; want 5 connections, false", c, run.Settings.KeepAlive)
	}
}

// TestSurplusIsNoFIN: a body after the response to HEAD is surplus, in any
// segment; the peer has not closed.
func TestSurplusIsNoFIN(t *testing.T) {
	onEngines(t, testSurplusIsNoFIN)
}

func testSurplusIsNoFIN(t *testing.T, engine record.Engine) {
	url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		for awaitHead(in) {
			write(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n")
			write(c, "hello")
		}
	})
	const n = 50
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: n, Workers: 1, Method: "HEAD"})
	// Surplus that arrives after the wait for the FIN is never seen.
	if c := run.Connections; c.Surplus+c.Ours != n || c.Surplus < n/2 || c.Waited != 0 || c.Opened != n {
		t.Errorf("%+v; want %d with surplus, none closed by the peer", c, n)
	}
}

// TestLatencyEndsBeforeTheWaitForFIN: neither the latency nor the run includes
// that wait, even for a request that fails with a complete response: the last
// of too many redirects.
func TestLatencyEndsBeforeTheWaitForFIN(t *testing.T) {
	onEngines(t, testLatencyEndsBeforeTheWaitForFIN)
}

func testLatencyEndsBeforeTheWaitForFIN(t *testing.T, engine record.Engine) {
	url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		for n := 0; awaitHead(in); n++ {
			field := ""
			if n == 10 {
				field = "Connection: close\r\n" // but the server does not close
			}
			write(c, "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n"+field+"\r\n")
		}
	})
	began := time.Now()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 1, Workers: 1})
	if run.Counts.Lost != 1 || run.Connections.Ours != 1 {
		t.Fatalf("%+v %+v", run.Counts, run.Connections)
	}
	if wait := time.Since(began) - time.Duration(run.Duration); wait < 90*time.Millisecond {
		t.Errorf("%v passed outside the run; want 90ms or more: the wait for the FIN does not count", wait)
	}
}

// TestRedirectToNowhere: the hop that failed has no endpoint.
func TestRedirectToNowhere(t *testing.T) {
	onEngines(t, testRedirectToNowhere)
}

func testRedirectToNowhere(t *testing.T, engine record.Engine) {
	server := httptest.NewServer(http.RedirectHandler("http://nowhere.invalid/", http.StatusFound))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 1, Workers: 1})
	o := run.Outcomes[0]
	if o.Fate == "ok" || o.Endpoint != "" || o.Reused {
		t.Errorf("got %+v; want a failure on no endpoint", o)
	}
	if got := run.Samples[0].Text; !strings.HasPrefix(got, `Get "http://nowhere.invalid/": `) {
		t.Errorf("sample %s", got)
	}
}

// TestRedirectOddly: unescaped characters of a Location are escaped in the
// request line.
func TestRedirectOddly(t *testing.T) {
	onEngines(t, testRedirectOddly)
}

func testRedirectOddly(t *testing.T, engine record.Engine) {
	var got atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/ä b?ä b")
			w.WriteHeader(http.StatusFound)
			return
		}
		got.Store(r.RequestURI)
	}))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 1, Workers: 1})
	if run.Counts.OK != 1 || got.Load() != "/%C3%A4%20b?%C3%A4%20b" {
		t.Errorf("%+v, asked for %v", run.Counts, got.Load())
	}
}

// TestUserinfo: a URL's user and password become basic authentication, as in
// hey, and the password appears nowhere else.
func TestUserinfo(t *testing.T) {
	onEngines(t, testUserinfo)
}

func testUserinfo(t *testing.T, engine record.Engine) {
	var got atomic.Value
	var hang atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got.Store(r.Header.Get("Authorization"))
		if hang.Load() {
			panic(http.ErrAbortHandler)
		}
	}))
	defer server.Close()
	url := strings.Replace(server.URL, "http://", "http://user:secret@", 1)
	const basic = "Basic dXNlcjpzZWNyZXQ="
	runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 1, Workers: 1})
	if got.Load() != basic {
		t.Errorf("got %q; want %q", got.Load(), basic)
	}
	runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 1, Workers: 1, Fields: []loadgen.Field{{Name: "authorization", Value: "mine"}}})
	if got.Load() != "mine" {
		t.Errorf("got %q; want the -H field to win", got.Load())
	}
	hang.Store(true)
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 1, Workers: 1})
	if text := run.Samples[0].Text; !strings.HasPrefix(text, `Get "http://user:***@127.0.0.1`) {
		t.Errorf("sample %s", text)
	}
}

// waiting is an Endpoints that returns only when its context ends.
type waiting struct{ asked chan struct{} }

func (w waiting) Next(ctx context.Context) (*loadgen.Endpoint, error) {
	w.asked <- struct{}{}
	<-ctx.Done()
	return nil, &net.DNSError{Err: "gave up", UnwrapErr: ctx.Err()}
}

// TestAbortEndsLookups: at the drain bound, a request that has no connection
// yet is also aborted. Look-ups for each connection use the pool, because on
// the loop they would block other requests.
func TestAbortEndsLookups(t *testing.T) {
	const workers = 3
	endpoints := waiting{make(chan struct{})}
	load := newLoad(t, loadgen.Config{
		Engine: record.EnginePool, URL: "http://gateway/", Requests: 10, Workers: workers, Timeout: -1,
		DrainBound: time.Millisecond, Endpoints: endpoints,
	})
	done := make(chan *record.Run, 1)
	go func() { done <- load.Run(t.Context()) }()
	for range workers {
		<-endpoints.asked
	}
	load.Stop()
	select {
	case run := <-done:
		checkInvariants(t, run)
		if run.Counts.Aborted != workers || run.Counts.Started != workers {
			t.Errorf("%+v; want %d aborted", run.Counts, workers)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the run is still going on")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// TestBrokenSink: a sink that cannot be written to costs no request, and Close
// says so.
func TestBrokenSink(t *testing.T) {
	onEngines(t, testBrokenSink)
}

func testBrokenSink(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	sink := stream.NewCSV(brokenWriter{})
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 3000, Workers: 8, Sinks: []record.Sink{sink}})
	if run.Counts.OK != 3000 {
		t.Errorf("%+v", run.Counts)
	}
	if err := sink.Close(&record.Recording{}); err == nil {
		t.Error("Close returned no error")
	}
}

// compressing is a server whose responses have Content-Encoding gzip. The path
// names the kind of content.
func compressing(t *testing.T) *httptest.Server {
	t.Helper()
	text := []byte(strings.Repeat("nothing is lost until it is counted\n", 100_000))
	var gz bytes.Buffer
	w := gzip.NewWriter(&gz)
	_, _ = w.Write(text) // writes to memory cannot fail
	_ = w.Close()
	short := gz.Bytes()[:gz.Len()-5]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		switch r.URL.Path {
		case "/whole":
			_, _ = w.Write(gz.Bytes())
		case "/empty":
		case "/short":
			_, _ = w.Write(short)
		case "/part":
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(short)
		case "/unavailable":
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write(short)
		case "/another":
			w.Header().Set("Content-Encoding", "br")
			_, _ = w.Write(text)
		case "/twice":
			w.Header().Add("Content-Encoding", "br")
			_, _ = w.Write(text)
		case "/redirect":
			w.Header().Set("Location", "/whole")
			w.WriteHeader(http.StatusFound)
			_, _ = w.Write(short)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

// TestContentEncoding: content is checked if there is any and it is not a part
// of a whole (206).
func TestContentEncoding(t *testing.T) {
	onEngines(t, testContentEncoding)
}

func testContentEncoding(t *testing.T, engine record.Engine) {
	server := compressing(t)
	for _, tc := range []struct {
		method, path, want string
	}{
		{"GET", "/whole", "ok "},
		{"GET", "/empty", "ok "},
		{"GET", "/short", "lost body.malformed"},
		{"HEAD", "/short", "ok "},
		{"GET", "/part", "ok "},
		{"GET", "/unavailable", "lost body.malformed"},
		{"GET", "/another", "ok "},
		{"GET", "/twice", "ok "},
		{"GET", "/redirect", "lost body.malformed"},
	} {
		run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL + tc.path, Requests: 6, Workers: 2, Method: tc.method})
		if o := run.Outcomes[0]; o.Fate+" "+o.Class.String() != tc.want {
			t.Errorf("%s %s: got %+v; want %s", tc.method, tc.path, run.Outcomes, tc.want)
		}
		if tc.want == "lost body.malformed" && !strings.HasSuffix(run.Samples[0].Text, ": gzip: unexpected EOF") {
			t.Errorf("%s %s: sample %s", tc.method, tc.path, run.Samples[0].Text)
		}
	}
}

// TestContentIsCountedOnTheWire: bytes and --max-body count the bytes received,
// not their decompressed size.
func TestContentIsCountedOnTheWire(t *testing.T) {
	onEngines(t, testContentIsCountedOnTheWire)
}

func testContentIsCountedOnTheWire(t *testing.T, engine record.Engine) {
	server := compressing(t)
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL + "/whole", Requests: 6, Workers: 2, MaxBody: 100_000})
	if run.Counts.OK != 6 || run.Bytes == 0 || run.Bytes > 6*100_000 {
		t.Errorf("%+v, %d bytes", run.Outcomes, run.Bytes)
	}
}
