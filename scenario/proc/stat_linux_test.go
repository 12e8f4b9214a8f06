package proc

import (
	"io"
	"os"
	"os/exec"
	"testing"
)

// TestIsExiting: a process that runs is not, one that has exited is, waited for
// or not.
func TestIsExiting(t *testing.T) {
	if IsExiting(os.Getpid()) {
		t.Error("this process is exiting")
	}
	cmd := exec.Command("sh", "-c", "read line") // it leaves it to the kernel to close its output
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if IsExiting(pid) {
		t.Error("a process that waits is exiting")
	}
	_ = in.Close()
	if _, err := io.Copy(io.Discard, out); err != nil { // until the kernel has closed its output
		t.Fatal(err)
	}
	for !IsZombie(pid) {
		if !IsExiting(pid) {
			t.Error("a process whose output is closed is not exiting")
			break
		}
	}
	_ = cmd.Wait()
	if !IsExiting(pid) {
		t.Error("a process that has been waited for is not exiting")
	}
}
