package loadgen_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// lean is a server that allocates nothing, for tests that count nodrop's
// allocations. It serves one connection at a time.
func lean(tb testing.TB) string {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, 100)
	}
	if err != nil {
		tb.Fatal(err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	tb.Cleanup(func() {
		_ = unix.Shutdown(fd, unix.SHUT_RDWR) // ends accept
		<-done
		_ = unix.Close(fd)
	})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		response := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		for {
			c, _, errno := unix.Syscall(unix.SYS_ACCEPT, uintptr(fd), 0, 0)
			if errno == unix.EINTR {
				continue
			}
			if errno != 0 {
				return
			}
			for {
				n, err := unix.Read(int(c), buf)
				if n <= 0 || err != nil {
					break
				}
				if _, err := unix.Write(int(c), response); err != nil || bytes.Contains(buf[:n], []byte("Connection: close")) {
					break
				}
			}
			_ = unix.Close(int(c))
		}
	}()
	return fmt.Sprintf("http://127.0.0.1:%d/", sa.(*unix.SockaddrInet4).Port)
}

// TestLoopAllocatesNothing: except for time bins, with any number of requests.
func TestLoopAllocatesNothing(t *testing.T) {
	for _, closing := range []bool{false, true} {
		t.Run(fmt.Sprintf("close=%t", closing), func(t *testing.T) {
			load := newLoad(t, loadgen.Config{Engine: record.EngineLoop, URL: lean(t), Requests: 1, Workers: 1, DisableKeepAlive: closing, CPUs: 1})
			load.Hold()
			done := make(chan *record.Run)
			go func() { done <- load.Run(t.Context()) }()
			await := func(n int64) {
				for load.Progress().Finished < n {
					time.Sleep(time.Millisecond) // polls for the count instead of guessing when it is reached
				}
			}
			const warm, n = 200, 2000
			await(warm)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := load.Progress()
			await(began.Finished + n)
			ended := load.Progress()
			runtime.ReadMemStats(&after)
			load.Release()
			checkInvariants(t, <-done)
			bins := int64((ended.Elapsed-began.Elapsed)/(5*time.Millisecond)) + 1
			got := int64(after.Mallocs - before.Mallocs)
			if most := 2*bins + 50; got > most {
				t.Errorf("%d allocations for %d requests in %d bins; want %d at most", got, ended.Finished-began.Finished, bins, most)
			}
		})
	}
}

func BenchmarkEngines(b *testing.B) {
	for _, engine := range []record.Engine{record.EngineLoop, record.EnginePool} {
		for _, closing := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/close=%t", engine, closing), func(b *testing.B) {
				url := lean(b)
				load, err := loadgen.New(b.Context(), loadgen.Config{Engine: engine, URL: url, Requests: int64(b.N), Workers: 1, DisableKeepAlive: closing})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				b.ResetTimer()
				if run := load.Run(b.Context()); run.Counts.OK != int64(b.N) {
					b.Errorf("%+v", run.Counts)
				}
			})
		}
	}
}

// TestEnginesSayTheSame: the same failures have the same classes and texts.
func TestEnginesSayTheSame(t *testing.T) {
	hole, err := faultserver.NewBlackHole()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hole.Close() })
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	fault := func(k faultserver.Kind) string { return startServer(t, faultserver.Always(k)).URL() }
	tests := map[string]loadgen.Config{
		"refused":                {URL: "http://" + refused.Addr().String()},
		"a connection too slow":  {URL: "http://" + hole.Addr().String(), ConnectTimeout: 50 * time.Millisecond},
		"a request too slow":     {URL: "http://" + hole.Addr().String(), Timeout: 50 * time.Millisecond},
		"reset before an answer": {URL: fault(faultserver.ResetBeforeResponse)},
		"reset in the body":      {URL: fault(faultserver.ResetInBody)},
		"end of the answer":      {URL: fault(faultserver.EOFInHead)},
		"malformed head":         {URL: fault(faultserver.MalformedHead)},
		"malformed body":         {URL: fault(faultserver.MalformedChunk)},
		"malformed content":      {URL: fault(faultserver.BadGzip)},
		"silence":                {URL: fault(faultserver.Silence), Timeout: 3 * time.Second},
		"silence in the body":    {URL: fault(faultserver.SilenceInBody), Timeout: 3 * time.Second},
		"too long":               {URL: fault(faultserver.OK), MaxBody: 1},
		"an error":               {URL: fault(faultserver.Unavailable)},
		"a path too long":        {URL: "http://gateway/", UnixSocket: "/" + strings.Repeat("x", 200)},
		"no such path":           {URL: "http://gateway/", UnixSocket: "/nowhere"},
		"no route":               {URL: "http://[ff02::1%25lo]:81/"},
	}
	for name, cfg := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			type said struct {
				Outcomes  []record.Outcome
				Samples   []record.Sample
				Responses []record.ErrorResponse
			}
			var runs []said
			for _, engine := range []record.Engine{record.EnginePool, record.EngineLoop} {
				cfg := cfg
				cfg.Engine, cfg.Requests, cfg.Workers, cfg.DisableKeepAlive = engine, 6, 2, true
				run := runLoad(t, cfg)
				if run.Settings.Engine != engine {
					t.Errorf("the %s ran; want the %s", run.Settings.Engine, engine)
				}
				runs = append(runs, said{run.Outcomes, run.Samples, run.Responses})
			}
			if diff := cmp.Diff(runs[0], runs[1]); diff != "" {
				t.Errorf("pool (-), loop (+):\n%s", diff)
			}
		})
	}
}

// TestResponsesOfAnyLength: the sizes in which the kernel delivers data say
// nothing about where a response ends. The loop reads 64 KiB at a time, up to
// 16 times in a row.
func TestResponsesOfAnyLength(t *testing.T) { onEngines(t, testResponsesOfAnyLength) }

func testResponsesOfAnyLength(t *testing.T, engine record.Engine) {
	for _, total := range []int{1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 17, 1 << 20, 1<<20 + 1, 5 << 20} {
		const head = "HTTP/1.1 200 OK\r\nContent-Length: %07d\r\n\r\n"
		body := total - len(fmt.Sprintf(head, 0))
		response := append(fmt.Appendf(nil, head, body), make([]byte, body)...)
		url := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
			for {
				if _, err := http.ReadRequest(r); err != nil {
					return
				}
				if _, err := c.Write(response); err != nil {
					return
				}
			}
		})
		run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 12, Workers: 3})
		if run.Counts.OK != 12 || run.Bytes != int64(12*body) || run.Connections.Opened > 3 || run.Connections.Surplus > 0 {
			t.Errorf("%d bytes: %+v, %d body bytes, %+v", total, run.Counts, run.Bytes, run.Connections)
		}
	}
}

// TestBodyLargerThanBuffers: the body is written in parts, as the server reads
// it.
func TestBodyLargerThanBuffers(t *testing.T) { onEngines(t, testBodyLargerThanBuffers) }

func testBodyLargerThanBuffers(t *testing.T, engine record.Engine) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB, more than both socket buffers hold
	for _, closing := range []bool{false, true} {
		wrong := make(chan string, 100)
		url := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
			for {
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				got, err := io.ReadAll(req.Body)
				if err != nil || !bytes.Equal(got, body) {
					wrong <- fmt.Sprintf("%d bytes, %v", len(got), err)
				}
				if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); err != nil || req.Close {
					return
				}
			}
		})
		run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 6, Workers: 2, Method: "PUT", Body: body, DisableKeepAlive: closing})
		if run.Counts.OK != 6 || len(wrong) > 0 {
			t.Errorf("%+v, %d wrong", run.Counts, len(wrong))
		}
	}
}

// TestServerStopsReading: a request that cannot be fully written is lost in send.
func TestServerStopsReading(t *testing.T) { onEngines(t, testServerStopsReading) }

func testServerStopsReading(t *testing.T, engine record.Engine) {
	url := serveRaw(t, func(_ net.Conn, _ *bufio.Reader) { <-t.Context().Done() })
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 2, Workers: 2, Method: "PUT", Body: make([]byte, 16<<20), Timeout: 3 * time.Second})
	if got := outcome(run, "lost", "send.timeout"); got.Fresh != 2 {
		t.Errorf("%+v; want 2 × send.timeout", run.Outcomes)
	}
}

// TestEarlyResponseToLargeBody: the server sends a response and closes before
// the end of the body. The response is read although the request could not be
// fully written.
func TestEarlyResponseToLargeBody(t *testing.T) { onEngines(t, testEarlyResponseToLargeBody) }

func testEarlyResponseToLargeBody(t *testing.T, engine record.Engine) {
	url := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		// Close only for writing, as nginx does: the rest is read, not answered
		// with a reset.
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, r)
	})
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 4, Workers: 2, Method: "PUT", Body: make([]byte, 16<<20)})
	if got := outcome(run, "lost", "status.413"); got.Fresh != 4 {
		t.Errorf("%+v; want 4 × status.413", run.Outcomes)
	}
}

// TestIPv6 uses a port in the ephemeral range, where connections are checked for
// self-connection.
func TestIPv6(t *testing.T) { onEngines(t, testIPv6) }

func testIPv6(t *testing.T, engine record.Engine) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp6", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	_ = server.Listener.Close()
	server.Listener = l
	server.Start()
	defer server.Close()
	for _, closing := range []bool{false, true} {
		run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 100, Workers: 10, DisableKeepAlive: closing})
		if run.Counts.OK != 100 {
			t.Errorf("%+v %+v", run.Counts, run.Samples)
		}
	}
}

// TestStopWhileWaiting: Stop ends the wait of workers whose next tick is far
// ahead.
func TestStopWhileWaiting(t *testing.T) { onEngines(t, testStopWhileWaiting) }

func testStopWhileWaiting(t *testing.T, engine record.Engine) {
	server := startServer(t, faultserver.Always(faultserver.OK))
	load := newLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 10, Workers: 4, Rate: 0.001})
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	for load.Progress().Finished < 1 {
		time.Sleep(time.Millisecond)
	}
	load.Stop()
	run := <-done
	checkInvariants(t, run)
	if want := (record.Counts{Planned: 10, Started: 1, OK: 1, Unsent: 9}); run.Counts != want {
		t.Errorf("%+v; want %+v", run.Counts, want)
	}
}

// TestAbortAfterRedirect: a request that was redirected to another server and
// hangs there is aborted like any other.
func TestAbortAfterRedirect(t *testing.T) { onEngines(t, testAbortAfterRedirect) }

func testAbortAfterRedirect(t *testing.T, engine record.Engine) {
	silent := startServer(t, faultserver.Always(faultserver.Silence))
	server := httptest.NewServer(http.RedirectHandler(silent.URL(), http.StatusFound))
	defer server.Close()
	load := newLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 10, Workers: 2, DrainBound: time.Millisecond})
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	for silent.Counts().Requests < 2 {
		time.Sleep(time.Millisecond)
	}
	load.Stop()
	run := <-done
	checkInvariants(t, run)
	if run.Counts.Aborted != 2 || run.Counts.Unsent != 8 {
		t.Errorf("%+v; want 2 aborted", run.Counts)
	}
}

// TestConnectionsAreNumberedOnce: numbers are unique, including those of
// connections after a redirect to another server.
func TestConnectionsAreNumberedOnce(t *testing.T) { onEngines(t, testConnectionsAreNumberedOnce) }

func testConnectionsAreNumberedOnce(t *testing.T, engine record.Engine) {
	elsewhere := startServer(t, faultserver.Always(faultserver.EOFBeforeResponse))
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL(), http.StatusFound))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 20, Workers: 3})
	numbers := map[int64]bool{}
	for _, l := range run.Lost {
		if l.Connection == 0 || numbers[l.Connection] {
			t.Errorf("connection number %d is missing or used twice", l.Connection)
		}
		numbers[l.Connection] = true
	}
	if len(numbers) != 20 || run.Connections.Opened != 40 {
		t.Errorf("%d numbers, %d opened; want 20, 40", len(numbers), run.Connections.Opened)
	}
}

// serveEnv makes the test binary run as a server, in a process with its own
// file table.
const serveEnv = "NODROP_TEST_SERVE"

// manyServers share the connections, so that no accept queue overflows: if it
// did, the kernel would drop or reset connections without a fault of the
// server.
const manyServers = 8

func TestServeForManySlots(t *testing.T) {
	if os.Getenv(serveEnv) == "" {
		t.Skip("the servers of TestManySlots")
	}
	var servers []*faultserver.Server
	for range manyServers {
		server := startServer(t, faultserver.Always(faultserver.OK))
		fmt.Println(server.Addr())
		servers = append(servers, server)
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	var requests, connections int64
	for _, server := range servers {
		c := server.Counts()
		requests, connections = requests+c.Requests, connections+c.Connections
	}
	fmt.Println(requests, connections)
}

func TestManySlots(t *testing.T) {
	const slots, n = 10_000, 40_000
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < slots+100 {
		t.Skipf("the limit is %d open files; %d connections need more", limit.Cur, slots)
	}
	if testing.Short() {
		t.Skip("10,000 connections")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServeForManySlots$")
	cmd.Env = append(os.Environ(), serveEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	told := bufio.NewReader(out)
	cfg := loadgen.Config{Engine: record.EngineLoop, URL: "http://many.example/", Requests: n, Workers: slots, Timeout: -1}
	for range manyServers {
		addr, err := told.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		to, err := loadgen.ParseConnectTo("::" + strings.TrimSpace(addr))
		if err != nil {
			t.Fatal(err)
		}
		cfg.ConnectTo = append(cfg.ConnectTo, to)
	}
	run := runLoad(t, cfg)
	_ = in.Close()
	var requests, connections int64
	if _, err := fmt.Fscan(told, &requests, &connections); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if run.Counts.OK != n || requests != n || run.Connections.Opened != connections {
		t.Errorf("%+v, %+v; the server saw %d requests on %d connections; lost: %+v", run.Counts, run.Connections, requests, connections, run.Lost)
	}
}
