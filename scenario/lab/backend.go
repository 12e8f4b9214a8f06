package lab

import (
	"context"
	"log"
	"net/http"
	"runtime/debug"

	"nodrop/scenario/lab/backend"
)

func runBackend(c child) int {
	listener, err := listen(context.Background(), "127.0.0.1:0")
	if err != nil {
		return c.complain(err)
	}
	debug.SetGCPercent(400) // as in the builtin gateway
	server := &http.Server{Handler: backend.New(), ErrorLog: log.New(c.stderr, "", 0)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	gone := c.control(make(chan stopRequest, 8)) // the lab never sends a stop request to a backend
	c.say(sayReady, listener.Addr())
	select {
	case err := <-failed:
		return c.complain(err)
	case <-gone:
		return exitOrphan
	}
}
