package proc

import (
	"os"
	"os/exec"
)

// Join does nothing: nodrop uses no process groups on Windows.
func Join(*exec.Cmd, int) {}

func killGroupOf(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func leadGroup() error { return nil }

func killOwnGroup() {}
