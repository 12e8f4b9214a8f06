package h2fault

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"nodrop/loadgen/internal/faultserver"
)

// client is a client of frames: it knows nothing of what the server is up to.
type client struct {
	t       *testing.T
	tcp     *net.TCPConn
	conn    net.Conn // tcp, or TLS over it
	frames  *http2.Framer
	block   bytes.Buffer
	fields  *hpack.Encoder
	next    uint32
	seen    sight
	wroteTo error         // a RST, as a write saw it
	wait    time.Duration // the client gives up after it
}

// sight is what a client has seen.
type sight struct {
	streams map[uint32]*seenStream
	last    uint32 // of the last GOAWAY
	goAways int
	pings   int
	settled bool  // SETTINGS have come
	end     error // io.EOF, a reset, a timeout, or what is wrong with a frame
}

type seenStream struct {
	heads int
	bytes int
	ended bool
	reset bool
	code  http2.ErrCode
}

func dial(t *testing.T, s *Server) *client {
	t.Helper()
	tcp, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(s.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tcp.Close() }) // most tests close it themselves
	if s.tls == nil {
		return newClient(t, tcp, tcp)
	}
	return newClient(t, tcp, tls.Client(tcp, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}))
}

func newClient(t *testing.T, tcp *net.TCPConn, conn net.Conn) *client {
	t.Helper()
	if secure, ok := conn.(*tls.Conn); ok {
		if err := secure.Handshake(); err != nil {
			t.Fatal(err)
		}
	}
	c := &client{t: t, tcp: tcp, conn: conn, next: 1, wait: patient, seen: sight{streams: map[uint32]*seenStream{}, last: maxID}}
	c.frames = http2.NewFramer(c.conn, c.conn)
	c.frames.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.fields = hpack.NewEncoder(&c.block)
	return c
}

func (c *client) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// begin sends the preface.
func (c *client) begin() {
	c.t.Helper()
	_, err := io.WriteString(c.conn, http2.ClientPreface)
	c.check(err)
	c.check(c.frames.WriteSettings())
}

// open opens a stream: a GET, or a POST whose body is still to be sent.
func (c *client) open(method string, end bool) uint32 {
	c.t.Helper()
	c.block.Reset()
	for _, f := range [][2]string{{":method", method}, {":scheme", "http"}, {":authority", "gateway"}, {":path", "/"}} {
		c.check(c.fields.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}))
	}
	id := c.next
	c.next += 2
	c.seen.streams[id] = &seenStream{}
	c.check(c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: c.block.Bytes(), EndStream: end, EndHeaders: true}))
	return id
}

// How long a client waits where the server is to send all, and where it is to
// fall silent.
const (
	patient   = 10 * time.Minute // 11 MB of a head take long under the race detector
	impatient = 300 * time.Millisecond
)

// watch reads until all streams have ended, the connection has, or the client
// gives up.
func (c *client) watch() {
	c.t.Helper()
	c.check(c.tcp.SetReadDeadline(time.Now().Add(c.wait)))
	for c.seen.end == nil && !c.allEnded() {
		c.read()
	}
}

// watchEnd reads until the connection has ended, or the client gives up.
func (c *client) watchEnd() {
	c.t.Helper()
	c.check(c.tcp.SetReadDeadline(time.Now().Add(c.wait)))
	for c.seen.end == nil {
		c.read()
	}
}

func (c *client) allEnded() bool {
	for _, s := range c.seen.streams {
		if !s.ended && !s.reset {
			return false
		}
	}
	return true
}

// read reads one frame, and writes what it asks for.
func (c *client) read() {
	c.t.Helper()
	f, err := c.frames.ReadFrame()
	if ofStream, ok := errors.AsType[http2.StreamError](err); ok {
		c.stream(ofStream.StreamID).ended = true
		c.note(c.frames.WriteRSTStream(ofStream.StreamID, ofStream.Code))
		return
	}
	if err != nil {
		c.seen.end = err
		if c.wroteTo != nil {
			c.seen.end = c.wroteTo
		}
		return
	}
	c.note(c.see(f))
}

func (c *client) stream(id uint32) *seenStream {
	if s := c.seen.streams[id]; s != nil {
		return s
	}
	return &seenStream{} // a frame that the tests of this kind do not look at
}

// note keeps a RST that a write got to know of: no later read does. Other errors
// of writing are followed by one of reading.
func (c *client) note(err error) {
	if errors.Is(err, syscall.ECONNRESET) {
		c.wroteTo = err
	}
}

func (c *client) see(f http2.Frame) error {
	s := c.stream(f.Header().StreamID)
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		s.heads++
		s.ended = f.StreamEnded()
	case *http2.DataFrame:
		s.bytes += len(f.Data())
		s.ended = f.StreamEnded()
		if n := f.Length; n > 0 {
			return c.frames.WriteWindowUpdate(0, n)
		}
	case *http2.RSTStreamFrame:
		if !s.ended {
			s.reset, s.code = true, f.ErrCode
		}
	case *http2.GoAwayFrame:
		c.seen.goAways++
		c.seen.last = f.LastStreamID
		for id, open := range c.seen.streams {
			if id > f.LastStreamID && !open.ended {
				open.reset = true
			}
		}
	case *http2.PingFrame:
		c.seen.pings++
		return c.frames.WritePing(true, f.Data)
	case *http2.SettingsFrame:
		if !f.IsAck() {
			c.seen.settled = true
			return c.frames.WriteSettingsAck()
		}
	}
	return nil
}

// finish ends the client's side of the connection.
func (c *client) finish() {
	c.t.Helper()
	if secure, ok := c.conn.(*tls.Conn); ok {
		c.check(secure.CloseWrite())
	}
	c.check(c.tcp.CloseWrite())
}

func (c *client) quit() {
	c.t.Helper()
	c.check(c.tcp.Close())
}

// fates tells from what a client has seen how many streams have which fate. It
// does not tell a broken stream from others. A client that gave up has ended the
// connection itself.
func (s sight) fates(gaveUp bool) map[Fate]int64 {
	n := map[Fate]int64{}
	for id, stream := range s.streams {
		switch {
		case stream.ended:
			n[Responded]++
		case id > s.last:
			n[Unprocessed]++
		case stream.reset && stream.code == http2.ErrCodeRefusedStream:
			n[Refused]++
		case stream.reset:
			n[Reset]++
		case !gaveUp && s.cut():
			n[Cut]++
		default:
			n[Held]++
		}
	}
	return n
}

func (s sight) cut() bool {
	return errors.Is(s.end, io.EOF) || errors.Is(s.end, io.ErrUnexpectedEOF) || errors.Is(s.end, syscall.ECONNRESET)
}

func start(t *testing.T, plan Plan, secure bool) *Server {
	t.Helper()
	var s *Server
	var err error
	if secure {
		cert, _, certErr := faultserver.SelfSigned("127.0.0.1")
		if certErr != nil {
			t.Fatal(certErr)
		}
		s, err = StartTLS(plan, &tls.Config{Certificates: []tls.Certificate{cert}})
	} else {
		s, err = Start(plan)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// countsOf waits for all connections, which the test must have closed, and
// checks that the client did nothing wrong.
func countsOf(t *testing.T, s *Server) Counts {
	t.Helper()
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := s.Counts()
	if len(n.Violations) > 0 || n.Late > 0 {
		t.Errorf("violations %q, %d streams opened late", n.Violations, n.Late)
	}
	return n
}

// totals are a kind's streams by fate.
func totals(f Fates) map[Fate]int64 {
	n := map[Fate]int64{}
	for fate, count := range f {
		if count.Total() > 0 {
			n[Fate(fate)] = count.Total()
		}
	}
	return n
}

func same(t *testing.T, what string, got, want map[Fate]int64) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v; want %v", what, got, want)
	}
}
