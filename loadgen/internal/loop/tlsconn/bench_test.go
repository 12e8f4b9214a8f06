//go:build linux

package tlsconn

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/internal/loop/sysio"
)

// serverEnv makes the test binary a TLS server, so that its cost is in no
// figure.
const serverEnv = "NODROP_TEST_TLS_SERVER"

var (
	benchRequest  = []byte("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n")
	benchResponse = []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
)

// TestServer is not a test: it prints its address and its certificate, and
// serves until its standard input ends.
func TestServer(t *testing.T) {
	if os.Getenv(serverEnv) == "" {
		t.Skip("the server of the benchmarks")
	}
	cert, _, err := faultserver.SelfSigned("gateway")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s\n%s", listener.Addr(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}))
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go serveBench(tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}}))
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func serveBench(c *tls.Conn) {
	defer func() { _ = c.Close() }()
	for in := bufio.NewReader(c); ; {
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = in.ReadString('\n'); err != nil {
				return
			}
		}
		if _, err := c.Write(benchResponse); err != nil {
			return
		}
	}
}

// startServer starts the server in its own process.
func startServer(tb testing.TB) (to *unix.SockaddrInet4, config *tls.Config) {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), os.Args[0], "-test.run=^TestServer$")
	cmd.Env = append(os.Environ(), serverEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	lines := bufio.NewReader(out)
	address, err := lines.ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	var certificate []byte
	for line := ""; !strings.HasPrefix(line, "-----END"); {
		if line, err = lines.ReadString('\n'); err != nil {
			tb.Fatal(err)
		}
		certificate = append(certificate, line...)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	addr, err := net.ResolveTCPAddr("tcp4", strings.TrimSpace(address))
	if err != nil {
		tb.Fatal(err)
	}
	return &unix.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}, &tls.Config{RootCAs: roots, ServerName: "gateway", NextProtos: []string{"http/1.1"}}
}

// dial returns a connected socket.
func dial(tb testing.TB, to *unix.SockaddrInet4) int {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.Connect(fd, to)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return fd
}

// blocking is a socket as a net.Conn whose Read waits, with the loop's system
// calls: what crypto/tls costs by itself, without Go's scheduler.
type blocking struct {
	net.Conn
	fd   int
	poll [1]unix.PollFd
}

func (c *blocking) Read(b []byte) (int, error) {
	n, errno := sysio.Read(int32(c.fd), b)
	for errno == unix.EAGAIN {
		awaitInput(c.fd, c.poll[:])
		n, errno = sysio.Read(int32(c.fd), b)
	}
	switch {
	case errno != 0:
		return 0, errno
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

func (c *blocking) Write(b []byte) (int, error) {
	n, errno := sysio.Send(int32(c.fd), b)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}

func awaitInput(fd int, poll []unix.PollFd) {
	poll[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	for {
		if _, err := unix.Poll(poll, -1); !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

func (*blocking) SetWriteDeadline(time.Time) error { return nil }

// exchangeAlone makes one connection with one request by crypto/tls alone.
func exchangeAlone(tb testing.TB, to *unix.SockaddrInet4, config *tls.Config, b []byte) {
	c := &blocking{fd: dial(tb, to)}
	s := tls.Client(c, config)
	err := s.Handshake()
	if err == nil {
		_, err = s.Write(benchRequest)
	}
	if err == nil {
		_, err = io.ReadFull(s, b[:len(benchResponse)])
	}
	if err != nil {
		tb.Fatal(err)
	}
	_ = s.CloseWrite()
	_ = unix.Close(c.fd)
}

type loopWay struct {
	shakes Handshakers
	fd     int
	c      *Conn
	config *tls.Config
	poll   [1]unix.PollFd
}

func (w *loopWay) await() {
	awaitInput(w.fd, w.poll[:])
	w.c.Notice(true, false, false)
}

func (w *loopWay) connect(tb testing.TB, to *unix.SockaddrInet4) {
	w.fd = dial(tb, to)
	w.c = New(int32(w.fd), func(under net.Conn) Secured { return plainSecured{tls.Client(under, w.config)} })
	for {
		done, err := w.shakes.Continue(w.c)
		if err != nil {
			tb.Fatal(err)
		}
		if done {
			return
		}
		w.await()
	}
}

func (w *loopWay) request(tb testing.TB, b []byte) {
	if _, errno := w.c.Send(benchRequest); errno != 0 {
		tb.Fatal(errno)
	}
	for got := 0; got < len(benchResponse); {
		n, err := w.c.Read(b)
		got += n
		if err == ErrWait { //nolint:errorlint // not wrapped
			w.await()
		} else if err != nil || n == 0 {
			tb.Fatal(n, err)
		}
	}
}

func (w *loopWay) close() {
	w.shakes.GiveUp(w.c)
	w.c.End(false)
	_ = unix.Close(w.fd)
}

// threadTime returns the CPU time of this thread.
func threadTime() time.Duration {
	var used unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_THREAD, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkHandshake compares a connection with one request on the loop's way
// with crypto/tls alone. They take turns, so that noise hits both; "ratio" is
// the median of the ratios of their CPU times.
func BenchmarkHandshake(b *testing.B) {
	for _, resume := range []bool{false, true} {
		b.Run(fmt.Sprintf("resume=%t", resume), func(b *testing.B) { benchmarkHandshake(b, resume) })
	}
}

func benchmarkHandshake(b *testing.B, resume bool) {
	b.Helper()
	to, config := startServer(b)
	if resume {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w, buf := &loopWay{config: config}, make([]byte, 64<<10)
	defer w.shakes.Close()
	exchangeAlone(b, to, config, buf)
	ways := [...]func(){
		func() {
			w.connect(b, to)
			w.request(b, buf)
			w.close()
		},
		func() { exchangeAlone(b, to, config, buf) },
	}
	const turn = 10
	var ratios []float64
	var sum [2]time.Duration
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		var took [2]time.Duration
		for i := range ways {
			way := (i + n/turn) % 2 // neither is always the first
			began := threadTime()
			for range turn {
				ways[way]()
			}
			took[way] = threadTime() - began
			sum[way] += took[way]
		}
		ratios = append(ratios, float64(took[0])/float64(took[1]))
	}
	slices.Sort(ratios)
	done := float64(len(ratios) * turn)
	b.ReportMetric(float64(sum[0].Microseconds())/done, "loop-µs/op")
	b.ReportMetric(float64(sum[1].Microseconds())/done, "alone-µs/op")
	b.ReportMetric(ratios[len(ratios)/2], "ratio")
}

// BenchmarkRequest is a request on a kept connection.
func BenchmarkRequest(b *testing.B) {
	to, config := startServer(b)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	w, buf := &loopWay{config: config}, make([]byte, 64<<10)
	w.connect(b, to)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		w.request(b, buf)
	}
	b.StopTimer()
	w.close()
	w.shakes.Close()
}

// TestAllocationsAreCryptoTLS: what a request allocates on a kept connection is
// crypto/tls's, and all of it is known.
func TestAllocationsAreCryptoTLS(t *testing.T) {
	if raceDetected {
		t.Skip("crypto/tls keeps buffers in a sync.Pool, which drops some under the race detector")
	}
	to, config := startServer(t)
	before := runtime.MemProfileRate
	runtime.MemProfileRate = 1
	defer func() { runtime.MemProfileRate = before }()
	const n = 1000
	counts := map[string]int64{}
	locked(func() {
		w, buf := &loopWay{config: config}, make([]byte, 64<<10)
		w.connect(t, to)
		w.request(t, buf) // also what comes after the handshake
		began := allocations()
		for range n {
			w.request(t, buf)
		}
		for where, count := range allocations() {
			if more := count - began[where]; more >= n/10 {
				counts[where] = more
			}
		}
		w.close()
		w.shakes.Close()
	})
	const reader = "crypto/tls.(*Conn).readFromUntil" // an atLeastReader for each read
	known := map[string]bool{reader: true}
	if counts[reader] < n {
		t.Errorf("%d allocations by %s: the profile is not complete", counts[reader], reader)
	}
	for where, count := range counts {
		if !known[where] || count > 3*n {
			t.Errorf("%s allocates %d times for %d requests", where, count, n)
		}
	}
}

// allocations counts the allocations of requests so far by the function that
// made them.
func allocations() map[string]int64 {
	runtime.GC()
	runtime.GC() // a profile is that of the last but one collection
	profile := make([]runtime.MemProfileRecord, 10_000)
	n, ok := runtime.MemProfile(profile, true)
	if !ok {
		panic("the profile is longer")
	}
	counts := map[string]int64{}
	for i := range profile[:n] {
		if by := allocator(profile[i].Stack()); by != "" {
			counts[by] += profile[i].AllocObjects
		}
	}
	return counts
}

// allocator returns the innermost function of a request's stack; "" for other
// stacks.
func allocator(stack []uintptr) (by string) {
	frames := runtime.CallersFrames(stack)
	for {
		frame, more := frames.Next()
		if by == "" && !strings.HasPrefix(frame.Function, "runtime.") {
			by = frame.Function
		}
		switch {
		case strings.HasSuffix(frame.Function, "(*loopWay).request"):
			return by
		case !more:
			return ""
		}
	}
}
