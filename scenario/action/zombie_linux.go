package action

import (
	"bytes"
	"fmt"
	"os"
)

// isZombie reports whether a process has exited and its parent has not waited
// for it. Signal 0 still reaches such a process.
func isZombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// pid (name) state: a name may have anything in it.
	rest := bytes.TrimLeft(stat[bytes.LastIndexByte(stat, ')')+1:], " ")
	return len(rest) > 0 && (rest[0] == 'Z' || rest[0] == 'X')
}
