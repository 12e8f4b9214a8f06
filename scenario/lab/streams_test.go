package lab

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"nodrop/scenario/lab/gateway"
)

// h2conn is an HTTP/2 connection that records what its server says about the end
// of streams and of the connection. Its windows are never full.
type h2conn struct {
	name   string
	conn   net.Conn
	framer *http2.Framer
	ended  chan struct{} // closed when the connection has ended

	mu      sync.Mutex // guards all below, and writing
	encoder *hpack.Encoder
	block   bytes.Buffer
	next    uint32 // the next stream's id
	open    int
	again   string // the path that each finished stream requests again; "" means none
	streams map[uint32]*h2stream
	change  chan struct{} // closed at the next change
	goaways []goaway
	end     error    // nil while it is open
	log     []string // what its server said about ends
}

type goaway struct {
	at   time.Time
	last uint32
}

// h2stream is what became of a request.
type h2stream struct {
	id    uint32
	bytes int
	over  bool // by END_STREAM or RST_STREAM
	reset bool
	code  http2.ErrCode // of reset
}

// dialStreams connects to a replica.
func dialStreams(t *testing.T, r *replica, name string) *h2conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(testContext(t), "tcp", r.addr.String())
	if err != nil {
		t.Fatal(err)
	}
	if r.proto == gateway.H2 {
		secure := tls.Client(conn, &tls.Config{RootCAs: r.roots, ServerName: gateway.Hostname, NextProtos: []string{"h2"}})
		if err := secure.HandshakeContext(testContext(t)); err != nil || secure.ConnectionState().NegotiatedProtocol != "h2" {
			t.Fatalf("%v; negotiated %q", err, secure.ConnectionState().NegotiatedProtocol)
		}
		conn = secure
	}
	c := &h2conn{
		name: name, conn: conn, framer: http2.NewFramer(conn, conn), ended: make(chan struct{}),
		next: 1, streams: map[uint32]*h2stream{}, change: make(chan struct{}),
	}
	c.encoder = hpack.NewEncoder(&c.block)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	const window = 1 << 30
	_, err = io.WriteString(conn, http2.ClientPreface)
	err = errors.Join(err,
		c.framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush}, http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}),
		c.framer.WriteWindowUpdate(0, window))
	if err != nil {
		t.Fatal(err)
	}
	go c.read()
	t.Cleanup(func() {
		_ = conn.Close()
		<-c.ended
	})
	return c
}

// start sends requests for a path, unless the server takes no new streams.
func (c *h2conn) start(path string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range n {
		c.request(path)
	}
}

// keep keeps n requests for a path in flight.
func (c *h2conn) keep(path string, n int) {
	c.mu.Lock()
	c.again = path
	c.mu.Unlock()
	c.start(path, n)
}

// request is called with the lock held.
func (c *h2conn) request(path string) {
	if len(c.goaways) > 0 || c.end != nil {
		return
	}
	c.block.Reset()
	for _, f := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", gateway.Hostname}, {":path", path}} {
		_ = c.encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) // to memory
	}
	c.streams[c.next] = &h2stream{id: c.next}
	// If the connection is lost, reading fails, too.
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: c.next, BlockFragment: c.block.Bytes(), EndStream: true, EndHeaders: true})
	c.next += 2
	c.open++
}

// read reads until the connection ends. The client closes it after a GOAWAY, when
// no stream is left.
func (c *h2conn) read() {
	defer close(c.ended)
	for c.readFrame() {
	}
	_ = c.conn.Close()
}

func (c *h2conn) readFrame() (more bool) {
	f, err := c.framer.ReadFrame()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.take(f)
		if len(c.goaways) > 0 && c.left() == 0 {
			err = errors.New("closed by the client")
		}
	}
	if err != nil {
		c.end = err
		c.say("the connection ended: %v", err)
	}
	close(c.change)
	c.change = make(chan struct{})
	return err == nil
}

func (c *h2conn) say(format string, args ...any) {
	c.log = append(c.log, time.Now().Format("05.000 ")+c.name+": "+fmt.Sprintf(format, args...))
}

// take is called with the lock held.
func (c *h2conn) take(f http2.Frame) {
	s := c.streams[f.Header().StreamID]
	switch f := f.(type) {
	case *http2.SettingsFrame:
		if !f.IsAck() {
			_ = c.framer.WriteSettingsAck()
		}
	case *http2.PingFrame:
		if !f.IsAck() {
			_ = c.framer.WritePing(true, f.Data)
		}
	case *http2.MetaHeadersFrame:
		if f.StreamEnded() {
			c.over(s)
		}
	case *http2.DataFrame:
		s.bytes += len(f.Data())
		if f.StreamEnded() {
			c.over(s)
		}
	case *http2.RSTStreamFrame:
		s.reset, s.code = true, f.ErrCode
		c.say("RST_STREAM %d: %v after %d bytes", s.id, f.ErrCode, s.bytes)
		c.over(s)
	case *http2.GoAwayFrame:
		c.goaways = append(c.goaways, goaway{time.Now(), f.LastStreamID})
		c.say("GOAWAY last id %d, %v, %q; sent up to %d, open %d", f.LastStreamID, f.ErrCode, f.DebugData(), c.next-2, c.open)
	}
}

func (c *h2conn) over(s *h2stream) {
	if s.over {
		return
	}
	s.over = true
	c.open--
	if c.again != "" {
		c.request(c.again)
	}
}

// until waits until a condition holds, which is evaluated with the lock held, or
// until the connection has ended.
func (c *h2conn) until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx := testContext(t)
	for {
		c.mu.Lock()
		done, change := holds() || c.end != nil, c.change
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-change:
		case <-ctx.Done():
			t.Fatalf("%s: never %s", c.name, what)
		}
	}
}

// close ends a connection that its server may have left open.
func (c *h2conn) close() {
	_ = c.conn.Close()
	<-c.ended
}

// left counts the streams that a server that drains still owes; with the lock held.
func (c *h2conn) left() int {
	n := 0
	for _, s := range c.streams {
		if !s.over && s.id <= c.lastID() {
			n++
		}
	}
	return n
}

const noLastID = 1<<31 - 1

// lastID is the highest id that the server may process; with the lock held.
func (c *h2conn) lastID() uint32 {
	last := uint32(noLastID)
	for _, g := range c.goaways {
		last = min(last, g.last)
	}
	return last
}

// ledger counts what became of requests.
type ledger struct {
	Sent, Whole int
	Unprocessed int // above the last id of a GOAWAY, or refused
	Reset       int // by another RST_STREAM
	Cut         int // with the connection
}

// count adds the streams of a connection.
func (l *ledger) count(c *h2conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		l.Sent++
		switch {
		case s.id > c.lastID(), s.reset && s.code == http2.ErrCodeRefusedStream:
			l.Unprocessed++
		case s.reset:
			l.Reset++
		case s.over:
			l.Whole++
		default:
			l.Cut++
		}
	}
}

func (c *h2conn) story() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.log, "\n")
}
