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
	sayTag     = "tag"     // and the tag of a process that is about to be started: all that has it is to be killed at the end
	sayCommand = "command" // and the tag of a command: the same, but for what has made a session of its own
	sayUntag   = "untag"   // and a tag that is no longer to be killed
	sayLeader  = "leader"  // and the process id of a group's leader, to be killed at the end
	sayDone    = "done"    // and one that is no longer
	sayDir     = "dir"     // and the path of a directory, to be removed at the end
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

// GuardTag tells a guardian of a process before it is started.
func GuardTag(guardian io.Writer, t Tag) { _, _ = fmt.Fprintln(guardian, sayTag, t) }

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

// guarded is what a guardian has been told to end.
type guarded struct {
	tags     map[Tag]bool
	commands map[Tag]bool
	leaders  map[int]bool
	dirs     []string
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
	g := guarded{tags: map[Tag]bool{}, commands: map[Tag]bool{}, leaders: map[int]bool{}}
	lines := bufio.NewScanner(stdin)
	for lines.Scan() { // an error is an end, too
		word, arg, _ := strings.Cut(lines.Text(), " ")
		g.hear(word, arg)
	}
	g.end()
	return exitOrphan
}

func (g *guarded) hear(word, arg string) {
	switch word {
	case sayTag:
		g.tags[Tag(arg)] = true
	case sayCommand:
		g.commands[Tag(arg)] = true
	case sayUntag:
		delete(g.commands, Tag(arg))
	case sayDir:
		g.dirs = append(g.dirs, arg)
	case sayLeader, sayDone:
		pid, err := strconv.Atoi(arg)
		if err != nil || pid < 2 {
			return
		}
		delete(g.leaders, pid)
		if word == sayLeader {
			g.leaders[pid] = true
		}
	}
}

func (g *guarded) end() {
	for pid := range g.leaders {
		killGroupOf(pid)
	}
	if len(g.tags)+len(g.commands) > 0 {
		sweep(func(t Tag, pid int) bool { return g.tags[t] || g.commands[t] && inSession(pid) })
	}
	for _, dir := range g.dirs {
		_ = os.RemoveAll(dir)
	}
	killOwnGroup()
}
