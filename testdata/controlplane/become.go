package main

import (
	"flag"
	"fmt"
)

// becoming is what a gateway is told that turns into another program.
type becoming struct {
	program string // its path
	listen  string // address
	backend string // address
	routes  string // the file that named the backend
}

// parseBecoming reads the arguments of a command, and waits until there are routes.
func parseBecoming(command string, args []string) (becoming, error) {
	var b becoming
	flags := flag.NewFlagSet("controlplane "+command, flag.ContinueOnError)
	flags.StringVar(&b.program, "program", "", "`path` of the program")
	flags.StringVar(&b.listen, "listen", "", "`address` to listen at")
	flags.StringVar(&b.routes, "routes", "", "`file` of routes")
	if err := flags.Parse(args); err != nil {
		return b, fmt.Errorf("%w: %w", errMisuse, err)
	}
	var err error
	b.backend, err = waitRoutes(b.routes)
	return b, err
}
