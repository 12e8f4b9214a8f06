package proc

import (
	"os"
	"os/exec"
)

// setGroup does nothing: nodrop uses no process groups on Windows.
func setGroup(*exec.Cmd, int) {}

func killGroupOf(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func leadGroup() error { return nil }

func killOwnGroup() {}
