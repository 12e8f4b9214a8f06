package loadgen_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
)

// shortage is a resource that this machine lacks: a system call fails with errno,
// except for the few connections whose descriptor is below a limit.
type shortage struct {
	call  string // "" = the limit of open files itself, without a failing call
	errno unix.Errno
	class string
	text  string // the text after the address in the sample
	none  bool   // no request succeeds
}

var shortages = map[string]shortage{
	"files":            {"", unix.EMFILE, "client.files", "socket: too many open files", false},
	"files of all":     {"socket", unix.ENFILE, "client.files", "socket: too many open files in system", true},
	"memory, socket":   {"socket", unix.ENOMEM, "client.memory", "socket: cannot allocate memory", true},
	"buffers, socket":  {"socket", unix.ENOBUFS, "client.memory", "socket: no buffer space available", true},
	"buffers, connect": {"connect", unix.ENOBUFS, "client.memory", "connect: no buffer space available", false},
	"ports, connect":   {"connect", unix.EADDRNOTAVAIL, "client.ports", "connect: cannot assign requested address", false},
	"filter, connect":  {"connect", unix.EPERM, "client.other", "connect: operation not permitted", false},
	"buffers, write":   {"write", unix.ENOBUFS, "client.memory", "write: no buffer space available", false},
}

// TestContractShortage: requests that this machine could not send are spoiled,
// and the others are answered; the server's counts agree exactly. The server
// runs in another process and responds only after a request was spoiled, so
// both cases occur.
func TestContractShortage(t *testing.T) {
	for name, s := range shortages {
		for _, way := range routes() {
			for _, keepAlive := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/keepalive=%t", name, way, keepAlive), func(t *testing.T) {
					testShortage(t, s, way, loadgen.Config{
						Requests: 400, Workers: 20, Rate: 200, DisableKeepAlive: !keepAlive, TLS: loadgen.TLS{Insecure: true}, Engine: way.engine,
					})
				})
			}
		}
	}
}

// TestContractShortageIsExact: connections that the server holds use up all
// descriptors, and every other request is spoiled.
func TestContractShortageIsExact(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			cfg := loadgen.Config{Requests: 400, Workers: 20, TLS: loadgen.TLS{Insecure: true}, Engine: way.engine, CPUs: 1}
			run := testShortage(t, shortages["files"], way, cfg)
			if run != nil && run.Counts.OK != spared {
				t.Errorf("%d ok; want %d, one for each descriptor", run.Counts.OK, spared)
			}
		})
	}
}

// spared is how many connections are possible at a time despite a shortage.
const spared = 8

// testShortage returns nil in the process that runs the load.
func testShortage(t *testing.T, s shortage, way route, cfg loadgen.Config) *record.Run {
	t.Helper()
	if isApart(t) {
		loadInShortage(t, s, cfg)
		return nil
	}
	gate := make(chan struct{})
	server := way.start(t, func(int64) faultserver.Kind {
		<-gate
		return faultserver.OK
	})
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(gate)
		_, _ = read.Read(make([]byte, 1)) // fails when the other process ends
		_ = read.Close()
	}()
	file := filepath.Join(t.TempDir(), "run")
	func() {
		defer func() { _ = write.Close() }() // opens the gate, however the other process ended
		runApart(t, func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, "URL="+server.URL(), "FILE="+file)
			cmd.ExtraFiles = []*os.File{write}
		})
	}()
	<-gate
	run := readRun(t, file)
	counts := serverCounts(t, server)
	if got, want := outcome(run, "ok", ""), counts.ByKind[faultserver.OK]; got != want || got.Fresh+got.Reused != counts.Requests || s.none != (run.Counts.OK == 0) {
		t.Errorf("ok: got %+v; the server responded to %+v of %d", got, want, counts.Requests)
	}
	if got := outcome(run, "spoiled", s.class); got.Reused != 0 || got.Fresh != cfg.Requests-run.Counts.OK || got.Fresh == 0 {
		t.Errorf("got %+v; want all that are not ok as %s", run.Outcomes, s.class)
	}
	return run
}

// loadInShortage runs in the other process.
func loadInShortage(t *testing.T, s shortage, cfg loadgen.Config) {
	t.Helper()
	cfg.URL = os.Getenv("URL")
	full := os.NewFile(3, "pipe")
	runShort(t, s, cfg.Engine)
	load := newLoad(t, cfg)
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	spoiled := int64(1)
	if cfg.Rate == 0 {
		spoiled = cfg.Requests - spared // or two more
	}
	for load.Progress().Finished < spoiled {
		time.Sleep(time.Millisecond)
	}
	if _, err := full.Write([]byte{1}); err != nil {
		t.Error(err)
	}
	run := <-done
	checkInvariants(t, run)
	if len(run.Samples) != 1 || !endsIn(run.Samples[0].Text, s.text) {
		t.Errorf("samples %+v; want one, … %s", run.Samples, s.text)
	}
	writeRun(t, os.Getenv("FILE"), run)
}

func endsIn(text, end string) bool {
	return len(text) > len(end) && text[len(text)-len(end)-1:] == " "+end
}

// runShort creates the shortage for the rest of this process.
func runShort(t *testing.T, s shortage, engine record.Engine) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // opens the poller's descriptors
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	bound := boundAbove(t, spared)
	if engine == record.EngineLoop {
		bound = boundAbove(t, spared+2) // plus two: epoll's descriptor, and that of its wake-up event
	}
	switch s.call {
	case "":
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(bound), Max: uint64(bound)}); err != nil {
			t.Fatal(err)
		}
	case "socket":
		failCall(t, unix.SYS_SOCKET, 0, unix.AF_INET, s.errno)
	case "connect":
		failCall(t, unix.SYS_CONNECT, 0, bound, s.errno)
	case "write":
		failCall(t, unix.SYS_WRITE, 0, bound, s.errno)
		failCall(t, unix.SYS_SENDTO, 0, bound, s.errno)
	}
}

// boundAbove is the descriptor below which n are free.
func boundAbove(t *testing.T, n int) int {
	t.Helper()
	var free []int
	for range n {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		free = append(free, fd)
	}
	for _, fd := range free {
		_ = unix.Close(fd)
	}
	return free[n-1] + 1
}

// failCall makes a system call fail in this process from now on, if the
// argument with index arg is at least from.
func failCall(t *testing.T, call, arg uint32, from int, errno unix.Errno) {
	t.Helper()
	const nr, args = 0, 16 // in struct seccomp_data; only on little-endian machines
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: nr},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: args + 8*arg},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: uint32(from), Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread() // installs the filter on this thread first, then on all
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program))); e != 0 {
		t.Fatalf("seccomp: %v", e)
	}
}

func writeRun(t *testing.T, file string, run *record.Run) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	err = record.Write(f, &record.Recording{Format: record.Format, Runs: []*record.Run{run}})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func readRun(t *testing.T, file string) *record.Run {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	recording, err := stream.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return recording.Runs[0]
}
