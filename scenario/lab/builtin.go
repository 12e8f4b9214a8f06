package lab

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"nodrop/scenario/lab/gateway"
)

// builtin is one replica of the builtin gateway: a reverse proxy with three
// stop modes.
type builtin struct {
	child

	name    string
	listen  string
	backend string
	proto   gateway.Proto
	pem     string // name of the file with certificate and key
	stop    gateway.Mode
	grace   time.Duration
	idle    time.Duration // of connections to the backend

	listener net.Listener
	proxy    *proxy
	server   *http.Server
}

func runBuiltin(c child) int {
	g := &builtin{child: c}
	if err := g.parse(c.args); err != nil {
		return c.complain(err)
	}
	// Requests allocate little: fewer garbage collections leave more processor
	// time for the load generator.
	debug.SetGCPercent(400)
	var err error
	if g.listener, err = listen(context.Background(), g.listen); err != nil {
		return c.complain(err)
	}
	g.proxy = newProxy(g.name, g.backend, g.idle)
	g.server = &http.Server{Handler: g.proxy, ErrorLog: log.New(c.stderr, "", 0), Protocols: g.proto.Served()}
	return g.serve()
}

func (g *builtin) parse(args []string) error {
	flags := flag.NewFlagSet(gatewayCommand, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller prints the error
	flags.StringVar(&g.name, "name", "gw-1", "the replica's `name`")
	flags.StringVar(&g.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 is a free one")
	flags.StringVar(&g.backend, "backend", "", "`address` of the backend")
	proto := flags.String("proto", string(gateway.H1), "`protocol` of clients")
	flags.StringVar(&g.pem, "certificate", "", "`file` with the certificate and its key, for TLS")
	stop := flags.String("stop", string(gateway.Graceful), "stop `mode`")
	flags.DurationVar(&g.grace, "grace", 0, "`time` for requests in flight, from the signal")
	flags.DurationVar(&g.idle, "backend-idle", time.Hour, "`time` that a connection to the backend may be idle")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if g.backend == "" {
		return errors.New("a gateway needs a backend")
	}
	var err error
	if g.proto, err = gateway.ParseProto(*proto); err != nil {
		return err
	}
	g.stop, err = gateway.ParseMode(*stop)
	return err
}

// accept serves connections until the listener closes.
func (g *builtin) accept() error {
	if g.proto.TLS() {
		return g.server.ServeTLS(g.listener, g.pem, g.pem)
	}
	return g.server.Serve(g.listener)
}

// serve runs until it is told to stop or the parent is gone.
func (g *builtin) serve() int {
	requests := make(chan stopRequest, 8)
	notifyRequests(g.stop, requests)
	gone := g.control(requests)
	failed := make(chan error, 1)
	go func() { failed <- g.accept() }()
	g.say(sayReady, g.listener.Addr())

	for {
		select {
		case r := <-requests:
			if r == requestTerm {
				return g.terminate(gone)
			}
			g.proxy.draining.Store(true)
			g.say(sayDraining, clock())
		case err := <-failed:
			return g.complain(err)
		case <-gone:
			return exitOrphan
		}
	}
}

// terminate stops in the gateway's stop mode.
func (g *builtin) terminate(gone <-chan struct{}) int {
	if g.stop == gateway.Abrupt { // requested on the control pipe: no signal ended it
		return exitDone
	}
	_ = g.listener.Close()
	g.say(sayListenerClosed, clock())

	done := make(chan error, 1)
	go func() { done <- g.finish() }()
	select {
	case err := <-done:
		if err == nil {
			return exitDone
		}
		fmt.Fprintln(g.stderr, err)
		return exitCut
	case <-gone:
		return exitOrphan
	}
}

// finish waits for requests in flight, up to the grace period.
func (g *builtin) finish() error {
	ctx, cancel := context.WithTimeout(context.Background(), g.grace)
	defer cancel()
	// Shutdown also returns an error for the listener that is already closed;
	// only an expired context means that the grace period is over.
	if err := g.server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the grace period of %v ended, requests cut off: %d", g.grace, g.proxy.inFlight.Load())
	}
	return nil
}
