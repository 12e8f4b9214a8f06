package proc

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// sweepBound limits the wait for killed processes to disappear: a process in
// uninterruptible sleep is left to the kernel.
const sweepBound = 10 * time.Second

// quietRounds is how many rounds in a row must find nothing: while a process
// executes another program, it has no environment for a moment.
const quietRounds = 2

// tagOf returns the tag of a process, or "" if it has none or we may not read
// it.
func tagOf(pid int) tag {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	return tagIn(text)
}

// sweep kills every process whose tag is doomed, and repeats until none is
// left: a killed process may just have started another.
func sweep(doomed func(t tag, pid int) bool) {
	killed := map[int]bool{}
	end := time.Now().Add(sweepBound)
	for quiet := 0; quiet < quietRounds && time.Now().Before(end); quiet++ {
		if quiet > 0 || len(killed) > 0 {
			time.Sleep(time.Millisecond)
		}
		if killRound(doomed, killed) {
			quiet = -1
		}
	}
	for pid := range killed {
		reap(pid)
	}
}

// killRound kills and records matching processes, and reports whether it found
// any.
func killRound(doomed func(t tag, pid int) bool, killed map[int]bool) (found bool) {
	names, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		p, err := os.FindProcess(pid) // a handle: from here on, a reused id does no harm
		if err != nil {
			continue
		}
		if t := tagOf(pid); t != "" && doomed(t, pid) && p.Kill() == nil {
			found, killed[pid] = true, true
		}
		_ = p.Release()
	}
	return found
}

// reap waits for a killed process if it has become our child.
func reap(pid int) {
	for end := time.Now().Add(sweepBound); time.Now().Before(end); time.Sleep(time.Millisecond) {
		got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
		if got == pid || err != nil && err != unix.EINTR {
			return
		}
	}
}

// inSession reports whether a process is in our session, so it has not gone
// into the background.
func inSession(pid int) bool {
	own, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	session, err := unix.Getsid(pid)
	return err == nil && session == own
}
