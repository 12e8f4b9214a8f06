package action_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario/action"
)

// closing is a server that closes its listener when it gets a SIGTERM or a
// SIGUSR1, opens it again once a file "open" exists, and exits once a file
// "over" exists.
const closing = `
import os, signal, socket, sys, time
host, port, dir = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def listen():
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((host, port))
    s.listen(128)
    return s
def close(*_):
    global server
    if server:
        server.close()
        server = None
server = listen()
signal.signal(signal.SIGTERM, close)
signal.signal(signal.SIGUSR1, close)
while os.path.exists(dir) and not os.path.exists(dir + "/over"):
    if server is None and os.path.exists(dir + "/open"):
        server = listen()
    time.sleep(0.005)
`

// startClosing starts the server and returns its address, and a function that
// makes a file for it.
func startClosing(t *testing.T, o *observer) (addr string, touch func(name string)) {
	t.Helper()
	addr, dir := freePort(t), t.TempDir()
	host, port, _ := strings.Cut(addr, ":")
	o.start(t, &action.Start{
		Name: "a", Command: action.Command{Argv: []string{"python3", "-c", closing, host, port, dir}},
		Ready: action.Probe{TCP: addr, Every: 5 * time.Millisecond},
	})
	return addr, func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (o *observer) signal(t *testing.T, name string) {
	t.Helper()
	if err := (&action.Signal{Name: name, Process: "a"}).Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
}

// TestListenerClosed: when a listener closes is asked of the kernel, and every
// mark that the process makes itself has its address.
func TestListenerClosed(t *testing.T) {
	o := newObserver(t)
	addr, touch := startClosing(t, o)
	o.signal(t, "TERM")
	o.await(t, record.MarkListenerClosed, 1)
	touch("over")
	o.await(t, record.MarkExited, 1)
	if got := o.kinds(); got != "ready, signalled, listener closed, exited" {
		t.Errorf("marks %s", got)
	}
	for _, kind := range []record.MarkKind{record.MarkReady, record.MarkListenerClosed, record.MarkExited} {
		if m := o.of(t, kind); m.Endpoint != "a" || m.Address != addr {
			t.Errorf("%s: of %s at %s; want a at %s", kind, m.Endpoint, m.Address, addr)
		}
	}
	if closed, exited := o.of(t, record.MarkListenerClosed).At, o.of(t, record.MarkExited).At; closed.After(exited) {
		t.Errorf("closed at %v, after the exit at %v", closed, exited)
	}
}

// TestListenerOpensAgain: a server that opens its listener again is ready again.
func TestListenerOpensAgain(t *testing.T) {
	o := newObserver(t)
	_, touch := startClosing(t, o)
	o.signal(t, "USR1")
	o.await(t, record.MarkListenerClosed, 1)
	touch("open")
	o.await(t, record.MarkReady, 2)
	if got := o.kinds(); got != "ready, signalled, listener closed, ready" {
		t.Errorf("marks %s", got)
	}
}

// TestListenerClosesWithTheKill: a process that ignores the signal listens until
// it is killed.
func TestListenerClosesWithTheKill(t *testing.T) {
	o := newObserver(t)
	addr := freePort(t)
	host, port, _ := strings.Cut(addr, ":")
	o.start(t, &action.Start{
		Name:    "a",
		Command: action.Command{Argv: []string{"python3", "-c", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + closing[:strings.Index(closing, "signal.signal(")] + "time.sleep(1000)", host, port, ""}},
		Ready:   action.Probe{TCP: addr, Every: 5 * time.Millisecond},
	})
	if err := (&action.Stop{Process: "a", Grace: 100 * time.Millisecond}).Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	if got := o.kinds(); got != "ready, terminating, signalled, killed, listener closed, exited" {
		t.Errorf("marks %s", got)
	}
	if killed, closed := o.of(t, record.MarkKilled).At, o.of(t, record.MarkListenerClosed).At; closed.Before(killed) {
		t.Errorf("closed at %v, before the kill at %v", closed, killed)
	}
}

// TestNoMarksOfTheCleanUp: Undo is no part of the event.
func TestNoMarksOfTheCleanUp(t *testing.T) {
	o := newObserver(t)
	addr := freePort(t)
	host, port, _ := strings.Cut(addr, ":")
	start := &action.Start{
		Name: "a", Command: action.Command{Argv: []string{"env", "-i", "PATH=" + os.Getenv("PATH"), "python3", "-m", "http.server", port, "--bind", host}, Dir: t.TempDir()},
		Ready: action.Probe{TCP: addr, Every: 5 * time.Millisecond},
	}
	if err := start.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	if err := start.Undo(t.Context()); err != nil {
		t.Error(err)
	}
	if got := o.kinds(); got != "ready" {
		t.Errorf("marks %s", got)
	}
}

// TestListenerOfAForeignProcess: a process that the scenario did not start is
// known by its id, and the address at which it listens by the kernel.
func TestListenerOfAForeignProcess(t *testing.T) {
	o, dir := newObserver(t), t.TempDir()
	addr := freePort(t)
	host, port, _ := strings.Cut(addr, ":")
	file := filepath.Join(dir, "server.py")
	if err := os.WriteFile(file, []byte("import signal; signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"+closing[:strings.Index(closing, "signal.signal(")]+"open(dir + '/up', 'w').close()\ntime.sleep(1000)"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := action.Exec{Command: action.Command{Shell: "python3 server.py " + host + " " + port + " . >/dev/null 2>&1 & echo $! >pid; until [ -e up ]; do sleep 0.01; done", Dir: dir}}
	if err := e.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	s := action.Signal{Name: "TERM", PIDFile: filepath.Join(dir, "pid"), Gone: time.Minute}
	if err := s.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	if got := o.kinds(); got != "signalled, listener closed, exited" {
		t.Errorf("marks %s", got)
	}
	for _, m := range o.moments() {
		if m.Address != addr || !strings.HasPrefix(m.Endpoint, "process ") {
			t.Errorf("%s: of %s at %s; want the process at %s", m.Kind, m.Endpoint, m.Address, addr)
		}
	}
}

// TestListenerClosesWithTheExit: the exit of a process closes its listener, so
// that is not seen after it.
func TestListenerClosesWithTheExit(t *testing.T) {
	for range 5 {
		o := newObserver(t)
		addr := freePort(t)
		host, port, _ := strings.Cut(addr, ":")
		o.start(t, &action.Start{
			Name:    "a",
			Command: action.Command{Argv: []string{"python3", "-c", closing[:strings.Index(closing, "signal.signal(")] + "time.sleep(1000)", host, port, ""}},
			Ready:   action.Probe{TCP: addr, Every: 5 * time.Millisecond},
		})
		if err := (&action.Stop{Process: "a"}).Run(t.Context(), &o.Env); err != nil {
			t.Fatal(err)
		}
		if got := o.kinds(); got != "ready, terminating, signalled, listener closed, exited" {
			t.Errorf("marks %s", got)
		}
		if closed, exited := o.of(t, record.MarkListenerClosed).At, o.of(t, record.MarkExited).At; closed.After(exited) {
			t.Errorf("closed at %v, after the exit at %v", closed, exited)
		}
	}
}

// TestCrashOfAListener: a crash is no shutdown, so nothing but the crash is
// marked.
func TestCrashOfAListener(t *testing.T) {
	for range 5 {
		o := newObserver(t)
		startClosing(t, o)
		p := o.Processes.Find("a")
		if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-p.Ended
		if got := o.kinds(); got != "ready, crashed" {
			t.Errorf("marks %s", got)
		}
	}
}

// TestReadyThroughAnother: the address of a gateway is not that of the process
// behind it, which is ready once the gateway says so.
func TestReadyThroughAnother(t *testing.T) {
	o := newObserver(t)
	addr, touch := startClosing(t, o)
	for i, ready := range []action.Probe{
		{HTTP: &action.HTTP{URL: "http://" + gatewayTo(t, o) + "/"}, Every: 5 * time.Millisecond},
		{Line: "up", Every: 5 * time.Millisecond},
	} {
		name := []string{"behind", "elsewhere"}[i]
		o.start(t, &action.Start{Name: name, Command: action.Command{Shell: "echo up; sleep 1000"}, Ready: ready})
		if err := (&action.Stop{Process: name}).Run(t.Context(), &o.Env); err != nil {
			t.Fatal(err)
		}
	}
	o.signal(t, "TERM")
	o.await(t, record.MarkListenerClosed, 1)
	touch("over")
	o.await(t, record.MarkExited, 3)
	for _, m := range o.moments() {
		want := map[string]string{"a": addr}[m.Endpoint]
		if m.Endpoint != "gateway" && m.Address != want && (m.Kind == record.MarkReady || m.Kind == record.MarkExited) {
			t.Errorf("%s: of %s at %q; want %q", m.Kind, m.Endpoint, m.Address, want)
		}
		if m.Kind == record.MarkListenerClosed && m.Endpoint != "a" {
			t.Errorf("the listener of %s closed", m.Endpoint)
		}
	}
}

// gatewayTo starts a server that says that all is well, and returns its address.
// Like nginx, it has cleared its environment.
func gatewayTo(t *testing.T, o *observer) string {
	t.Helper()
	addr := freePort(t)
	host, port, _ := strings.Cut(addr, ":")
	o.start(t, &action.Start{
		Name: "gateway", Command: action.Command{Argv: []string{"env", "-i", "PATH=" + os.Getenv("PATH"), "python3", "-m", "http.server", port, "--bind", host}, Dir: t.TempDir()},
		Ready: action.Probe{TCP: addr, Every: 5 * time.Millisecond},
	})
	return addr
}

// TestWatchOfAForeignProcess: what a signal does is marked although nobody waits
// for it.
func TestWatchOfAForeignProcess(t *testing.T) {
	o := newObserver(t)
	addr, pidFile, touch := startForeign(t, o)
	s := action.Signal{Name: "TERM", PIDFile: pidFile}
	if err := s.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	o.await(t, record.MarkListenerClosed, 1)
	touch("over")
	o.await(t, record.MarkExited, 1)
	if err := s.Undo(t.Context()); err != nil {
		t.Error(err)
	}
	if got := o.kinds(); got != "signalled, listener closed, exited" {
		t.Errorf("marks %s", got)
	}
	for _, m := range o.moments() {
		if m.Address != addr {
			t.Errorf("%s: at %s; want %s", m.Kind, m.Address, addr)
		}
	}
}

// TestWatchEnds: with Undo, also of a process that goes on; see TestMain.
func TestWatchEnds(t *testing.T) {
	o := newObserver(t)
	_, pidFile, touch := startForeign(t, o)
	s := action.Signal{Name: "CONT", PIDFile: pidFile}
	if err := s.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	if err := s.Undo(t.Context()); err != nil {
		t.Error(err)
	}
	touch("over")
	if got := o.kinds(); got != "signalled" {
		t.Errorf("marks %s", got)
	}
}

// startForeign starts the server in the background of a command. It ends with a
// file "over", or with its folder.
func startForeign(t *testing.T, o *observer) (addr, pidFile string, touch func(name string)) {
	t.Helper()
	addr, dir := freePort(t), t.TempDir()
	host, port, _ := strings.Cut(addr, ":")
	text := strings.Replace(closing, "while os", "open(dir + '/up', 'w').close()\nwhile os", 1)
	if err := os.WriteFile(filepath.Join(dir, "server.py"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e := action.Exec{Command: action.Command{Shell: "python3 server.py " + host + " " + port + " $PWD >/dev/null 2>&1 & echo $! >pid; until [ -e up ]; do sleep 0.01; done", Dir: dir}}
	if err := e.Run(t.Context(), &o.Env); err != nil {
		t.Fatal(err)
	}
	touch = func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { touch("over") })
	return addr, filepath.Join(dir, "pid"), touch
}
