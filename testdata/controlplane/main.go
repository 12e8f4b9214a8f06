// Controlplane runs a command beside a real Kubernetes control plane on this
// machine: etcd, kube-apiserver, controllers of Kubernetes' own and, if asked
// for, kube-proxy, in namespaces of their own that end with it.
//
// Usage:
//
//	controlplane --binaries DIR [--proxy] [--gateway-command 'PROGRAM ARGS'] -- COMMAND ARGS
//	controlplane gateway --listen ADDRESS --routes FILE
//	controlplane envoy --program PATH --listen ADDRESS --routes FILE
//	controlplane serve --listen ADDRESS
//	controlplane smoke
//
// It exits as COMMAND does, with 2 for misuse and with 1 when the control plane
// does not come up. SIGUSR1 kills the API server, SIGUSR2 starts it again.
//
// COMMAND finds in its environment:
//
//	KUBECONFIG            of a user who may do everything
//	CONTROLPLANE_LIMITED  the kubeconfig of a user without any role
//	CONTROLPLANE_TOKENS   the API server's file of tokens
//	CONTROLPLANE_DIR      the directory of logs, pods' output and gateways' routes
//	CONTROLPLANE_PID      the process that takes SIGUSR1 and SIGUSR2
//	CONTROLPLANE_PROGRAM  this program, for pods to run
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	exitFailure = 1
	exitMisuse  = 2
)

var errMisuse = errors.New("misuse")

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	code, err := route(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		return code
	}
	fmt.Fprintln(os.Stderr, "controlplane:", err)
	if errors.Is(err, errMisuse) {
		return exitMisuse
	}
	return exitFailure
}

func route(args []string) (int, error) {
	if len(args) == 0 {
		return 0, fmt.Errorf("%w: no command is given", errMisuse)
	}
	switch args[0] {
	case "gateway":
		return 0, serveGateway(args[1:])
	case "envoy":
		return 0, serveEnvoy(args[1:])
	case "builtin":
		return 0, serveBuiltin(args[1:])
	case "serve":
		return 0, serveHello(args[1:])
	case "smoke":
		return 0, smoke()
	case "init":
		return runInit(args[1:])
	case "plane":
		return runPlane(args[1:])
	}
	return enterNamespace(args)
}

type options struct {
	binaries       string
	proxy          bool
	gatewayCommand []string
	command        []string
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("controlplane", flag.ContinueOnError)
	flags.StringVar(&o.binaries, "binaries", "", "`directory` that build.sh has filled")
	flags.BoolVar(&o.proxy, "proxy", false, "run kube-proxy, so that the addresses of Services work")
	gateway := flags.String("gateway-command", "", "`program` and arguments of an ingress gateway's pods")
	if err := flags.Parse(args); err != nil {
		return o, fmt.Errorf("%w: %w", errMisuse, err)
	}
	o.gatewayCommand = strings.Fields(*gateway)
	o.command = flags.Args()
	return o, o.check()
}

func (o *options) check() error {
	if o.binaries == "" {
		return fmt.Errorf("%w: --binaries is missing", errMisuse)
	}
	if len(o.command) == 0 {
		return fmt.Errorf("%w: the command is missing", errMisuse)
	}
	// The programs start in a directory of their own.
	var err error
	o.binaries, err = filepath.Abs(o.binaries)
	return err
}
