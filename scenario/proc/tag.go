package proc

import (
	"bytes"
	"crypto/rand"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// tagVariable is the environment variable that holds a tag. Every descendant
// inherits it, even one that creates its own session. Users can see it in their
// processes, so its name mentions nodrop.
const tagVariable = "NODROP_PROCESS"

// tag identifies a process that was started, and all that it starts, among the
// processes of the machine.
type tag string

// newTag returns a unique tag.
func newTag() tag { return tag(rand.Text()) }

// put adds the tag to cmd, not yet started.
func (t tag) put(cmd *exec.Cmd) {
	cmd.Env = append(environ(cmd), tagVariable+"="+string(t))
}

// untag removes from cmd the tag that this process itself may have inherited: a
// guardian must outlive what it guards, so it must not be killed with that tag.
func untag(cmd *exec.Cmd) {
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

// tagIn finds the tag in an environment in the kernel's format; "" if there is
// none.
func tagIn(environ []byte) tag {
	for entry := range bytes.SplitSeq(environ, []byte{0}) {
		if value, ok := bytes.CutPrefix(entry, []byte(tagVariable+"=")); ok {
			return tag(value)
		}
	}
	return ""
}
