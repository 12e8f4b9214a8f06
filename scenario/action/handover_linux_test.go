package action_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nodrop/scenario/action"
)

// sharing is a server that opens a port already in use (SO_REUSEPORT) once a
// file exists.
const sharing = `
import os, socket, sys, time
while not os.path.exists(sys.argv[3]):
    time.sleep(0.01)
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
s.listen(128)
while True:
    s.accept()[0].close()
`

// TestHandover: a successor on the same port is not ready while only its
// predecessor listens, but is once it listens itself.
func TestHandover(t *testing.T) {
	w, dir := newWitness(t), t.TempDir()
	addr := freePort(t)
	open := func(name string) string { return filepath.Join(dir, name) }
	server := func(name string, patience time.Duration) *action.Start {
		host, port, _ := strings.Cut(addr, ":")
		return &action.Start{
			Name: name, Command: action.Command{Argv: []string{"python3", "-c", sharing, host, port, open(name)}},
			Ready: action.Probe{TCP: addr, Every: time.Millisecond, Timeout: patience},
		}
	}
	touch := func(name string) {
		t.Helper()
		if err := os.WriteFile(open(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	touch("old")
	old := server("old", time.Minute)
	if err := old.Run(t.Context(), &w.Env); err != nil {
		t.Fatal(err)
	}
	early := server("new", 300*time.Millisecond)
	err := early.Run(t.Context(), &w.Env)
	if err == nil || !strings.Contains(err.Error(), "(python3) accepts connections at "+addr+", not new") {
		t.Errorf("got %v", err)
	}
	if err := early.Undo(t.Context()); err != nil {
		t.Error(err)
	}
	touch("new")
	next := server("new", time.Minute)
	if err := next.Run(t.Context(), &w.Env); err != nil {
		t.Error(err)
	}
	for _, s := range []*action.Start{next, old} {
		if err := s.Undo(t.Context()); err != nil {
			t.Error(err)
		}
	}
	w.expect(t, "replica old ready", "replica new ready")
}
