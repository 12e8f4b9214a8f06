package proc

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// GuardianCommand is the hidden first argument that makes the program a
// guardian.
const GuardianCommand = "guardian"

// guardianReady is what a guardian says on stdout when it guards.
const guardianReady = "ready guardian"

// Exit codes of a guardian.
const (
	exitMisuse = 2
	exitOrphan = 3 // the control pipe ended: the parent is gone, or has closed it
)

// What a guardian is told on its stdin, a line each.
const (
	sayLeader = "leader" // and the process id of a group's leader, to be killed at the end
	sayDone   = "done"   // and one that is no longer
	sayDir    = "dir"    // and the path of a directory, to be removed at the end
)

// Guard tells a guardian, at its stdin, of a process that leads its own group.
// One that is gone is told nothing: it has taken all with it.
func Guard(guardian io.Writer, leader *exec.Cmd) {
	_, _ = fmt.Fprintln(guardian, sayLeader, leader.Process.Pid)
}

// Unguard tells a guardian that such a process has been waited for: its id may
// become another's.
func Unguard(guardian io.Writer, leader *exec.Cmd) {
	_, _ = fmt.Fprintln(guardian, sayDone, leader.Process.Pid)
}

// GuardDir tells a guardian of a directory that is to go with the rest.
func GuardDir(guardian io.Writer, path string) { _, _ = fmt.Fprintln(guardian, sayDir, path) }

// Main runs a guardian when args name one: handled is false for anything else.
// args are os.Args[1:].
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, handled bool) {
	if len(args) == 0 || args[0] != GuardianCommand {
		return 0, false
	}
	return guard(stdin, stdout, stderr), true
}

// guard leads a process group and outlives a parent that dies, however it dies:
// when the control pipe ends, it kills the groups it was told of and its own,
// children of children and itself included. Where there are no process groups
// it kills the leaders alone.
func guard(stdin io.Reader, stdout, stderr io.Writer) int {
	if err := leadGroup(); err != nil {
		fmt.Fprintln(stderr, err)
		return exitMisuse
	}
	fmt.Fprintln(stdout, guardianReady)
	leaders := map[int]bool{}
	var dirs []string
	lines := bufio.NewScanner(stdin)
	for lines.Scan() { // an error is an end, too
		word, arg, _ := strings.Cut(lines.Text(), " ")
		if word == sayDir {
			dirs = append(dirs, arg)
			continue
		}
		pid, err := strconv.Atoi(arg)
		if err != nil || pid < 2 {
			continue
		}
		switch word {
		case sayLeader:
			leaders[pid] = true
		case sayDone:
			delete(leaders, pid)
		}
	}
	for pid := range leaders {
		killGroupOf(pid)
	}
	for _, dir := range dirs {
		_ = os.RemoveAll(dir)
	}
	killOwnGroup()
	return exitOrphan
}
