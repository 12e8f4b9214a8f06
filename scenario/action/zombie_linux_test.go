package action

import (
	"os/exec"
	"testing"
	"time"
)

// TestZombieIsGone: a step that waits for the end of a process does not wait for
// its parent, which may never ask for the exit code.
func TestZombieIsGone(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); !isGone(cmd.Process); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a process that has exited is not gone until somebody waits for it")
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
