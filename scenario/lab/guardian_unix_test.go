//go:build unix

package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// runTestParent starts a fleet and one more process in its group without a
// control pipe; prints every pid, the guardian's first; and waits.
func runTestParent() int {
	f, err := Start(context.Background(), Options{Replicas: 2, Stop: gateway.Graceful, Stderr: os.Stderr})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	stray := exec.Command("sleep", "600")
	stray.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: f.guardian.PID()}
	if err := stray.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, m := range f.watched() {
		fmt.Print(m.PID(), " ")
	}
	fmt.Println(stray.Process.Pid)
	_, _ = io.Copy(io.Discard, os.Stdin)
	return 0
}

// startTestParent starts runTestParent in a process and returns the pids that
// it prints.
func startTestParent(t *testing.T) (*exec.Cmd, []int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, testParent)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for field := range strings.FieldsSeq(line) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return cmd, pids
}

// gone reports whether a process has ended, even if its parent has not reaped it.
func gone(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z")
}

func expectGone(t *testing.T, pids []int) {
	t.Helper()
	ctx := testContext(t)
	for _, pid := range pids {
		for !gone(pid) {
			if !scenario.Sleep(ctx, time.Millisecond) {
				t.Fatalf("process %d is still there", pid)
			}
		}
	}
}

func TestNothingOutlivesTheParent(t *testing.T) {
	cmd, pids := startTestParent(t)
	if len(pids) != 5 { // guardian, backend, two replicas, stray
		t.Fatalf("pids %v", pids)
	}
	// The guardian ignores TERM, INT and HUP.
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if err := syscall.Kill(pids[0], s); err != nil {
			t.Fatal(err)
		}
	}
	for _, pid := range pids {
		if gone(pid) {
			t.Errorf("process %d is gone before its time", pid)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	expectGone(t, pids)
}

// The guardian kills only its own process group.
func TestGuardianOutsideAGroup(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(self, proc.GuardianCommand).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "does not lead a process group") {
		t.Errorf("got %v, %s; want a refusal", err, out)
	}
}

// No child holds an end of another's control pipe: it would keep the pipe open
// after the parent has ended.
func TestControlPipesAreClosedOnExec(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("needs /proc")
	}
	f := startFleet(t, Options{Replicas: 3, Stop: gateway.Graceful})
	all := f.watched()
	owners := map[string]*member{}
	for _, m := range all {
		owners[descriptors(t, m)["0"]] = m
	}
	if len(owners) != len(all) {
		t.Fatalf("%d control pipes; want %d", len(owners), len(all))
	}
	for _, m := range all {
		for fd, target := range descriptors(t, m) {
			if owner := owners[target]; owner != nil && owner != m {
				t.Errorf("%s holds the control pipe of %s as its %s", m.Name, owner.Name, fd)
			}
		}
	}
}

func descriptors(t *testing.T, m *member) map[string]string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", m.PID())
	fds, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]string{}
	for _, fd := range fds {
		targets[fd.Name()], _ = os.Readlink(dir + fd.Name())
	}
	return targets
}

// expectNoChildren checks that this process has no children left, not even zombies.
func expectNoChildren(t *testing.T) {
	t.Helper()
	var status syscall.WaitStatus
	if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); err != syscall.ECHILD {
		t.Errorf("a child is left: %d, %v", pid, err)
	}
}

// A replica that cannot exit is killed after its grace period.
func TestOutlivedGrace(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Naive})
	if err := f.replicaAt(2).Send(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	j := newJournal()
	if err := f.Scale(testContext(t), 1, j.mark); err != nil {
		t.Fatal(err)
	}
	exited, _, _ := j.find(record.MarkExited, "gw-2")
	if exited.Err == nil || exited.Err.Error() != "gw-2 did not exit within its grace period and was killed" {
		t.Errorf("exit with %v; want that it was killed", exited.Err)
	}
}
