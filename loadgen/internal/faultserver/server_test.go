package faultserver

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func TestAfterFIN(t *testing.T) {
	t.Run("http", func(t *testing.T) { testAfterFIN(t, start(t, Always(OKThenFIN)), nil) })
	t.Run("https", func(t *testing.T) {
		testAfterFIN(t, startTLS(t, faultless, Always(OKThenFIN)), map[HandshakeFault]int64{HandshakeOK: 1})
	})
}

func testAfterFIN(t *testing.T, s *Server, handshakes map[HandshakeFault]int64) {
	t.Helper()
	c := dialServer(t, s)
	c.send(message("GET"))
	c.expectEnd(okWire+"ok\n", nil)
	c.send(message("POST"))
	c.expectEnd("", nil)
	c.quit()
	expectCounts(t, s, Counts{
		Connections: 1, Requests: 1, AfterFIN: 1, Handshakes: handshakes,
		ByKind: map[Kind]Count{OKThenFIN: {Fresh: 1}},
	})
}

// A server that closed right after the FIN would reset the rest of the body.
func TestEarlyResponseDrainsTheBody(t *testing.T) {
	const length = 8 << 20
	s := start(t, Always(EarlyResponse))
	c := dial(t, s.Addr())
	c.send("POST / HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n")
	c.expectEnd(wire[EarlyResponse].head+wire[EarlyResponse].body, nil)
	c.send(strings.Repeat("b", length))
	c.finish()
	c.expectEnd("", nil)
	expectCounts(t, s, Counts{Connections: 1, Requests: 1, Unasked: length, ByKind: map[Kind]Count{EarlyResponse: {Fresh: 1}}})
}

func TestUncountedRequests(t *testing.T) {
	long := "X: " + strings.Repeat("y", 9000)
	for name, tt := range map[string]struct {
		sent                  string
		incomplete, malformed int64
	}{
		"nothing":         {"", 0, 0},
		"no end of line":  {"GET / HT", 1, 0},
		"no blank line":   {"GET / HTTP/1.1\r\nHost: x\r\n", 1, 0},
		"part of a body":  {"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n1234", 1, 0},
		"no version":      {"GET /\r\n\r\n", 0, 1},
		"unknown version": {"GET / HTTP/2.0\r\n\r\n", 0, 1},
		"no colon":        {"GET / HTTP/1.1\r\nHost\r\n\r\n", 0, 1},
		"bad length":      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 0, 1},
		"chunked":         {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 1},
		"long line":       {"GET / HTTP/1.1\r\n" + long + "\r\n\r\n", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Always(OK))
			c := dial(t, s.Addr())
			c.send(tt.sent)
			c.finish()
			c.expectEnd("", nil)
			expectCounts(t, s, Counts{
				Connections: 1, ByKind: map[Kind]Count{},
				Incomplete: tt.incomplete, Malformed: tt.malformed,
			})
		})
	}
}

// A client that ends with a RST must not change the counts.
func TestClientReset(t *testing.T) {
	s := start(t, Always(Silence))
	c := dial(t, s.Addr())
	c.send(message("GET"))
	if err := c.tcp.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	c.quit()
	expectCounts(t, s, Counts{Connections: 1, Requests: 1, ByKind: map[Kind]Count{Silence: {Fresh: 1}}})
}

func TestCloseEndsEverything(t *testing.T) {
	s := start(t, Every(2, Silence))
	idle, held := dial(t, s.Addr()), dial(t, s.Addr())
	idle.send(message("GET"))
	idle.expect(okWire + "ok\n")
	held.send(message("GET"))
	for s.Counts().Requests < 2 {
		runtime.Gosched() // no byte shows that the request was read
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	idle.expectEnd("", nil)
	held.expectEnd("", nil)
	if err := s.Wait(t.Context()); err == nil {
		t.Error("Wait on a closed server: no error")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	s := start(t, Always(OK))
	c := dial(t, s.Addr())
	c.send(message("GET"))
	c.expect(okWire + "ok\n")
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error)
	go func() { result <- s.Wait(ctx) }()
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want %v", err, context.Canceled)
	}
}

func TestManyClients(t *testing.T) {
	const clients, each = 50, 100
	s := start(t, Every(10, ResetBeforeResponse))
	var (
		group sync.WaitGroup
		mu    sync.Mutex // guards want
		want  = Counts{ByKind: map[Kind]Count{}}
	)
	for range clients {
		group.Go(func() {
			seen := load(t, s, each)
			mu.Lock()
			defer mu.Unlock()
			want.Connections += seen.Connections
			want.Requests += seen.Requests
			for k, n := range seen.ByKind {
				sum := want.ByKind[k]
				want.ByKind[k] = Count{sum.Fresh + n.Fresh, sum.Reused + n.Reused}
			}
		})
	}
	group.Wait()
	if lost := want.ByKind[ResetBeforeResponse]; lost.Fresh+lost.Reused != clients*each/10 {
		t.Errorf("clients saw %+v resets; want %d", lost, clients*each/10)
	}
	expectCounts(t, s, want)
}

// load sends n requests one after another, on one connection while it lasts,
// and counts the outcomes.
func load(t *testing.T, s *Server, n int) Counts {
	t.Helper()
	seen := Counts{ByKind: map[Kind]Count{}}
	const whole = okWire + "ok\n"
	response := make([]byte, len(whole))
	var conn net.Conn
	for range n {
		this := Count{Reused: 1}
		if conn == nil {
			c, err := net.Dial("tcp4", s.Addr().String())
			if err != nil {
				t.Error(err)
				return seen
			}
			defer c.Close()
			conn, this = c, Count{Fresh: 1}
			seen.Connections++
		}
		if _, err := io.WriteString(conn, message("GET")); err != nil {
			t.Errorf("write: %v", err)
			return seen
		}
		kind := OK
		got, err := io.ReadFull(conn, response)
		switch {
		case got == 0 && errors.Is(err, errReset):
			kind, conn = ResetBeforeResponse, nil
		case err != nil || string(response) != whole:
			t.Errorf("got %q, %v", response[:got], err)
			return seen
		}
		seen.Requests++
		sum := seen.ByKind[kind]
		seen.ByKind[kind] = Count{sum.Fresh + this.Fresh, sum.Reused + this.Reused}
	}
	return seen
}
