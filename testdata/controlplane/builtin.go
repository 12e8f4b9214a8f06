package main

import (
	"os"
	"syscall"
)

// serveBuiltin is an ingress gateway that is nodrop's own: as soon as there are
// routes it becomes that program.
func serveBuiltin(args []string) error {
	b, err := parseBecoming("builtin", args)
	if err != nil {
		return err
	}
	// The gateway ends when its standard input does, which its own copy of the
	// pipe's other end keeps from happening.
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], 0); err != nil {
		return err
	}
	if err := syscall.Dup3(pipe[0], 0, 0); err != nil {
		return err
	}
	return syscall.Exec(b.program, []string{
		b.program, "lab-gateway", "--name", os.Getenv("HOSTNAME"), "--listen", b.listen, "--backend", b.backend,
		"--stop", "graceful", "--grace", "10s", "--backend-idle", "1s",
	}, os.Environ())
}
