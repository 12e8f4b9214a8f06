package loadgen_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// apartEnv holds the name of the test that a process was started for.
const apartEnv = "NODROP_TEST_APART"

// isApart reports whether this process was started only for the calling test,
// which may then change the process and its namespaces.
func isApart(t *testing.T) bool {
	t.Helper()
	return os.Getenv(apartEnv) == t.Name()
}

// runApart runs the calling test again in its own process, where isApart is
// true, and adopts its result. change may modify the command.
func runApart(t *testing.T, change func(*exec.Cmd)) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(part)+"$")
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run="+strings.Join(parts, "/"), "-test.v", "-test.timeout=2m", "-test.parallel=64")
	// With the race detector, the process would sleep for a second when it exits.
	cmd.Env = append(os.Environ(), apartEnv+"="+t.Name(), "GORACE=atexit_sleep_ms=0")
	if change != nil {
		change(cmd)
	}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.ENOSYS):
		t.Skipf("NOT RUN: a process in its own namespaces needs root and a kernel with namespaces: %v", err)
	case err != nil, !bytes.Contains(out, []byte("--- PASS: "+t.Name()+" (")):
		t.Fatalf("%v\n%s", err, out)
	}
}

// inNamespaces runs the calling test again in a process with its own network and
// mount namespaces. It reports whether this is that process; there, the loopback
// interface is up.
func inNamespaces(t *testing.T) bool {
	t.Helper()
	if !isApart(t) {
		runApart(t, func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, "GODEBUG=netdns=go") // the system's resolver also reads other files
			cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS}
		})
		return false
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		t.Fatal(err)
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		t.Fatal(err)
	}
	return true
}

// sysctl sets a value in the network namespace of this process.
func sysctl(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("/proc/sys/net/ipv4", name), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}
