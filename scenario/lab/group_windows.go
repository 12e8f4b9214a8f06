package lab

import "os/exec"

func joinGroup(*exec.Cmd, int) {}

func leadGroup() error { return nil }

func killGroup() {}
