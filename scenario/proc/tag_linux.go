package proc

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// sweepBound is how long what is killed may take to be gone: a process in an
// uninterruptible sleep is left to the kernel.
const sweepBound = 10 * time.Second

// tagOf is the tag of a process, "" where there is none, or it is not ours to see.
func tagOf(pid int) Tag {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return ""
	}
	return tagIn(text)
}

// sweep kills every process whose tag is doomed, until there is none: one that is
// killed may just have started another.
func sweep(doomed func(t Tag, pid int) bool) {
	killed := map[int]bool{}
	for end := time.Now().Add(sweepBound); killRound(doomed, killed) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	for pid := range killed {
		reap(pid)
	}
}

// killRound reports whether it found any, and notes them.
func killRound(doomed func(t Tag, pid int) bool, killed map[int]bool) (found bool) {
	names, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		p, err := os.FindProcess(pid) // a handle: the id may become another's after this
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

// reap waits for one that was killed, if it has become a child of ours.
func reap(pid int) {
	for end := time.Now().Add(sweepBound); time.Now().Before(end); time.Sleep(time.Millisecond) {
		got, err := unix.Wait4(pid, nil, unix.WNOHANG, nil)
		if got == pid || err != nil && err != unix.EINTR {
			return
		}
	}
}

// inSession reports a process of the session that this one is in: it has not
// gone into the background for good.
func inSession(pid int) bool {
	own, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	session, err := unix.Getsid(pid)
	return err == nil && session == own
}
