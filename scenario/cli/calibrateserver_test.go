package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// calibrateServer is the hidden argument that makes the test binary a server
// that stops, or starts, in the way of one cause.
const calibrateServer = "calibrate-server"

// serverFlags are the ways in which a server goes and comes.
type serverFlags struct {
	listen, mode             string
	delay, grace, warm, idle time.Duration
	status, busy             int

	started  time.Time
	draining atomic.Bool
}

func parseServerFlags(args []string) (*serverFlags, error) {
	o := &serverFlags{started: time.Now()}
	set := flag.NewFlagSet(calibrateServer, flag.ContinueOnError)
	set.StringVar(&o.listen, "listen", "", "address")
	set.StringVar(&o.mode, "mode", "graceful", "what SIGTERM does: graceful, exit, ignore, timer, refuse")
	set.DurationVar(&o.delay, "delay", 0, "how long a response takes")
	set.DurationVar(&o.grace, "grace", 0, "of the modes timer and refuse")
	set.DurationVar(&o.warm, "warm", 0, "how long after its start it responds with status, or slowly if that is 0")
	set.IntVar(&o.status, "status", 0, "during -warm")
	set.DurationVar(&o.idle, "idle", 0, "idle timeout of connections; 0 = none")
	set.IntVar(&o.busy, "busy", 0, "with -idle: percentage of times that it is busy when the timeout is over")
	return o, set.Parse(args)
}

// runCalibrateServer serves until its mode says otherwise, and returns the exit
// code.
func runCalibrateServer(args []string) int {
	o, err := parseServerFlags(args)
	if err != nil {
		return 2
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	server := &http.Server{Handler: http.HandlerFunc(o.serve), IdleTimeout: o.idle, ConnState: o.idles}
	go func() { _ = server.Serve(l) }()
	for range stop {
		if o.mode != "ignore" {
			o.end(server)
			return 0
		}
	}
	return 0
}

func (o *serverFlags) serve(w http.ResponseWriter, r *http.Request) {
	delay := o.delay
	switch cold := time.Since(o.started) < o.warm; {
	case o.draining.Load():
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case cold && o.status != 0:
		w.WriteHeader(o.status)
		return
	case cold:
		delay = 5 * time.Second
	}
	select {
	case <-time.After(delay):
	case <-r.Context().Done():
	}
	fmt.Fprintln(w, "ok")
}

// idles is called before the server reads the next request of a connection. A
// busy server looks at what has arrived only after the timer: half the time,
// that was over by then.
func (o *serverFlags) idles(c net.Conn, state http.ConnState) {
	if state != http.StateIdle {
		return
	}
	switch n := rand.Intn(100); {
	case n < o.busy/2:
		time.Sleep(o.idle)
		_ = c.Close()
	case n < o.busy:
		time.Sleep(o.idle)
	}
}

// end does what SIGTERM does in its mode.
func (o *serverFlags) end(server *http.Server) {
	switch o.mode {
	case "exit":
		return
	case "timer":
		ctx, cancel := context.WithTimeout(context.Background(), o.grace)
		defer cancel()
		if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
			_ = server.Close()
		}
		time.Sleep(500 * time.Millisecond) // it lives on: what ends the requests is its timer
		return
	case "refuse":
		o.draining.Store(true)
		time.Sleep(o.grace)
	}
	_ = server.Shutdown(context.Background())
}
