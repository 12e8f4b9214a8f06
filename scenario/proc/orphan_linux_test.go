package proc_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nodrop/scenario/proc"
)

// daemon is a shell's line that leaves a process in a session of its own, which
// writes its id to a file.
func daemon(file string) *exec.Cmd {
	return exec.Command("sh", "-c", fmt.Sprintf("setsid sh -c 'echo $$ >%[1]s.new; mv %[1]s.new %[1]s; exec sleep 1000' & while [ ! -e %[1]s ]; do sleep 0.01; done", file))
}

func pidIn(t *testing.T, file string) int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestIntoTheBackground: what a named process leaves in another session goes with
// it; what a command leaves there is let be.
func TestIntoTheBackground(t *testing.T) {
	dir := t.TempDir()
	g := &proc.Group{}
	t.Cleanup(func() { _ = g.Close() })
	command := daemon(filepath.Join(dir, "command"))
	if err := g.Start(command); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
	g.Done(command)
	theirs := pidIn(t, filepath.Join(dir, "command"))
	t.Cleanup(func() { _ = syscall.Kill(theirs, syscall.SIGKILL) })

	p, err := g.Run("server", daemon(filepath.Join(dir, "server")))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Ended:
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if err := syscall.Kill(pidIn(t, filepath.Join(dir, "server")), 0); err == nil {
		t.Error("what the server left in the background is still there")
	}
	if err := syscall.Kill(theirs, 0); err != nil {
		t.Errorf("what the command left in the background: %v", err)
	}
}
