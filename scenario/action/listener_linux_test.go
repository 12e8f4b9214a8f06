package action_test

import (
	"os"
	"path/filepath"
	"strings"
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
while not os.path.exists(dir + "/over"):
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
		Name: "a", Command: action.Command{Argv: []string{"python3", "-m", "http.server", port, "--bind", host}, Dir: t.TempDir()},
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
