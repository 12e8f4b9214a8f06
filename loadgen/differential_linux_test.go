package loadgen_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// rejections are the ways in which a firewall rejects, in nft's words, and
// their class; "" = any class that both engines agree on.
var rejections = []struct{ with, class string }{
	{"icmp type net-unreachable", "connect.unreachable"},
	{"icmp type host-unreachable", "connect.unreachable"},
	{"icmp type prot-unreachable", "connect.other"},
	{"icmp type port-unreachable", "connect.refused"},
	{"icmp type net-prohibited", "connect.unreachable"},
	{"icmp type host-prohibited", "connect.unreachable"},
	{"icmp type admin-prohibited", "connect.unreachable"},
	{"icmpv6 type no-route", "connect.unreachable"},
	{"icmpv6 type admin-prohibited", ""},
	{"icmpv6 type addr-unreachable", "connect.unreachable"},
	{"icmpv6 type port-unreachable", "connect.refused"},
	{"icmpv6 type policy-fail", ""},
	{"icmpv6 type reject-route", ""},
	{"tcp reset", "connect.refused"},
}

// TestDifferentialICMP: the loop and the pool notice every kind of rejection at
// once and give it the same class, and curl fails too. Each kind has two ports:
// if the first SYN is dropped and the second is rejected, the error arrives
// while no system call is pending, and the kernel reports it differently.
func TestDifferentialICMP(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	const refusing, dropping = 12000, 13000 // the namespace has no other use for these ports
	var rules strings.Builder
	rules.WriteString("table inet t {\nchain i {\ntype filter hook input priority 0\n")
	for i, r := range rejections {
		fmt.Fprintf(&rules, "tcp dport %d numgen inc mod 2 0 drop\n", dropping+i)
		fmt.Fprintf(&rules, "meta l4proto tcp tcp dport {%d, %d} reject with %s\n", refusing+i, dropping+i, r.with)
	}
	rules.WriteString("}\n}\n")
	nft := exec.CommandContext(t.Context(), "nft", "-f", "-")
	nft.Stdin = strings.NewReader(rules.String())
	if out, err := nft.CombinedOutput(); err != nil {
		t.Fatalf("nft: %v\n%s\n%s", err, out, rules.String())
	}
	for i, r := range rejections {
		addr := "127.0.0.1"
		if strings.HasPrefix(r.with, "icmpv6") {
			addr = "[::1]"
		}
		t.Run(r.with, func(t *testing.T) {
			t.Parallel()
			testRejected(t, loadgen.Config{URL: fmt.Sprintf("http://%s:%d/", addr, refusing+i), Requests: 6, Workers: 2}, r.class)
		})
		t.Run(r.with+", first SYN dropped", func(t *testing.T) {
			t.Parallel()
			testRejected(t, loadgen.Config{URL: fmt.Sprintf("http://%s:%d/", addr, dropping+i), Requests: 1, Workers: 1}, r.class)
		})
	}
}

func testRejected(t *testing.T, cfg loadgen.Config, class string) {
	t.Helper()
	cfg.Timeout = time.Minute
	loss := sameOnEngines(t, cfg)
	if len(loss) != 1 || loss[0].Count != cfg.Requests || loss[0].Fate == "ok" || class != "" && loss[0].Class.String() != class {
		t.Errorf("got %+v; want %d × %s", loss, cfg.Requests, class)
	}
	if code := curl(t, cfg.URL); code != couldNotConnect {
		t.Errorf("curl exited with %d; want %d (could not connect)", code, couldNotConnect)
	}
}

// sameOnEngines runs a load on each engine, and returns the outcomes common to
// all.
func sameOnEngines(t *testing.T, cfg loadgen.Config) []record.Outcome {
	t.Helper()
	type said struct {
		Outcomes []record.Outcome
		Samples  []record.Sample
		Bytes    int64
	}
	var all []said
	for _, way := range cleartext() {
		cfg.Engine = way.engine
		run := runLoad(t, cfg)
		all = append(all, said{run.Outcomes, run.Samples, run.Bytes})
		if diff := cmp.Diff(all[0], all[len(all)-1]); diff != "" {
			t.Errorf("pool (-), %s (+):\n%s", way.engine, diff)
		}
	}
	return all[0].Outcomes
}

// Exit codes of curl.
const (
	curlOK          = 0
	couldNotConnect = 7
	partialFile     = 18
	emptyReply      = 52
)

// curl requests url once and returns curl's exit code.
func curl(t *testing.T, url string) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "curl", "-s", "-o", "/dev/null", "-m", "30", url)
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// TestDifferentialStream: the loop, the pool and curl agree on what a server
// does with the bytes of its response and with its side of the connection. ! is
// an urgent byte, which is not part of the stream (if two are pending, the
// first one becomes part of it); | ends a segment; ^ closes the server's side.
func TestDifferentialStream(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
	for stream, want := range map[string]struct {
		class string // "" = ok
		curl  int
	}{
		head + "\r\nbig\n":                       {"", curlOK},
		"!" + head + "\r\nbig\n":                 {"", curlOK},
		head + "!\r\nbig\n":                      {"", curlOK},
		head + "\r\n!big\n":                      {"", curlOK},
		head + "\r\nbi!g\n":                      {"", curlOK},
		head + "\r\nbig\n!":                      {"", curlOK},
		head + "\r\nb|i|g|\n":                    {"", curlOK},
		head + "|\r|\n|b|i|g|!|\n":               {"", curlOK},
		head + "\r\nbig\n^":                      {"", curlOK},
		head + "\r\nbi!^":                        {"body.eof", partialFile},
		head + "\r\nbi^":                         {"body.eof", partialFile},
		head + "\r\nbi|^":                        {"body.eof", partialFile},
		"^":                                      {"wait.eof", emptyReply},
		"!^":                                     {"wait.eof", emptyReply},
		"HTTP/1.1 200 OK\r\n\r\nuntil !the end^": {"", curlOK},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nb!ig\n\r\n0\r\n\r\n": {"", curlOK},
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nb!ig\n\r\n^":         {"body.eof", partialFile},
	} {
		t.Run(fmt.Sprintf("%q", stream), func(t *testing.T) {
			t.Parallel()
			url := serveRaw(t, func(c net.Conn, r *bufio.Reader) {
				for {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					playStream(c.(*net.TCPConn), stream)
				}
			})
			const n = 20
			said := sameOnEngines(t, loadgen.Config{URL: url, Requests: n, Workers: 1, DisableKeepAlive: true, Timeout: time.Minute})
			if len(said) != 1 || said[0].Class.String() != want.class || said[0].Count != n {
				t.Errorf("got %+v; want %d × %q", said, n, want.class)
			}
			if code := curl(t, url); code != want.curl {
				t.Errorf("curl exited with %d; want %d", code, want.curl)
			}
		})
	}
}

// playStream writes what a test's text stands for. Errors show on the client's
// side.
func playStream(c *net.TCPConn, stream string) {
	for stream != "" {
		i := strings.IndexAny(stream, "!|^")
		if i < 0 {
			i = len(stream)
		}
		_, _ = c.Write([]byte(stream[:i]))
		if i == len(stream) {
			return
		}
		switch stream[i] {
		case '!':
			sendUrgent(c)
		case '^':
			_ = c.CloseWrite()
		}
		stream = stream[i+1:]
	}
}

func sendUrgent(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err == nil {
		_ = raw.Control(func(fd uintptr) { _ = unix.Sendto(int(fd), []byte("!"), unix.MSG_OOB, nil) })
	}
}

// brokenCall is a system call that fails for the sockets of a load.
type brokenCall struct {
	call, arg uint32
	errno     unix.Errno
	class     string // "" = ok despite it
}

// brokenCalls are the system calls of the loop and their counterparts in the
// pool.
var brokenCalls = map[string]brokenCall{
	"socket":                    {unix.SYS_SOCKET, 0, unix.EACCES, "client.other"},
	"socket, family":            {unix.SYS_SOCKET, 0, unix.EAFNOSUPPORT, "client.other"},
	"bind":                      {unix.SYS_BIND, 0, unix.EADDRINUSE, "client.ports"},
	"bind, denied":              {unix.SYS_BIND, 0, unix.EACCES, "client.other"},
	"connect, denied":           {unix.SYS_CONNECT, 0, unix.EPERM, "client.other"},
	"connect, refused":          {unix.SYS_CONNECT, 0, unix.ECONNREFUSED, "connect.refused"},
	"connect, timed out":        {unix.SYS_CONNECT, 0, unix.ETIMEDOUT, "connect.timeout"},
	"setsockopt":                {unix.SYS_SETSOCKOPT, 0, unix.ENOBUFS, ""},
	"getsockopt":                {unix.SYS_GETSOCKOPT, 0, unix.ENOBUFS, ""},
	"epoll_ctl":                 {unix.SYS_EPOLL_CTL, 2, unix.ENOSPC, "client.other"},
	"sendto":                    {unix.SYS_SENDTO, 0, unix.ENOBUFS, "client.memory"},
	"sendto, denied":            {unix.SYS_SENDTO, 0, unix.EPERM, "client.other"},
	"read":                      {unix.SYS_READ, 0, unix.ENOBUFS, "client.memory"},
	"read, reset":               {unix.SYS_READ, 0, unix.ECONNRESET, "wait.reset"},
	"read, timed out":           {unix.SYS_READ, 0, unix.ETIMEDOUT, "wait.timeout"},
	"recvfrom":                  {unix.SYS_RECVFROM, 0, unix.ENOMEM, ""},
	"close":                     {unix.SYS_CLOSE, 0, unix.EIO, ""},
	"getsockname":               {unix.SYS_GETSOCKNAME, 0, unix.ENOBUFS, ""},
	"epoll_pwait2, not there":   {unix.SYS_EPOLL_PWAIT2, 0, unix.ENOSYS, ""},
	"epoll_pwait2, not allowed": {unix.SYS_EPOLL_PWAIT2, 0, unix.EPERM, ""},
}

// TestDifferentialSystemCalls: each failing call has exactly the same outcome
// on both engines.
func TestDifferentialSystemCalls(t *testing.T) {
	for name, broken := range brokenCalls {
		for _, way := range cleartext() {
			t.Run(name+"/"+string(way.engine), func(t *testing.T) { testBrokenCall(t, way.engine, broken) })
		}
	}
}

func testBrokenCall(t *testing.T, engine record.Engine, broken brokenCall) {
	t.Helper()
	const n = 12
	if isApart(t) {
		cfg := loadgen.Config{URL: os.Getenv("URL"), Requests: n, Workers: 2, Engine: engine, CPUs: 1, Timeout: 30 * time.Second}
		if broken.call == unix.SYS_BIND {
			var err error
			if cfg.Sources, err = loadgen.ParseSources("127.0.0.1"); err != nil {
				t.Fatal(err)
			}
		}
		runBroken(t, cfg, broken)
		return
	}
	server := startServer(t, faultserver.Always(faultserver.OK))
	file := t.TempDir() + "/run"
	runApart(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "URL="+server.URL(), "FILE="+file) })
	run := readRun(t, file)
	if run.Settings.Engine != engine {
		t.Errorf("the %s ran", run.Settings.Engine)
	}
	for _, o := range run.Outcomes {
		if o.Class.String() != broken.class {
			t.Errorf("got %+v %+v; want %d × %q", run.Outcomes, run.Samples, n, broken.class)
		}
	}
	if served := serverCounts(t, server).Requests; broken.class == "" && (run.Counts.OK != n || served != n) {
		t.Errorf("%d ok, the server responded to %d; want %d", run.Counts.OK, served, n)
	}
}

// runBroken runs in the other process. Only descriptors that the load opens get
// the failure.
func runBroken(t *testing.T, cfg loadgen.Config, broken brokenCall) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // opens the poller's descriptors
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	load := newLoad(t, cfg)
	out, err := os.Create(os.Getenv("FILE"))
	if err != nil {
		t.Fatal(err)
	}
	from := boundAbove(t, 1) - 1
	if cfg.Engine == record.EngineLoop {
		from = boundAbove(t, 3) - 1 // epoll's descriptor, and that of its wake-up event, are below
	}
	switch broken.call {
	case unix.SYS_SOCKET:
		from = unix.AF_INET
	case unix.SYS_EPOLL_PWAIT2:
		from = 0
	}
	failCall(t, broken.call, broken.arg, from, broken.errno)
	if broken.call == unix.SYS_SENDTO {
		failCall(t, unix.SYS_WRITE, broken.arg, from, broken.errno) // the call that the pool uses
	}
	run := load.Run(t.Context())
	checkInvariants(t, run)
	if err := record.Write(out, &record.Recording{Format: record.Format, Runs: []*record.Run{run}}); err != nil {
		t.Fatal(err)
	}
}
