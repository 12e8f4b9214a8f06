package proc_test

import (
	"context"
	"crypto/rand"
	"errors"
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

// TestIntoTheBackground: what a named process leaves in another session ends
// with it; what a command leaves there keeps running.
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

// observation holds named processes, commands and the daemons they leave.
type observation struct {
	*testing.T
	group *proc.Group
	dir   string
}

func newObservation(t *testing.T) *observation {
	t.Helper()
	s := &observation{T: t, group: &proc.Group{}, dir: t.TempDir()}
	t.Cleanup(func() { _ = s.group.Close() })
	return s
}

// named starts a process that leaves a daemon of the same name and runs until
// it is killed. It returns once the daemon is running.
func (s *observation) named(before, name string) *proc.Process {
	s.Helper()
	p, err := s.group.Run(name, exec.Command("sh", "-c", daemonLine(before, s.file(name))+"; echo >"+s.file(name+".up")+"; exec sleep 1001"))
	if err != nil {
		s.Fatal(err)
	}
	s.appears(name + ".up")
	return p
}

func (s *observation) begin(line string) (end func()) {
	s.Helper()
	command := exec.Command("sh", "-c", line)
	if err := s.group.Start(command); err != nil {
		s.Fatal(err)
	}
	return func() {
		_ = command.Wait()
		s.group.Done(command)
	}
}

func (s *observation) file(name string) string { return filepath.Join(s.dir, name) }

func (s *observation) appears(name string) {
	s.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(s.file(name)); err == nil {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("%s does not appear", name)
		}
	}
}

// kill ends a named process and waits until it has been waited for.
func (s *observation) kill(p *proc.Process) {
	s.Helper()
	p.Kill()
	select {
	case <-p.Ended:
	case <-time.After(time.Minute):
		s.Fatal("it does not end")
	}
}

// TestWhoseDaemon: what named processes leave ends with them, and what commands
// leave keeps running, in whatever order they start and end.
func TestWhoseDaemon(t *testing.T) {
	for name, tc := range map[string]struct {
		play        func(s *observation)
		gone, stays []string
	}{
		"a command ran meanwhile": {
			play: func(s *observation) {
				p := s.named("", "server")
				s.begin("true")()
				s.kill(p)
			},
			gone: []string{"server"},
		},
		"a command ran when it came": {
			play: func(s *observation) {
				end := s.begin("while [ ! -e " + s.file("server.up") + " ]; do sleep 0.01; done")
				p := s.named("", "server")
				end()
				s.kill(p)
			},
			gone: []string{"server"},
		},
		"a command runs when its process ends": {
			play: func(s *observation) {
				p := s.named("", "server")
				end := s.begin("while [ ! -e " + s.file("over") + " ]; do sleep 0.01; done")
				s.kill(p)
				_ = os.WriteFile(s.file("over"), nil, 0o600)
				end()
			},
			gone: []string{"server"},
		},
		"its environment cleared, a command ran meanwhile": {
			play: func(s *observation) {
				p := s.named(clearing, "server")
				s.begin("true")()
				s.kill(p)
			},
			gone: []string{"server"},
		},
		"one process of two": {
			play: func(s *observation) {
				a, b := s.named("", "a"), s.named(clearing, "b")
				s.kill(a)
				pid := pidIn(s.T, s.file("b"))
				if err := syscall.Kill(pid, 0); err != nil {
					s.Errorf("the daemon of the other one: %v", err)
				}
				s.kill(b)
			},
			gone: []string{"a", "b"},
		},
		"a command leaves two, one late": {
			play: func(s *observation) {
				p := s.named("", "server")
				late := "(i=0; while [ ! -e " + s.file("later") + " ]; do i=$((i+1)); [ $i -lt 6000 ] || exit; sleep 0.01; done; " + daemonLine("", s.file("late")) + ") >/dev/null 2>&1 &"
				s.begin(daemonLine(clearing, s.file("early")) + "; " + late)()
				_ = os.WriteFile(s.file("later"), nil, 0o600)
				s.appears("late")
				s.kill(p)
			},
			gone: []string{"server"}, stays: []string{"early", "late"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newObservation(t)
			tc.play(s)
			for _, daemon := range tc.gone {
				expectGone(t, pidIn(t, s.file(daemon)))
			}
			for _, daemon := range tc.stays {
				pid := pidIn(t, s.file(daemon))
				if err := syscall.Kill(pid, 0); err != nil {
					t.Errorf("%s: %v", daemon, err)
				}
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		})
	}
}

// TestKilledWithDaemons: when a program is killed, everything its named
// processes have started ends, and what its commands have left keeps running.
func TestKilledWithDaemons(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, daemonHolder, dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	if pid := child(t, cmd, (*exec.Cmd).Start); pid != cmd.Process.Pid {
		t.Fatalf("%d says that it holds", pid)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	expectGone(t, pidIn(t, filepath.Join(dir, "server")))
	for _, name := range []string{"done", "running"} {
		pid := pidIn(t, filepath.Join(dir, name))
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("the daemon of the command (%s): %v", name, err)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// TestKillAll: what a child has put into another session ends with KillAll.
func TestKillAll(t *testing.T) {
	g, file := newGroup(t), filepath.Join(t.TempDir(), "daemon")
	p, _ := spawn(t, g, true, daemonLine("", file)+"; exec sleep 1001")
	awaitDaemon(t, file)
	if err := g.KillAll(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if p.Alive() || !p.Asked() {
		t.Errorf("alive %v, asked %v", p.Alive(), p.Asked())
	}
	expectGone(t, pidIn(t, file))
}

// awaitDaemon waits until a daemon runs its last program: while it changes
// programs, it has no environment for a moment, and so no tag.
func awaitDaemon(t *testing.T, file string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if exists(file) {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pidIn(t, file)))
			if strings.HasPrefix(string(text), "sleep") {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatal("there is no daemon")
		}
	}
}

// TestKillAllWithoutTime: KillAll also kills what has left a group if its
// context has ended.
func TestKillAllWithoutTime(t *testing.T) {
	g, file := newGroup(t), filepath.Join(t.TempDir(), "daemon")
	p, _ := spawn(t, g, true, daemonLine("", file)+"; exec sleep 1001")
	awaitDaemon(t, file)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.KillAll(ctx, p); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	awaitEnd(t, p)
	expectGone(t, pidIn(t, file))
	if p.Err == nil || p.Err.Error() != "signal: killed" {
		t.Errorf("it ended with %v; want that it was killed", p.Err)
	}
}

// TestKillAfterExit: a process that has exited is not asked to, and not killed,
// while another one holds its output.
func TestKillAfterExit(t *testing.T) {
	g, file := newGroup(t), filepath.Join(t.TempDir(), "daemon")
	p, _ := spawn(t, g, true, daemonLine("", file))
	awaitDaemon(t, file)
	for end := time.Now().Add(time.Minute); !p.Crashed(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not exit")
		}
	}
	time.Sleep(10 * time.Millisecond)
	if p.Kill(); !p.Alive() || p.Asked() {
		t.Errorf("alive %v, asked %v; want only that its output is held", p.Alive(), p.Asked())
	}
	if err := g.KillAll(t.Context(), p); err != nil {
		t.Error(err)
	}
	expectGone(t, pidIn(t, file))
}

// TestGuardedBeforeTheFork: a guardian that knows only a tag ends the process
// started with it, as if we had been killed right after the fork.
func TestGuardedBeforeTheFork(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	guardian := exec.Command(self, proc.GuardianCommand)
	guardian.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := guardian.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := guardian.Start(); err != nil {
		t.Fatal(err)
	}
	tag := rand.Text()
	fmt.Fprintln(stdin, "tag", tag)
	cmd := exec.Command("sh", "-c", "setsid sleep 1000 & echo $!; exec sleep 1001 >/dev/null")
	cmd.Env = append(os.Environ(), "NODROP_PROCESS="+tag)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pid := child(t, cmd, (*exec.Cmd).Start)
	if err := stdin.Close(); err != nil {
		t.Fatal(err)
	}
	_ = guardian.Wait()
	if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("%v; want it killed", err)
	}
	expectGone(t, pid)
}
