package proc

import (
	"bytes"
	"crypto/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// tagVariable is the environment variable that holds a Tag. Whatever a process
// starts inherits it, also what makes a session of its own; whoever nodrop runs
// for meets it as well, so that its name says whose it is.
const tagVariable = "NODROP_PROCESS"

// Tag tells a process that was started, and all that it starts, from every other
// process of the machine.
type Tag string

// NewTag makes one that nobody has.
func NewTag() Tag { return Tag(rand.Text()) }

// Put gives cmd, not yet started, the tag.
func (t Tag) Put(cmd *exec.Cmd) {
	cmd.Env = append(environ(cmd), tagVariable+"="+string(t))
}

// Untag takes away from cmd the tag that this process itself may have: a guardian
// ends by itself, after what it guards, and not with whoever started us.
func Untag(cmd *exec.Cmd) {
	cmd.Env = slices.DeleteFunc(slices.Clone(environ(cmd)), func(entry string) bool {
		return strings.HasPrefix(entry, tagVariable+"=")
	})
}

func environ(cmd *exec.Cmd) []string {
	if cmd.Env == nil {
		return os.Environ()
	}
	return cmd.Env
}

// tagIn finds the tag in an environment as the kernel keeps it, "" for none.
func tagIn(environ []byte) Tag {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if value, ok := bytes.CutPrefix(entry, []byte(tagVariable+"=")); ok {
			return Tag(value)
		}
	}
	return ""
}
