//go:build unix

package proc_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nodrop/scenario/proc"
)

func newGroup(t *testing.T) *proc.Group {
	t.Helper()
	g := &proc.Group{}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// written is what a child has written, to be read after its end.
type written struct{ stdout, stderr []string }

func spawn(t *testing.T, g *proc.Group, leads bool, script string) (*proc.Process, *written) {
	t.Helper()
	w := &written{}
	p, err := g.Spawn(&proc.Child{
		Name: "child", Cmd: exec.Command("sh", "-c", script), Leads: leads,
		Stdout: func(_ *proc.Process, line string) { w.stdout = append(w.stdout, line) },
		Stderr: func(_ *proc.Process, line string) { w.stderr = append(w.stderr, line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, w
}

func awaitEnd(t *testing.T, p *proc.Process) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := p.Await(ctx); err != nil {
		t.Fatalf("%s does not end: %v", p.Name, err)
	}
}

// TestSpawnLeader: all output of a child is read, and what it leaves in its
// group, which holds the pipes open, ends with it.
func TestSpawnLeader(t *testing.T) {
	p, w := spawn(t, newGroup(t), true, "sleep 1000 & echo $!; echo a >&2; echo b >&2; exit 3")
	awaitEnd(t, p)
	if len(w.stdout) != 1 || !slices.Equal(w.stderr, []string{"a", "b"}) {
		t.Fatalf("it wrote %q and %q", w.stdout, w.stderr)
	}
	pid, err := strconv.Atoi(w.stdout[0])
	if err != nil {
		t.Fatal(err)
	}
	expectGone(t, pid)
	if p.Err == nil || p.Err.Error() != "exit status 3" || !p.Crashed() || p.Asked() {
		t.Errorf("got %v, crashed %v, asked %v; want exit status 3, unasked", p.Err, p.Crashed(), p.Asked())
	}
	if p.Kill(); p.Asked() {
		t.Error("it was asked after its end")
	}
}

// TestSpawnMember: a child that leads no group is in the guardian's. A signal
// that is sent does not make its exit expected; Kill does.
func TestSpawnMember(t *testing.T) {
	g := newGroup(t)
	guardian, err := g.Guard(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p, _ := spawn(t, g, false, "exec sleep 1000")
	if group, err := syscall.Getpgid(p.PID()); err != nil || group != guardian.PID() {
		t.Errorf("in group %d, %v; want the guardian's, %d", group, err, guardian.PID())
	}
	p.Kill()
	awaitEnd(t, p)
	if !p.Asked() || p.Crashed() {
		t.Errorf("asked %v, crashed %v after Kill", p.Asked(), p.Crashed())
	}
	p, _ = spawn(t, g, false, "exec sleep 1000")
	if err := p.Send(os.Kill); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, p)
	if p.Asked() || !p.Crashed() {
		t.Errorf("asked %v, crashed %v after a signal", p.Asked(), p.Crashed())
	}
	p, _ = spawn(t, g, false, "exec sleep 1000")
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	awaitEnd(t, p)
}

// TestTempDirIsMissing: the error says what the directory that is not there is for.
func TestTempDirIsMissing(t *testing.T) {
	t.Setenv("TMPDIR", "/nowhere")
	if _, err := newGroup(t).TempDir("nodrop-test-"); err == nil || !strings.HasPrefix(err.Error(), "temporary directory: ") {
		t.Errorf("got %v", err)
	}
}

// TestTempDir: a directory ends with the group or before.
func TestTempDir(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	g := newGroup(t)
	var dirs []string
	for range 2 {
		dir, err := g.TempDir("nodrop-test-")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	g.RemoveDir(dirs[0])
	if exists(dirs[0]) || !exists(dirs[1]) {
		t.Errorf("there are the first %v, the second %v; want the second only", exists(dirs[0]), exists(dirs[1]))
	}
	// Another program may reuse the name of the first one.
	if err := os.Mkdir(dirs[0], 0o700); err != nil {
		t.Fatal(err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if !exists(dirs[0]) || exists(dirs[1]) {
		t.Errorf("there are the first %v, the second %v; want the first only", exists(dirs[0]), exists(dirs[1]))
	}
}

// TestGuardInterrupted: waiting for a guardian that never guards can be
// interrupted, and the program is gone afterwards.
func TestGuardInterrupted(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho $$ >"+dir+"/pid.new; mv "+dir+"/pid.new "+dir+"/pid; read x\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !exists(dir + "/pid") {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	g := &proc.Group{Executable: program}
	if _, err := g.Guard(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want context.Canceled", err)
	}
	text, err := os.ReadFile(dir + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if syscall.Kill(pid, 0) == nil {
		t.Error("the program is still there")
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// TestGuardianGone: a guardian that has crashed is replaced at the next start,
// and the new one also ends what was running before.
func TestGuardianGone(t *testing.T) {
	g := newGroup(t)
	guardian, err := g.Guard(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leader, _ := spawn(t, g, true, "exec sleep 1000")
	member, _ := spawn(t, g, false, "exec sleep 1000")
	dir, err := g.TempDir("nodrop-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := guardian.Send(os.Kill); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, guardian)
	cmd := exec.Command("true")
	if err := g.Start(cmd); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	g.Done(cmd)
	if next, err := g.Guard(t.Context()); err != nil || next == guardian {
		t.Errorf("got %v, the old guardian: %v; want a new one", err, next == guardian)
	}
	if !leader.Alive() || !member.Alive() || !guardian.Crashed() {
		t.Errorf("alive: %v and %v; crashed: %v", leader.Alive(), member.Alive(), guardian.Crashed())
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	awaitEnd(t, leader)
	awaitEnd(t, member)
	if exists(dir) {
		t.Error("the directory is still there")
	}
}

// TestCloseAfterGuardianGone: what is left is killed even if nothing was started
// after the guardian's death.
func TestCloseAfterGuardianGone(t *testing.T) {
	g := newGroup(t)
	p, _ := spawn(t, g, true, "exec sleep 1000")
	guardian, err := g.Guard(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := guardian.Send(os.Kill); err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, guardian)
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	awaitEnd(t, p)
}
