package h2fault

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/net/http2"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestStreamsOnOneConnection: streams have their own kinds, and the first one is
// fresh.
func TestStreamsOnOneConnection(t *testing.T) {
	s := start(t, Every(3, ResetInBody), false)
	c := dial(t, s)
	c.begin()
	for range 9 {
		c.open("GET", true)
	}
	c.watch()
	c.quit()
	n := countsOf(t, s)
	want := map[Kind]Fates{
		OK:          {Responded: Count{Fresh: 1, Reused: 5}},
		ResetInBody: {Reset: Count{Reused: 3}},
	}
	if !reflect.DeepEqual(n.ByKind, want) || n.ResetBy[http2.ErrCodeInternal] != 3 {
		t.Errorf("got %v, resets %v; want %v", n.ByKind, n.ResetBy, want)
	}
	for id, seen := range c.seen.streams {
		if faulty := (id-1)/2%3 == 2; seen.reset != faulty || faulty && seen.bytes != sent {
			t.Errorf("stream %d: %+v", id, *seen)
		}
	}
}

// TestEveryConnection: kinds of connections are drawn for connections.
func TestEveryConnection(t *testing.T) {
	s := start(t, Every(2, Mute), false)
	for range 4 {
		c := dial(t, s)
		c.wait = impatient
		c.begin()
		c.open("GET", true)
		c.watch()
		c.quit()
	}
	want := map[Kind]Fates{OK: {Responded: Count{Fresh: 2}}, Mute: {Held: Count{Fresh: 2}}}
	if n := countsOf(t, s); !reflect.DeepEqual(n.ByKind, want) || n.Connections != 4 {
		t.Errorf("got %v on %d connections; want %v on 4", n.ByKind, n.Connections, want)
	}
}

// TestHead: to HEAD, kinds of streams respond as OK does.
func TestHead(t *testing.T) {
	s := start(t, Always(ResetInBody), false)
	c := dial(t, s)
	c.begin()
	id := c.open("HEAD", true)
	c.watch()
	c.quit()
	if seen := c.seen.streams[id]; !seen.ended || seen.bytes != 0 {
		t.Errorf("got %+v; want a head alone", *seen)
	}
	same(t, "the server counted", totals(countsOf(t, s).ByKind[OK]), map[Fate]int64{Responded: 1})
}

// TestLateStreams: a stream that crosses a GOAWAY was in flight; one that is
// opened after the client has acknowledged what followed the GOAWAY is late.
func TestLateStreams(t *testing.T) {
	for _, k := range []Kind{GoAwayFirst, GoAwayTwoStep} {
		t.Run(k.String(), func(t *testing.T) {
			plan := Always(k)
			plan.Gather = 1
			s := start(t, plan, false)
			c := dial(t, s)
			c.begin()
			c.open("GET", true)
			for c.seen.goAways == 0 {
				c.read()
			}
			if k == GoAwayFirst {
				c.open("GET", true) // its PING is not yet acknowledged
			}
			for c.seen.pings < s.pingsOf(k) {
				c.read()
			}
			c.open("GET", true)
			for s.Counts().Late == 0 {
				runtime.Gosched() // no frame shows that the request was read
			}
			c.quit()
			if err := s.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			n := s.Counts()
			if inFlight := map[Kind]int64{GoAwayFirst: 1}[k]; n.Late != 1 || n.InFlight != inFlight {
				t.Errorf("late %d, in flight %d; want 1, %d", n.Late, n.InFlight, inFlight)
			}
		})
	}
}

// pingsOf is how many PINGs the kind's GOAWAYs need.
func (s *Server) pingsOf(k Kind) int {
	if k == GoAwayTwoStep {
		return 2
	}
	return 1
}

// TestTwoStepLosesNothing: streams that are opened until the client reads the
// first GOAWAY get a response.
func TestTwoStepLosesNothing(t *testing.T) {
	plan := Always(GoAwayTwoStep)
	plan.Gather = 1
	s := start(t, plan, false)
	c := dial(t, s)
	c.begin()
	c.open("GET", true)
	for s.Counts().GoAways == 0 {
		runtime.Gosched() // nothing may be read before the next streams are opened
	}
	c.open("GET", true)
	c.open("GET", true)
	c.watch()
	for c.seen.goAways < 2 {
		c.read()
	}
	c.quit()
	same(t, "the server counted", totals(countsOf(t, s).ByKind[GoAwayTwoStep]), map[Fate]int64{Responded: 3})
	if c.seen.last != 5 {
		t.Errorf("the last id is %d; want 5", c.seen.last)
	}
}

// TestAfterTheEnd: streams that cross a FIN are counted, too.
func TestAfterTheEnd(t *testing.T) {
	plan := Always(OKThenEOF)
	plan.Gather = 1
	s := start(t, plan, false)
	c := dial(t, s)
	c.begin()
	c.open("GET", true)
	c.watchEnd()
	c.open("GET", true)
	c.open("GET", false)
	c.quit()
	same(t, "the server counted", totals(countsOf(t, s).ByKind[OKThenEOF]), map[Fate]int64{Responded: 1, Cut: 2})
}

// TestUnfinished: requests that the client gave up before their end.
func TestUnfinished(t *testing.T) {
	s := start(t, Always(Silence), false)
	c := dial(t, s)
	c.begin()
	c.open("POST", false)
	reset := c.open("POST", false)
	c.check(c.frames.WriteRSTStream(reset, http2.ErrCodeCancel))
	held := c.open("GET", true)
	c.check(c.frames.WriteRSTStream(held, http2.ErrCodeCancel))
	c.finish()
	c.watchEnd() // closing with unread frames would send a RST
	n := countsOf(t, s)
	same(t, "the server counted", totals(n.ByKind[Silence]), map[Fate]int64{Held: 1})
	if n.Incomplete != 2 || n.ClientResets[http2.ErrCodeCancel] != 2 {
		t.Errorf("incomplete %d, resets %v; want 2 and 2", n.Incomplete, n.ClientResets)
	}
}

// TestWindowShut: a body that fits the windows which the client may assume at
// first is read; a larger one stalls.
func TestWindowShut(t *testing.T) {
	s := start(t, Always(WindowShut), false)
	c := dial(t, s)
	c.begin()
	small, large := c.open("POST", false), c.open("POST", false)
	c.check(c.frames.WriteData(small, true, make([]byte, 3000)))
	c.check(c.frames.WriteData(large, false, make([]byte, 3000)))
	for !c.seen.streams[small].ended {
		c.read()
	}
	c.quit()
	same(t, "the server counted", totals(countsOf(t, s).ByKind[WindowShut]), map[Fate]int64{Responded: 1, Held: 1})
}

// TestViolations: what a client does wrong is noticed.
func TestViolations(t *testing.T) {
	body := make([]byte, maxFrame)
	for name, tt := range map[string]struct {
		do   func(*client)
		want string
	}{
		"stream window": {func(c *client) {
			id := c.open("POST", false)
			c.settle()
			for range 5 {
				c.check(c.frames.WriteData(id, false, body))
			}
		}, "window"},
		"even id": {func(c *client) {
			c.next = 2
			c.open("GET", true)
		}, "stream 2 opened"},
		"data after the end": {func(c *client) {
			id := c.open("GET", true)
			c.check(c.frames.WriteData(id, true, nil))
		}, "DATA after the end of stream 1"},
		"idle data": {func(c *client) { c.check(c.frames.WriteData(7, true, nil)) }, "DATA on the idle stream 7"},
		"idle reset": {func(c *client) {
			c.check(c.frames.WriteRSTStream(7, http2.ErrCodeCancel))
		}, "RST_STREAM on the idle stream 7"},
		"idle window": {func(c *client) { c.check(c.frames.WriteWindowUpdate(7, 1)) }, "WINDOW_UPDATE on the idle stream 7"},
		"settings":    {func(c *client) { c.check(c.frames.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 7})) }, "SETTINGS"},
		"ack":         {func(c *client) { c.check(c.frames.WritePing(true, [8]byte{})) }, "PING that was not sent"},
		"too large":   {func(c *client) { c.check(c.frames.WriteRawFrame(0xbe, 0, 0, make([]byte, maxFrame+1))) }, "too large"},
		"no request": {func(c *client) {
			c.check(c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x88}, EndStream: true, EndHeaders: true}))
			c.check(c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: []byte("\xff\xff\xff\x7f"), EndStream: true, EndHeaders: true}))
		}, "COMPRESSION_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Always(WindowShut), false)
			if name != "stream window" {
				s = start(t, Always(Silence), false)
			}
			c := dial(t, s)
			c.begin()
			tt.do(c)
			_ = c.tcp.CloseWrite() // the server may have closed
			c.wait = patient
			c.watchEnd()
			if err := s.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(s.Counts().Violations, "\n"); !strings.Contains(got, tt.want) {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
}

// settle reads until the client has acknowledged the server's SETTINGS.
func (c *client) settle() {
	c.t.Helper()
	for !c.seen.settled {
		c.read()
	}
}

// TestTooManyStreams: streams above a limit that the client knows.
func TestTooManyStreams(t *testing.T) {
	s := start(t, Always(FewStreams), false)
	c := dial(t, s)
	c.begin()
	c.settle()
	for range few + 1 {
		c.open("GET", true)
	}
	c.watch()
	c.quit()
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := s.Counts()
	same(t, "the server counted", totals(n.ByKind[FewStreams]), map[Fate]int64{Responded: few, Refused: 1})
	if len(n.Violations) != 1 || !strings.Contains(n.Violations[0], "the limit is 2") {
		t.Errorf("violations %q; want one", n.Violations)
	}
}

// TestEndings: how the connection ends under its streams, without and with TLS.
func TestEndings(t *testing.T) {
	for k, want := range map[Kind]error{EOF: io.EOF, Close: io.EOF, EOFInBody: io.EOF, ConnReset: syscall.ECONNRESET, ConnResetInBody: syscall.ECONNRESET, GoAwayReset: syscall.ECONNRESET} {
		for _, secure := range []bool{false, true} {
			s := start(t, planOf(k), secure)
			c := dial(t, s)
			c.begin()
			for range streams {
				c.open("GET", true)
			}
			c.watchEnd()
			if !errors.Is(c.seen.end, want) {
				t.Errorf("%v, TLS %t: ends with %v; want %v", k, secure, c.seen.end, want)
			}
			for id, seen := range c.seen.streams {
				if k == ConnResetInBody && seen.bytes != sent {
					t.Errorf("%v: stream %d got %d bytes before the RST; want %d", k, id, seen.bytes, sent)
				}
			}
		}
	}
}

// tap keeps what was read.
type tap struct {
	net.Conn
	read bytes.Buffer
}

func (c *tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Write(b[:n])
	return n, err
}

// TestCloseNotify: an orderly close sends close_notify and a cut does not. TLS
// 1.2 leaves the types of records unencrypted.
func TestCloseNotify(t *testing.T) {
	const alert, data = 21, 23
	for k, want := range map[Kind]byte{Close: alert, EOF: data, EOFInBody: data, SpeaksHTTP1: alert} {
		s := start(t, planOf(k), true)
		tcp, err := net.Dial("tcp4", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		wire := &tap{Conn: tcp}
		c := newClient(t, tcp.(*net.TCPConn), tls.Client(wire, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, NextProtos: []string{"h2"}}))
		c.begin()
		for range streams {
			c.open("GET", true)
		}
		c.watchEnd()
		c.quit()
		var last byte
		for rest := wire.read.Bytes(); len(rest) > 0; rest = rest[5+(int(rest[3])<<8|int(rest[4])):] {
			last = rest[0]
		}
		if last != want {
			t.Errorf("%v: the last record has type %d; want %d", k, last, want)
		}
	}
}

// TestFloods: the server counts what the client acknowledges.
func TestFloods(t *testing.T) {
	for k, count := range map[Kind]func(Counts) (int64, int64){
		PingFlood:     func(n Counts) (int64, int64) { return n.Pings, n.PingAcks },
		SettingsFlood: func(n Counts) (int64, int64) { return n.Settings - 1, n.SettingsAcks - 1 },
	} {
		s := start(t, Always(k), false)
		c := dial(t, s)
		c.begin()
		c.open("GET", true)
		c.watch()
		_ = c.tcp.CloseWrite()
		c.watchEnd()
		if sent, acked := count(countsOf(t, s)); sent != 500 || acked != 500 {
			t.Errorf("%v: %d sent, %d acknowledged; want 500", k, sent, acked)
		}
	}
}
