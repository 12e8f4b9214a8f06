package h2fault

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"nodrop/loadgen/internal/faultserver/host"
)

const (
	// dripEvery is the pause before the next byte of a slow response.
	dripEvery = 20 * time.Millisecond

	defaultWindow = 1<<16 - 1
	frameHead     = 9
	maxFrame      = 1 << 14 // the default, and the lowest that a client can ask for
	maxID         = math.MaxInt32
	maxStreams    = 100 // that a client may have open
)

// stream is one that has no fate yet.
type stream struct {
	id       uint32
	kind     Kind
	headOnly bool  // HEAD
	whole    bool  // the request was read to its end
	queued   bool  // it was, or will be, acted on
	held     bool  // the script has ended, and left it open
	window   int64 // what the server may send
	credit   int64 // what the client may send
}

// conn is one accepted connection. One goroutine uses it; the host may close
// its socket from another.
type conn struct {
	server *Server
	tcp    *net.TCPConn
	tls    *tls.Conn // over tcp; nil in cleartext
	in     *bufio.Reader
	reader *http2.Framer // of in
	out    bytes.Buffer  // frames not yet written
	frames *http2.Framer // to out
	block  bytes.Buffer  // the header block in work
	fields *hpack.Encoder

	conduct Kind // what the connection meets; OK if its streams have kinds of their own
	streams map[uint32]*stream
	ready   []*stream // to be acted on, in the order in which their requests ended
	drips   []*stream // slow responses
	last    uint32    // the highest id that the client opened

	window, initial int64 // what the server may send: on the connection, and on a new stream
	credit, granted int64 // what the client may send, likewise
	limit           int   // of open streams; those above it are refused
	acked           bool  // the client knows the limit
	unacked         []settled
	asked           []func() // what to do at the acknowledgement of each PING

	// A fault of the connection takes it: the streams without a fate and all
	// later ones get its kind. Those up to below get a response, those above it
	// have the fate above.
	taken bool
	taker Kind
	below uint32
	above Fate

	away     bool // GOAWAY was sent
	told     bool // and the client has read it
	answered int  // requests that GoAwayAfter has seen, or rounds of ChangingStreams
	asking   bool // responses wait for the acknowledgement of a PING

	bytewise bool // one write per byte
	flooding bool // acknowledgements are of a flood
	silent   bool // nothing is written yet
	mute     bool // nothing is written any more, and no stream is acted on
	over     bool // only closing is left to do
}

// settled is what holds once the client has acknowledged SETTINGS.
type settled struct {
	window int64 // -1: unchanged
	limit  int   // -1: unchanged
	then   func()
}

func newConn(s *Server, tcp *net.TCPConn) *conn {
	c := &conn{
		server: s, tcp: tcp,
		streams: map[uint32]*stream{},
		window:  defaultWindow, initial: defaultWindow,
		credit: defaultWindow, granted: defaultWindow,
		limit: maxStreams,
		below: maxID,
	}
	c.frames = http2.NewFramer(&c.out, nil)
	c.frames.AllowIllegalWrites = true
	c.fields = hpack.NewEncoder(&c.block)
	return c
}

func (c *conn) serve() {
	if !c.open() {
		return
	}
	c.flush()
	for !c.over {
		c.step()
	}
	for _, s := range c.sorted() {
		c.leave(s)
	}
}

// open makes the TLS handshake, reads the client's preface and begins the
// connection as its conduct says. A connection that ends before that is not
// counted as one that met anything.
func (c *conn) open() bool {
	var raw io.Reader = c.tcp
	if c.server.tls != nil {
		c.tls = tls.Server(c.tcp, c.server.tls)
		if c.tls.HandshakeContext(context.Background()) != nil {
			return false
		}
		raw = c.tls
	}
	c.in = bufio.NewReader(raw)
	c.reader = http2.NewFramer(nil, c.in)
	c.reader.SetMaxReadFrameSize(maxFrame)
	c.reader.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(c.in, preface); err != nil {
		return false
	}
	if string(preface) != http2.ClientPreface {
		c.server.violated(fmt.Sprintf("preface %q", preface))
		return false
	}
	c.conduct = c.server.plan.Connections(c.server.conns.Add(1) - 1)
	c.server.kinds[c.conduct].begin(c)
	return true
}

// step acts on one request, or reads one frame.
func (c *conn) step() {
	switch {
	case len(c.ready) > 0:
		s := c.ready[0]
		c.ready = c.ready[1:]
		if c.streams[s.id] == s {
			c.act(s)
		}
	case len(c.drips) > 0:
		if !c.read(time.Now().Add(dripEvery)) {
			c.drip()
		}
	default:
		c.read(noDeadline)
	}
	c.flush()
}

// act does with a whole request what its kind says.
func (c *conn) act(s *stream) {
	switch {
	case c.mute:
	case c.taken:
		ok(c, s)
	default:
		c.server.kinds[s.kind].act(c, s)
	}
}

// read handles the next frame, and reports whether one came by the deadline, if
// there is one.
func (c *conn) read(deadline time.Time) bool {
	if c.over || c.tcp.SetReadDeadline(deadline) != nil {
		c.over = true
		return false
	}
	if _, err := c.in.Peek(frameHead); err != nil {
		c.over = c.over || !errors.Is(err, os.ErrDeadlineExceeded)
		return false
	}
	if c.tcp.SetReadDeadline(time.Time{}) != nil {
		c.over = true
		return false
	}
	f, err := c.reader.ReadFrame()
	if err != nil {
		c.unreadable(err)
		return false
	}
	c.frame(f)
	return true
}

// unreadable ends the connection after a frame that the client did not finish,
// or should not have sent.
func (c *conn) unreadable(err error) {
	c.over = true
	var connection http2.ConnectionError
	var stream http2.StreamError
	if errors.As(err, &connection) || errors.As(err, &stream) || errors.Is(err, http2.ErrFrameTooLarge) {
		c.violated("%v (%v)", err, c.reader.ErrorDetail())
	}
}

func (c *conn) violated(format string, args ...any) {
	c.server.violated(fmt.Sprintf(format, args...))
}

func (c *conn) frame(f http2.Frame) {
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		c.headersRead(f)
	case *http2.DataFrame:
		c.dataRead(f)
	case *http2.SettingsFrame:
		c.settingsRead(f)
	case *http2.PingFrame:
		c.pingRead(f)
	case *http2.WindowUpdateFrame:
		c.windowRead(f)
	case *http2.RSTStreamFrame:
		c.resetRead(f)
	case *http2.GoAwayFrame:
		c.server.count(func(n *Counts) { n.ClientGoAways[f.ErrCode]++ })
	}
}

// headersRead opens a stream, or ends one whose request has trailers.
func (c *conn) headersRead(f *http2.MetaHeadersFrame) {
	id := f.StreamID
	if id <= c.last {
		if s := c.streams[id]; s != nil && f.StreamEnded() {
			c.requestRead(s)
		}
		return
	}
	if id%2 == 0 {
		c.violated("stream %d opened", id)
	}
	c.last = id
	c.server.count(func(n *Counts) { n.Opened++ })
	s := &stream{id: id, headOnly: f.PseudoValue("method") == "HEAD", window: c.initial, credit: c.granted}
	c.streams[id] = s
	s.kind = c.draw(s)
	s.held = c.server.kinds[s.kind].stalls
	if !c.admit(s) {
		return
	}
	if open := c.server.kinds[s.kind].open; open != nil && !c.taken && !c.mute {
		s.whole = f.StreamEnded()
		open(c, s)
	}
	if c.streams[id] == s && f.StreamEnded() {
		c.requestRead(s)
	}
}

func (c *conn) requestRead(s *stream) {
	s.whole = true
	if !s.queued {
		s.queued = true
		c.ready = append(c.ready, s)
	}
}

// draw chooses a new stream's kind.
func (c *conn) draw(s *stream) Kind {
	switch {
	case c.taken:
		return c.taker
	case c.conduct != OK:
		return c.conduct
	case s.headOnly:
		return OK
	}
	return c.server.plan.Streams(c.server.seq.Add(1) - 1)
}

// admit decides on a new stream that needs no script, and reports whether it
// needs one.
func (c *conn) admit(s *stream) bool {
	switch {
	case s.id > c.below:
		c.crossed()
		c.settle(s, c.above)
	case len(c.streams) > c.limit:
		if c.acked {
			c.violated("stream %d opened beside %d others; the limit is %d", s.id, len(c.streams)-1, c.limit)
		}
		c.reset(s, http2.ErrCodeRefusedStream)
	default:
		return true
	}
	return false
}

// crossed counts a stream above the last id of a GOAWAY.
func (c *conn) crossed() {
	if !c.away {
		return
	}
	c.server.count(func(n *Counts) {
		if c.told {
			n.Late++
		} else {
			n.InFlight++
		}
	})
}

// settle gives a stream its fate.
func (c *conn) settle(s *stream, f Fate) {
	delete(c.streams, s.id)
	c.server.countFate(s.kind, f, s.id != 1)
}

// leave is for a stream that the client reset, or left with the connection.
func (c *conn) leave(s *stream) {
	if s.whole || s.held || c.mute {
		c.settle(s, Held)
		return
	}
	delete(c.streams, s.id)
	c.server.count(func(n *Counts) { n.Incomplete++ })
}

// dataRead checks that the client may send as much, and lets it send more.
func (c *conn) dataRead(f *http2.DataFrame) {
	n := int64(f.Length)
	c.credit -= n
	if c.credit < 0 {
		c.violated("DATA beyond the connection's window")
	}
	if n > 0 {
		c.credit += n
		c.write(c.frames.WriteWindowUpdate(0, uint32(n)))
	}
	s := c.streams[f.StreamID]
	if s == nil {
		if f.StreamID > c.last {
			c.violated("DATA on the idle stream %d", f.StreamID)
		}
		return
	}
	if s.whole {
		c.violated("DATA after the end of stream %d", s.id)
	}
	if s.credit -= n; s.credit < 0 && n > 0 {
		c.violated("DATA beyond the window of stream %d", s.id)
	}
	if f.StreamEnded() {
		c.requestRead(s)
		return
	}
	c.grant(s, n)
}

// grant lets the client send more on a stream that it has sent n bytes on.
func (c *conn) grant(s *stream, n int64) {
	if grant := c.server.kinds[s.kind].grant; grant != nil {
		n = grant(s.credit)
	}
	if n > 0 {
		s.credit += n
		c.write(c.frames.WriteWindowUpdate(s.id, uint32(n)))
	}
}

func (c *conn) settingsRead(f *http2.SettingsFrame) {
	if f.IsAck() {
		c.settingsAcked()
		return
	}
	err := f.ForeachSetting(func(s http2.Setting) error {
		switch s.ID {
		case http2.SettingInitialWindowSize:
			for _, open := range c.streams {
				open.window += int64(s.Val) - c.initial
			}
			c.initial = int64(s.Val)
		case http2.SettingHeaderTableSize:
			c.fields.SetMaxDynamicTableSizeLimit(s.Val)
		default:
		}
		return s.Valid()
	})
	if err != nil {
		c.violated("SETTINGS: %v", err)
	}
	c.write(c.frames.WriteSettingsAck())
}

func (c *conn) settingsAcked() {
	c.server.count(func(n *Counts) { n.SettingsAcks++ })
	if len(c.unacked) == 0 && c.flooding {
		return
	}
	if len(c.unacked) == 0 {
		c.violated("acknowledged SETTINGS that were not sent")
		return
	}
	now := c.unacked[0]
	c.unacked = c.unacked[1:]
	if now.window >= 0 {
		for _, s := range c.streams {
			if s.credit += now.window - c.granted; !s.whole {
				c.grant(s, 0)
			}
		}
		c.granted = now.window
	}
	if now.limit >= 0 {
		c.limit, c.acked = now.limit, true
	}
	if now.then != nil {
		now.then()
	}
}

func (c *conn) pingRead(f *http2.PingFrame) {
	if !f.IsAck() {
		c.write(c.frames.WritePing(true, f.Data))
		return
	}
	c.server.count(func(n *Counts) { n.PingAcks++ })
	if len(c.asked) == 0 && c.flooding {
		return
	}
	if len(c.asked) == 0 {
		c.violated("acknowledged a PING that was not sent")
		return
	}
	then := c.asked[0]
	c.asked = c.asked[1:]
	if then != nil {
		then()
	}
}

func (c *conn) windowRead(f *http2.WindowUpdateFrame) {
	if f.StreamID == 0 {
		c.window += int64(f.Increment)
		return
	}
	if s := c.streams[f.StreamID]; s != nil {
		s.window += int64(f.Increment)
	}
	if f.StreamID > c.last {
		c.violated("WINDOW_UPDATE on the idle stream %d", f.StreamID)
	}
}

func (c *conn) resetRead(f *http2.RSTStreamFrame) {
	c.server.count(func(n *Counts) { n.ClientResets[f.ErrCode]++ })
	if f.StreamID > c.last {
		c.violated("RST_STREAM on the idle stream %d", f.StreamID)
	}
	if s := c.streams[f.StreamID]; s != nil {
		c.leave(s)
	}
}

// take gives the connection to a fault.
func (c *conn) take(k Kind) {
	c.taken, c.taker = true, k
	for _, s := range c.streams {
		s.kind = k
	}
}

// gather gives the connection to the fault of s, waits for more streams, and
// returns all that have no fate, in the order of their ids.
func (c *conn) gather(s *stream) []*stream {
	c.take(s.kind)
	c.await(c.server.plan.Gather)
	c.ready = append(c.ready, s)
	return c.sorted()
}

// await reads until n requests that have no fate are whole.
func (c *conn) await(n int) {
	deadline := time.Now().Add(c.server.plan.Patience)
	for !c.over && c.wholes() < n {
		c.flush()
		if !c.read(deadline) {
			return
		}
	}
}

func (c *conn) wholes() int {
	var n int
	for _, s := range c.streams {
		if (s.whole || c.silent) && !s.held { // a silent server cannot let the client send a whole body
			n++
		}
	}
	return n
}

func (c *conn) sorted() []*stream {
	return slices.SortedFunc(maps.Values(c.streams), func(a, b *stream) int { return cmp.Compare(a.id, b.id) })
}

// settleAll gives all streams without a fate the same, and every later one.
func (c *conn) settleAll(f Fate) {
	c.below, c.above = 0, f
	for _, s := range c.sorted() {
		c.settle(s, f)
	}
}

// flush writes the frames, unless the server has fallen silent.
func (c *conn) flush() {
	b := c.out.Bytes()
	c.out.Reset()
	if c.silent || c.mute || c.over || len(b) == 0 {
		return
	}
	step := len(b)
	if c.bytewise {
		step = 1 // the socket has TCP_NODELAY: each write is a segment, and a TLS record
	}
	c.bytewise = false
	for ; len(b) > 0; b = b[step:] {
		if _, err := c.to().Write(b[:step]); err != nil {
			c.server.count(func(n *Counts) { n.Failed++ })
			c.over = true
			return
		}
	}
}

func (c *conn) to() io.Writer {
	if c.tls != nil {
		return c.tls
	}
	return c.tcp
}

// finish writes what is left and sends a FIN: over TLS after close_notify if
// orderly, and otherwise as a killed process does. What the client sends
// afterwards is read until it closes.
func (c *conn) finish(orderly bool) {
	c.flush()
	var err error
	if c.tls != nil && orderly {
		err = c.tls.CloseWrite()
	}
	c.over = c.over || errors.Join(err, c.tcp.CloseWrite()) != nil
	c.mute = true
}

// abort writes what is left and sends a RST when the client's kernel has
// acknowledged it.
func (c *conn) abort() {
	c.flush()
	if host.Reset(c.tcp, true) != nil {
		c.server.count(func(n *Counts) { n.Failed++ })
	}
	c.over = true
}

// noDeadline waits for as long as it takes.
var noDeadline time.Time
