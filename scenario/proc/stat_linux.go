package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// parentOf returns the parent of a process, or 0.
func parentOf(pid int) int {
	fields := statOf(pid)
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}

// IsZombie reports whether a process has exited and its parent has not waited
// for it. Signal 0 still reaches such a process.
func IsZombie(pid int) bool {
	fields := statOf(pid)
	return len(fields) > 0 && (string(fields[0]) == "Z" || string(fields[0]) == "X")
}

// exitingFlag is PF_EXITING of linux/sched.h, and flagsField where statOf has the
// flags. The kernel sets it before it closes what the process has open.
const (
	exitingFlag = 0x4
	flagsField  = 6
)

// IsExiting reports whether a process is about to end or has ended: what it had
// open may be closed because of that.
func IsExiting(pid int) bool {
	fields := statOf(pid)
	if len(fields) <= flagsField {
		return true
	}
	flags, _ := strconv.ParseUint(string(fields[flagsField]), 10, 64)
	return flags&exitingFlag != 0 || IsZombie(pid)
}

// statOf returns what the kernel says of a process, from its state on: state,
// parent, and so on. It returns nil if there is no such process.
func statOf(pid int) [][]byte {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	// pid (name) state parent: a name may have anything in it.
	return bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
}
