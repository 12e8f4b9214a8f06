package h2_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
)

// client drives a Conn over a real connection.
type client struct {
	t     *testing.T
	conn  net.Conn
	h2    h2.Conn
	buf   [4096]byte // small, so that frames are split
	ended []*h2.Stream
	fed   func() // called after each Feed
}

func newClient(t *testing.T, conn net.Conn) *client {
	t.Helper()
	c := &client{t: t, conn: conn, fed: func() {}}
	t.Cleanup(func() { conn.Close() })
	c.h2.Capture = []string{"server", "x-length"}
	c.h2.Ended = func(s *h2.Stream) { c.ended = append(c.ended, s) }
	c.h2.Begin()
	return c
}

// run sends and receives until there are no open streams.
func (c *client) run() {
	c.t.Helper()
	received := make(chan []byte)
	go func() {
		defer close(received)
		for {
			b := make([]byte, len(c.buf))
			n, err := c.conn.Read(b)
			if err != nil {
				return
			}
			received <- b[:n]
		}
	}()
	defer func() {
		c.conn.Close()
		for range received {
		}
	}()
	for c.h2.Open() > 0 {
		sent := make(chan int, 1)
		pending := append([]byte(nil), c.h2.Pending()...)
		if len(pending) == 0 {
			sent = nil
		} else {
			go func() {
				n, _ := c.conn.Write(pending)
				sent <- n
			}()
		}
		for again := true; again && c.h2.Open() > 0; {
			select {
			case n := <-sent:
				c.h2.Sent(n)
				again = false
			case b, ok := <-received:
				if !ok {
					c.h2.End(io.EOF)
					return
				}
				if err := c.h2.Feed(b); err != nil {
					c.t.Error(err)
				}
				c.fed()
				again = sent != nil
			}
		}
	}
}

// echo responds with the length of the request's body, and with a body as long.
func echo(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Server", "echo")
	w.Header().Set("X-Length", strconv.FormatInt(n, 10))
	w.Header().Set("Trailer", "X-After")
	if want := r.Header.Get("X-Want"); want != "" {
		n, _ = strconv.ParseInt(want, 10, 64)
	}
	if n > 0 && r.Method != http.MethodHead {
		_, _ = io.Copy(w, io.LimitReader(zeros{}, n))
	}
	w.Header().Set("X-After", "all")
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// listen serves HTTP/2 in cleartext as net/http does.
func listen(t *testing.T, h http.Handler) (*http.Server, net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, Protocols: new(http.Protocols)}
	server.Protocols.SetUnencryptedHTTP2(true)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() }) //nolint:errcheck // the test is over
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return server, conn
}

// servers are HTTP/2 servers in cleartext, each behind a function that connects
// to it.
var servers = map[string]func(t *testing.T, h http.Handler) net.Conn{
	"x/net": func(t *testing.T, h http.Handler) net.Conn {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			server := http2.Server{MaxConcurrentStreams: 250}
			server.ServeConn(theirs, &http2.ServeConnOpts{Handler: h})
		}()
		t.Cleanup(func() { ours.Close(); <-done })
		return ours
	},
	"net/http": func(t *testing.T, h http.Handler) net.Conn {
		_, conn := listen(t, h)
		return conn
	},
}

func TestServers(t *testing.T) {
	for name, connect := range servers {
		t.Run(name, func(t *testing.T) {
			testServer(t, func() *client { return newClient(t, connect(t, http.HandlerFunc(echo))) })
		})
	}
}

func testServer(t *testing.T, connect func() *client) {
	const big = 1 << 18 // more than the window of a stream
	tests := map[string]struct {
		request h2.Request
		want    string
	}{
		"GET":           {h2.Request{}, "200 0 echo/0"},
		"GET with body": {h2.Request{Fields: []h1.Field{{Name: "X-Want", Value: "1000000"}}}, "200 1000000 echo/0"},
		"HEAD":          {h2.Request{Method: "HEAD", Fields: []h1.Field{{Name: "X-Want", Value: "1000000"}}}, "200 0 echo/0"},
		"empty POST":    {h2.Request{Method: "POST"}, "200 0 echo/0"},
		"POST":          {h2.Request{Method: "POST", Body: []byte("text")}, "200 4 echo/4"},
		"big POST":      {h2.Request{Method: "POST", Body: make([]byte, big)}, "200 262144 echo/262144"},
		"pulled POST": {h2.Request{Method: "POST", Length: big, Read: func(b []byte, _ int64) error {
			clear(b)
			return nil
		}}, "200 262144 echo/262144"},
		"Expect":      {h2.Request{Method: "POST", Body: make([]byte, big), Expects: true, Fields: []h1.Field{{Name: "Expect", Value: "100-continue"}}}, "200 262144 echo/262144"},
		"long fields": {h2.Request{Fields: []h1.Field{{Name: "X-Long", Value: strings.Repeat("~", 100_000)}}}, "200 0 echo/0"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			c := connect()
			tc.request.Authority = "example.com"
			if err := tc.request.Validate(); err != nil {
				t.Fatal(err)
			}
			prepared := tc.request.Prepare()
			streams := make([]h2.Stream, 20)
			for i := range streams {
				if !c.h2.Start(&streams[i], prepared) {
					t.Fatal("no room")
				}
			}
			c.run()
			if len(c.ended) != len(streams) {
				t.Fatalf("%d of %d streams ended", len(c.ended), len(streams))
			}
			for i := range streams {
				if got := describe(&streams[i]); got != tc.want {
					t.Errorf("stream %d: got %s, want %s", streams[i].ID(), got, tc.want)
				}
			}
		})
	}
}

func describe(s *h2.Stream) string {
	if s.Err() != nil {
		return s.Err().Error()
	}
	return fmt.Sprintf("%d %d %s/%s", s.Status(), s.BodyBytes(), s.Captured(0), s.Captured(1))
}

// TestShutdown: a server that shuts down sends GOAWAY; the streams that it has
// begun end well, and no more are started.
func TestShutdown(t *testing.T) {
	const inFlight = 5
	arrived, release := make(chan struct{}, inFlight), make(chan struct{})
	server, conn := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		echo(w, r)
	}))
	c := newClient(t, conn)
	streams := make([]h2.Stream, inFlight)
	for i := range streams {
		c.h2.Start(&streams[i], post("text"))
	}
	down := make(chan error)
	go func() {
		for range inFlight {
			<-arrived
		}
		down <- server.Shutdown(t.Context())
	}()
	letGo := sync.OnceFunc(func() { close(release) })
	c.fed = func() {
		if c.h2.GoingAway() == nil {
			return
		}
		if c.h2.Room() != 0 {
			t.Error("there is room after GOAWAY")
		}
		letGo()
	}
	c.run()
	for i := range streams {
		if got, want := describe(&streams[i]), "200 4 echo/4"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

// TestAborted: a handler that gives up resets its stream, and only that.
func TestAborted(t *testing.T) {
	_, conn := listen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/abort" {
			w.Header().Set("Server", "echo")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		echo(w, r)
	}))
	c := newClient(t, conn)
	var aborted, whole h2.Stream
	c.h2.Start(&aborted, (&h2.Request{Path: "/abort"}).Prepare())
	c.h2.Start(&whole, get())
	c.run()
	if got, want := fmt.Sprint(aborted.Err(), " ", aborted.Stage()), "stream error: stream ID *; INTERNAL_ERROR; received from peer 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := describe(&whole), "200 0 echo/0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestEarlyRefusal: a handler responds without reading a body that is larger
// than the window.
func TestEarlyRefusal(t *testing.T) {
	for name, connect := range servers {
		t.Run(name, func(t *testing.T) {
			c := newClient(t, connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusRequestEntityTooLarge)
			})))
			var refused h2.Stream
			c.h2.Start(&refused, post(strings.Repeat("x", 10<<20)))
			c.run()
			if got, want := describe(&refused), "413 0 /"; got != want || refused.Written() {
				t.Errorf("got %s, written %t, want %s", got, refused.Written(), want)
			}
		})
	}
}
