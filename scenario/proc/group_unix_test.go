//go:build unix

package proc_test

import (
	"bufio"
	"fmt"
	"io"
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

// holder is the argument that makes the test program hold a Group with one
// member and print its pid.
const holder = "test-holder"

// daemonHolder makes it hold processes that leave daemons, in a directory.
const daemonHolder = "test-daemon-holder"

func TestMain(m *testing.M) {
	if code, handled := proc.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); handled {
		os.Exit(code)
	}
	if len(os.Args) == 2 && os.Args[1] == holder {
		os.Exit(hold())
	}
	if len(os.Args) == 3 && os.Args[1] == daemonHolder {
		os.Exit(holdDaemons(os.Args[2]))
	}
	os.Exit(m.Run())
}

func hold() int {
	var g proc.Group
	cmd := exec.Command("sh", "-c", "sleep 1000 & echo $! ; wait")
	cmd.Stdout = os.Stdout
	if err := g.Start(cmd); err != nil {
		return 1
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// expectGone waits until a process has exited or is a zombie that its new
// parent has yet to reap.
func expectGone(t *testing.T, pid int) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for syscall.Kill(pid, 0) == nil {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if _, rest, _ := strings.Cut(string(stat), ") "); err == nil && strings.HasPrefix(rest, "Z") {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("process %d is still there", pid)
		}
		time.Sleep(time.Millisecond)
	}
}

// child starts cmd and returns the pid that it prints first.
func child(t *testing.T, cmd *exec.Cmd, start func(*exec.Cmd) error) int {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(cmd); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// TestKilled: a grandchild ends with a program that is killed.
func TestKilled(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, holder)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	pid := child(t, cmd, (*exec.Cmd).Start)
	if syscall.Kill(pid, 0) != nil {
		t.Fatal("it is gone before its time")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	expectGone(t, pid)
}

func TestKillAndClose(t *testing.T) {
	for name, end := range map[string]func(g *proc.Group, cmd *exec.Cmd) error{
		"kill":  func(_ *proc.Group, cmd *exec.Cmd) error { proc.KillGroup(cmd); return nil },
		"close": func(g *proc.Group, _ *exec.Cmd) error { return g.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			var g proc.Group
			cmd := exec.Command("sh", "-c", "sleep 1000 & echo $! ; wait")
			pid := child(t, cmd, g.Start)
			if err := end(&g, cmd); err != nil {
				t.Error(err)
			}
			_ = cmd.Wait()
			expectGone(t, pid)
			if err := g.Close(); err != nil {
				t.Error(err)
			}
			if err := g.Start(exec.Command("true")); err == nil {
				t.Error("a closed Group starts a process")
			}
		})
	}
}

// TestDone: what a finished command left in the background keeps running.
func TestDone(t *testing.T) {
	var g proc.Group
	cmd := exec.Command("sh", "-c", "sleep 1000 >/dev/null & echo $!")
	pid := child(t, cmd, g.Start)
	_ = cmd.Wait()
	g.Done(cmd)
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if syscall.Kill(pid, 0) != nil {
		t.Error("it is gone")
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// TestNoGuardian: a program that is not a guardian is reported and waited for.
func TestNoGuardian(t *testing.T) {
	g := proc.Group{Executable: "/bin/false"}
	if err := g.Start(exec.Command("true")); err == nil || !strings.Contains(err.Error(), "guardian did not start: exit status 1") {
		t.Errorf("got %v", err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// daemon returns a shell command that leaves a process in a session of its own,
// which writes its pid to a file.
func daemon(file string) *exec.Cmd { return exec.Command("sh", "-c", daemonLine("", file)) }

// daemonLine returns such a shell line; before is a command that starts the
// daemon.
func daemonLine(before, file string) string {
	return fmt.Sprintf("(%[2]s setsid sh -c 'echo $$ >%[1]s.new; mv %[1]s.new %[1]s; exec sleep 1000' &) ; i=0; while [ ! -e %[1]s ] && [ $i -lt 6000 ]; do i=$((i+1)); sleep 0.01; done", file, before)
}

// clearing starts a program without an environment, and so without a tag.
const clearing = "env -i PATH=\"$PATH\""

// holdDaemons holds a named process, a finished command and a running one, each
// of which has left a daemon.
func holdDaemons(dir string) int {
	var g proc.Group
	server := exec.Command("sh", "-c", daemonLine("", filepath.Join(dir, "server"))+"; echo >"+filepath.Join(dir, "up")+"; exec sleep 1001")
	if _, err := g.Run("server", server); err != nil {
		return 1
	}
	for !exists(filepath.Join(dir, "up")) {
		time.Sleep(time.Millisecond)
	}
	done := daemon(filepath.Join(dir, "done"))
	if g.Start(done) != nil || done.Wait() != nil {
		return 1
	}
	g.Done(done)
	running := exec.Command("sh", "-c", daemonLine("", filepath.Join(dir, "running"))+"; exec sleep 1002")
	if g.Start(running) != nil {
		return 1
	}
	for !exists(filepath.Join(dir, "running")) {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(os.Getpid())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
