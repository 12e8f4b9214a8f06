package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// hello is a backend that answers with its pod's name.
type hello struct {
	listen   string
	delay    time.Duration // of each answer
	cold     time.Duration // after the start: answers wait until it is over
	deaf     bool          // goes on at SIGTERM
	oneByOne bool          // the others wait in the accept queue
	began    time.Time
}

func serveHello(args []string) error {
	h := &hello{began: time.Now()}
	flags := flag.NewFlagSet("controlplane serve", flag.ContinueOnError)
	flags.StringVar(&h.listen, "listen", "", "`address` to listen at")
	flags.DurationVar(&h.delay, "delay", 0, "`time` that an answer takes")
	flags.DurationVar(&h.cold, "cold", 0, "`time` from the start until there are answers")
	flags.BoolVar(&h.deaf, "deaf", false, "go on at SIGTERM")
	flags.BoolVar(&h.oneByOne, "one-by-one", false, "accept a connection when the last is closed; listen anew at SIGHUP")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errMisuse, err)
	}
	if h.deaf {
		signal.Ignore(syscall.SIGTERM)
	}
	if !h.oneByOne {
		return http.ListenAndServe(h.listen, h)
	}
	return h.serveOneByOne()
}

func (h *hello) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	time.Sleep(max(h.delay, time.Until(h.began.Add(h.cold))))
	fmt.Fprintln(w, os.Getenv("HOSTNAME"))
}

// serveOneByOne closes its listener at SIGHUP and opens a new one, as programs do
// that do not hand it over when they are reloaded: the kernel resets the connections
// in its accept queue.
func (h *hello) serveOneByOne() error {
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	for {
		listener, err := net.Listen("tcp", h.listen)
		if err != nil {
			return err
		}
		server := &http.Server{Handler: h}
		server.SetKeepAlivesEnabled(false)
		served := make(chan error, 1)
		go func() { served <- server.Serve(&oneByOne{Listener: listener}) }()
		select {
		case err := <-served:
			return err
		case <-reload:
		}
		_ = server.Shutdown(context.Background()) // after the request in hand
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
	}
}

// oneByOne accepts a connection when the last one is closed.
type oneByOne struct {
	net.Listener
	busy sync.Mutex
}

func (l *oneByOne) Accept() (net.Conn, error) {
	l.busy.Lock()
	c, err := l.Listener.Accept()
	if err != nil {
		l.busy.Unlock()
		return nil, err
	}
	return &last{Conn: c, closed: sync.OnceFunc(l.busy.Unlock)}, nil
}

type last struct {
	net.Conn
	closed func()
}

func (c *last) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
