package loadgen_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// holder is a server that holds each request until release, and then calls
// respond.
type holder struct {
	url     string
	held    atomic.Int64
	release chan struct{}
	done    atomic.Int64 // released requests that have been handled
}

func holdRequests(t *testing.T, scheme string, before, respond http.HandlerFunc) *holder {
	t.Helper()
	h := &holder{release: make(chan struct{})}
	l, err := listenBelow(t)
	for range 100 {
		if err == nil {
			break
		}
		l, err = listenBelow(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.url = scheme + "://" + l.Addr().String() + "/"
	if scheme == "https" {
		cert, _ := certificate()
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		before(w, r)
		h.held.Add(1)
		<-h.release
		defer h.done.Add(1)
		respond(w, r)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return h
}

// listenBelow tries a port below the ephemeral range, where no connection can
// connect to itself.
func listenBelow(t *testing.T) (net.Listener, error) {
	t.Helper()
	return (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000)))
}

func nothing(http.ResponseWriter, *http.Request) {}

func responseOK(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ok")
	_ = http.NewResponseController(w).Flush()
}

func responseHalf(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "4")
	_, _ = io.WriteString(w, "ok")
	_ = http.NewResponseController(w).Flush()
}

func cutConnection(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
