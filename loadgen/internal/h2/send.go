package h2

import (
	"encoding/binary"
	"slices"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const (
	// sendAhead is how many bytes of bodies wait in the output. More would only
	// take memory.
	sendAhead = 64 << 10
	maxPiece  = 32 << 10 // of a body in one frame, also if the peer takes more
	frameHead = 9        // bytes
)

// sender is what a Conn knows of its output.
type sender struct {
	out     output
	frames  *http2.Framer // writes to out, and reads from receiver.input
	encoder *hpack.Encoder
	encoded encoded
	credit  int64     // how many bytes of bodies the peer takes, over all streams
	bodies  []*Stream // with bytes of a body left to send
	turn    int       // whose turn it is in bodies
	whole   []whole   // requests that are wholly in out
}

// encoded is the block of fields that was encoded last.
type encoded struct {
	bytes []byte
	of    *Prepared // nil if encoding it again would give other bytes
}

func (e *encoded) Write(b []byte) (int, error) {
	e.bytes = append(e.bytes, b...)
	return len(b), nil
}

// whole says at which byte of the output a request ends.
type whole struct {
	s   *Stream
	end int64
}

func (d *sender) begin() {
	d.out = output{buf: emptied(d.out.buf)}
	d.encoded = encoded{bytes: emptied(d.encoded.bytes)}
	d.encoder = hpack.NewEncoder(&d.encoded)
	d.credit, d.turn = initialWindow, 0
	clear(d.bodies)
	d.bodies, d.whole = d.bodies[:0], d.whole[:0]
}

// output is bytes to send.
type output struct {
	buf   []byte
	sent  int   // how many of buf
	total int64 // bytes sent before buf
}

func (o *output) Write(b []byte) (int, error) {
	o.buf = append(o.buf, b...)
	return len(b), nil
}

func (o *output) pending() []byte { return o.buf[o.sent:] }

// end returns the place of the next byte in the whole output.
func (o *output) end() int64 { return o.total + int64(len(o.buf)) }

// take drops n bytes that were sent. It moves the rest to the front only when
// that is less than what goes.
func (o *output) take(n int) {
	o.sent += n
	if o.sent < len(o.buf)-o.sent {
		return
	}
	o.total += int64(o.sent)
	o.buf = o.buf[:copy(o.buf, o.pending())]
	o.sent = 0
}

// Pending returns the bytes to send. They are valid until the next call of
// another method.
func (c *Conn) Pending() []byte { return c.out.pending() }

// Sent says that the first n bytes of Pending left.
func (c *Conn) Sent(n int) {
	c.out.take(n)
	gone := c.out.total + int64(c.out.sent)
	done := 0
	for done < len(c.whole) && c.whole[done].end <= gone {
		s := c.whole[done].s
		s.written, s.SentAt = true, c.Now
		done++
	}
	c.whole = slices.Delete(c.whole, 0, done)
	c.pump()
}

// written takes the error of a frame that was written to the output. There is
// none: the output is memory, and the frames are legal.
func (c *Conn) written(err error) {
	if err != nil {
		panic("h2: illegal frame: " + err.Error())
	}
}

// sendHead sends the HEADERS of s, in several frames if the peer takes only
// shorter ones.
func (c *Conn) sendHead(s *Stream) {
	rest := c.encode(s.request)
	block := rest[:min(len(rest), c.peer.maxFrame)]
	rest = rest[len(block):]
	c.written(c.frames.WriteHeaders(http2.HeadersFrameParam{
		StreamID: s.id, BlockFragment: block, EndStream: s.request.length == 0, EndHeaders: len(rest) == 0,
	}))
	for len(rest) > 0 {
		block = rest[:min(len(rest), c.peer.maxFrame)]
		rest = rest[len(block):]
		c.written(c.frames.WriteContinuation(s.id, len(rest) == 0, block))
	}
	switch s.held = s.request.expects; {
	case s.request.length == 0:
		c.finishRequest(s)
	case !s.held:
		c.bodies = append(c.bodies, s)
	}
}

// encode returns the block of r's fields. While the block refers to HPACK's
// table and does not change it, the same bytes serve the next request.
func (c *Conn) encode(r *Prepared) []byte {
	e := &c.encoded
	if e.of == r {
		return e.bytes
	}
	e.bytes = e.bytes[:0]
	for _, f := range r.fields {
		c.written(c.encoder.WriteField(f))
	}
	if e.of = nil; inspect(e.bytes).keepsTable() {
		e.of = r
	}
	return e.bytes
}

// finishRequest notes that the whole request of s is in the output.
func (c *Conn) finishRequest(s *Stream) {
	s.queued = true
	c.whole = append(c.whole, whole{s, c.out.end()})
}

// pump sends bodies as far as the peer takes them, one piece of each in turn.
func (c *Conn) pump() {
	for len(c.bodies) > 0 && c.err == nil && c.credit > 0 && len(c.out.pending()) < sendAhead {
		s := c.nextBody()
		if s == nil {
			return
		}
		c.sendPiece(s)
	}
}

// nextBody returns the next stream whose body may be sent, nil if there is none.
func (c *Conn) nextBody() *Stream {
	for range c.bodies {
		if c.turn >= len(c.bodies) {
			c.turn = 0
		}
		s := c.bodies[c.turn]
		c.turn++
		if s.window > 0 {
			return s
		}
	}
	return nil
}

func (c *Conn) dropBody(s *Stream) {
	s.held = false
	if len(c.bodies) == 0 {
		return
	}
	if i := slices.Index(c.bodies, s); i >= 0 {
		c.bodies = slices.Delete(c.bodies, i, i+1)
		if i < c.turn {
			c.turn--
		}
	}
}

func (c *Conn) sendPiece(s *Stream) {
	r := s.request
	n := min(r.length-s.off, s.window, c.credit, int64(c.peer.maxFrame), maxPiece)
	last := s.off+n == r.length
	start := len(c.out.buf)
	c.out.buf = appendDataHead(c.out.buf, s.id, int(n), last)
	if err := c.appendBody(s, int(n)); err != nil {
		c.out.buf = c.out.buf[:start]
		c.abandon(s, http2.ErrCodeCancel, err)
		return
	}
	s.off += n
	s.window -= n
	c.credit -= n
	if last {
		c.dropBody(s)
		c.finishRequest(s)
	}
}

// appendDataHead appends the head of a DATA frame, which a Framer would only
// write together with a copy of the payload.
func appendDataHead(b []byte, id uint32, length int, last bool) []byte {
	var flags http2.Flags
	if last {
		flags = http2.FlagDataEndStream
	}
	b = append(b, byte(length>>16), byte(length>>8), byte(length), byte(http2.FrameData), byte(flags))
	return binary.BigEndian.AppendUint32(b, id)
}

func (c *Conn) appendBody(s *Stream, n int) error {
	r := s.request
	if r.read == nil {
		c.out.buf = append(c.out.buf, r.body[s.off:s.off+int64(n)]...)
		return nil
	}
	c.out.buf = slices.Grow(c.out.buf, n)
	b := c.out.buf[len(c.out.buf):][:n]
	c.out.buf = c.out.buf[:len(c.out.buf)+n]
	return r.read(b, s.off)
}
