package lab

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"nodrop/scenario/lab/backend"
)

// counting is a backend in this process that counts the requests that reach it.
type counting struct {
	*httptest.Server
	pages http.Handler
	count atomic.Int64
}

func startCounting(t *testing.T) *counting {
	t.Helper()
	l, err := listen(testContext(t), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &counting{pages: backend.New()}
	b.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: b}}
	b.Start()
	t.Cleanup(b.Close)
	return b
}

func (b *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.count.Add(1)
	b.pages.ServeHTTP(w, r)
}

func (b *counting) address() string { return b.Listener.Addr().(*net.TCPAddr).String() }
