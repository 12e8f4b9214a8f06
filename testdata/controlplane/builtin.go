package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"
)

// serveBuiltin is an ingress gateway that is nodrop's own: as soon as there are
// routes it becomes that program.
func serveBuiltin(args []string) error {
	flags := flag.NewFlagSet("controlplane builtin", flag.ContinueOnError)
	program := flags.String("program", "", "`path` of nodrop")
	listen := flags.String("listen", "", "`address` to listen at")
	routes := flags.String("routes", "", "`file` of routes")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errMisuse, err)
	}
	backend, err := waitRoutes(*routes)
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
	return syscall.Exec(*program, []string{
		*program, "lab-gateway", "--name", os.Getenv("HOSTNAME"), "--listen", *listen, "--backend", backend,
		"--stop", "graceful", "--grace", "10s", "--backend-idle", "1s",
	}, os.Environ())
}
