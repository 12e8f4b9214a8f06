package proc

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// adopt makes this process, in place of init, the parent of orphaned
// descendants. Processes that go into the background can then be found.
func adopt() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// orphans lists children that lead a session of their own: processes that went
// into the background, as opposed to those we started.
func orphans() []int {
	own, err := unix.Getsid(0)
	if err != nil {
		return nil
	}
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return nil
	}
	var found []int
	for _, task := range tasks {
		text, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%s/children", task.Name()))
		if err != nil {
			continue // the thread has exited, or the kernel lacks this file
		}
		for field := range strings.FieldsSeq(string(text)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				continue
			}
			if session, err := unix.Getsid(pid); err == nil && session != own {
				found = append(found, pid)
			}
		}
	}
	return found
}

// killOrphan kills an orphan with its process group and reaps it.
func killOrphan(pid int) {
	if group, err := unix.Getpgid(pid); err == nil && group > 1 {
		killGroupOf(group)
	}
	_, _ = unix.Wait4(pid, nil, 0, nil)
}
