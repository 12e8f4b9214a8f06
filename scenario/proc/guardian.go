package proc

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// GuardianCommand is the hidden first argument that makes the program a
// guardian.
const GuardianCommand = "guardian"

// guardianReady is what a guardian prints to stdout once it guards.
const guardianReady = "ready guardian"

// Exit codes of a guardian.
const (
	exitMisuse = 2
	exitOrphan = 3 // the control pipe ended: the parent has exited or closed it
)

// Messages to a guardian, one per line on its stdin: a word and an argument.
const (
	sayTag     = "tag"     // the tag of a process about to start; at the end, kill everything with this tag
	sayCommand = "command" // the tag of a command; likewise, but spare processes in sessions of their own
	sayUntag   = "untag"   // a tag that is no longer to be killed
	sayLeader  = "leader"  // the process id of a group leader to kill at the end
	sayDone    = "done"    // the process id of a leader that is no longer to be killed
	sayDir     = "dir"     // the path of a directory to remove at the end
	sayUndir   = "undir"   // the path of a directory that is no longer to be removed
)

// Main runs a guardian if args say so; otherwise handled is false. args are
// os.Args[1:].
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int, handled bool) {
	if len(args) == 0 || args[0] != GuardianCommand {
		return 0, false
	}
	return guard(stdin, stdout, stderr), true
}

// guarded is what a guardian knows. Its zero value is nothing.
type guarded struct {
	tags     map[tag]bool
	commands map[tag]bool
	leaders  map[int]bool
	dirs     map[string]bool
}

// guard leads a process group and outlives its parent. When the control pipe
// ends, it kills the groups it was told about and its own, including their
// descendants and itself. Where there are no process groups, it kills only the
// leaders.
func guard(stdin io.Reader, stdout, stderr io.Writer) int {
	if err := leadGroup(); err != nil {
		fmt.Fprintln(stderr, err)
		return exitMisuse
	}
	fmt.Fprintln(stdout, guardianReady)
	var g guarded
	lines := bufio.NewScanner(stdin)
	for lines.Scan() { // a read error also counts as the end
		word, arg, _ := strings.Cut(lines.Text(), " ")
		g.hear(word, arg)
	}
	g.end()
	return exitOrphan
}

func (g *guarded) hear(word, arg string) {
	if g.tags == nil {
		*g = guarded{tags: map[tag]bool{}, commands: map[tag]bool{}, leaders: map[int]bool{}, dirs: map[string]bool{}}
	}
	switch word {
	case sayTag:
		g.tags[tag(arg)] = true
	case sayCommand:
		g.commands[tag(arg)] = true
	case sayUntag:
		delete(g.commands, tag(arg))
	case sayDir:
		g.dirs[arg] = true
	case sayUndir:
		delete(g.dirs, arg)
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

// repeat calls tell with the messages that lead to the same knowledge.
func (g *guarded) repeat(tell func(word string, arg any)) {
	for t := range g.tags {
		tell(sayTag, t)
	}
	for t := range g.commands {
		tell(sayCommand, t)
	}
	for pid := range g.leaders {
		tell(sayLeader, pid)
	}
	for dir := range g.dirs {
		tell(sayDir, dir)
	}
}

func (g *guarded) end() {
	for pid := range g.leaders {
		killGroupOf(pid)
	}
	if len(g.tags)+len(g.commands) > 0 {
		sweep(func(t tag, pid int) bool { return g.tags[t] || g.commands[t] && inSession(pid) })
	}
	for dir := range g.dirs {
		_ = os.RemoveAll(dir)
	}
	killOwnGroup()
}
