package h2

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// maxBarren is how many frames in a row may be of no use, such as PING. Nothing
// else bounds them. A stream that waits all day with a PING every second is
// within it.
const maxBarren = 100_000

// receiver is what a Conn knows of its input.
type receiver struct {
	input   input
	partial []byte            // the beginning of a frame's head, or of its payload
	reading bool              // frame's payload is still to come
	frame   http2.FrameHeader // of the frame that is being read
	data    data
	recv    int64 // of our window: how many bytes of bodies the peer may send, over all streams
	spent   int64 // bytes that no WINDOW_UPDATE has given back
	decoder *hpack.Decoder
	emitter func(hpack.HeaderField) // Conn.emit, so that no connection allocates it
	block   block
	last    decoded
}

// data is a DATA frame that is being read.
type data struct {
	left   int     // bytes of the payload still to come
	pad    int     // how many of them are padding
	stream *Stream // nil if it has ended
	last   bool    // END_STREAM
}

// input gives the Framer the bytes of one frame.
type input struct{ rest []byte }

func (in *input) Read(b []byte) (int, error) {
	if len(in.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}

func (r *receiver) begin(c *Conn) {
	r.partial = emptied(r.partial)
	r.reading, r.data, r.block = false, data{}, block{}
	r.recv, r.spent = c.ourWindow(), 0
	r.decoder = c.newDecoder()
	r.last = decoded{bytes: emptied(r.last.bytes), fields: r.last.fields[:0]}
	c.frames = http2.NewFramer(&c.out, &r.input)
	c.frames.SetMaxReadFrameSize(initialMaxFrame)
	c.frames.SetReuseFrames()
}

// Feed takes the next bytes from the peer. The error is a *ConnError, and every
// later Feed returns it again. All streams have then ended with it, and the
// bytes that tell the peer are Pending.
func (c *Conn) Feed(b []byte) error {
	for len(b) > 0 && c.err == nil {
		if c.data.left > 0 {
			b = c.feedData(b)
		} else {
			b = c.feedFrame(b)
		}
		c.pump() // after each frame: what is sent must not depend on the split
	}
	return c.err
}

// feedFrame takes a frame, or the head of a DATA frame, and returns what follows.
func (c *Conn) feedFrame(b []byte) (rest []byte) {
	if !c.reading {
		if len(c.partial) == 0 {
			c.judge(b)
		}
		head, rest, ok := c.gather(b, frameHead)
		switch {
		case !ok:
			c.judge(c.partial)
			return nil
		case !c.beginFrame(head):
			return nil
		}
		b = rest
	}
	payload, rest, ok := c.gather(b, c.awaited())
	if !ok {
		return nil
	}
	c.reading = false
	c.endFrame(payload)
	return rest
}

// gather cuts n bytes off b and what came before it. The result is valid until
// the next gather.
func (c *Conn) gather(b []byte, n int) (got, rest []byte, ok bool) {
	if len(c.partial) == 0 && len(b) >= n {
		return b[:n], b[n:], true
	}
	more := min(n-len(c.partial), len(b))
	c.partial = append(c.partial, b[:more]...)
	if len(c.partial) < n {
		return nil, nil, false
	}
	got, c.partial = c.partial, c.partial[:0]
	return got, b[more:], true
}

// judge fails as soon as the beginning of a frame's head shows that the frame is
// too long. A peer that speaks another protocol may never send the rest.
func (c *Conn) judge(begin []byte) {
	if len(begin) < 3 || int(begin[0])<<16|int(begin[1])<<8|int(begin[2]) <= initialMaxFrame {
		return
	}
	e := &ConnError{Code: http2.ErrCodeFrameSize, What: "frame over 16384 bytes"}
	if !c.peer.known {
		e.foreign(begin)
	}
	c.fail(e)
}

// beginFrame reads a frame's head.
func (c *Conn) beginFrame(head []byte) bool {
	c.input.rest = head
	amid := c.block.going
	var err error
	c.frame, err = c.frames.ReadFrameHeader()
	switch {
	case errors.Is(err, http2.ErrFrameTooLarge):
		c.judge(head)
	case err != nil && amid && c.frame.Type == http2.FrameContinuation:
		c.failFrame(http2.ErrCodeProtocol, "CONTINUATION frame of another stream")
	case err != nil && amid:
		c.failFrame(http2.ErrCodeProtocol, "%v frame where a CONTINUATION frame should be", c.frame.Type)
	case err != nil:
		c.failFrame(http2.ErrCodeProtocol, "CONTINUATION frame that continues nothing")
	case !c.peer.known && c.frame.Type == http2.FrameSettings && c.frame.Flags.Has(http2.FlagSettingsAck):
		c.failFrame(http2.ErrCodeProtocol, "acknowledgement of SETTINGS before the peer's own")
	case !c.peer.known && c.frame.Type != http2.FrameSettings:
		c.failFrame(http2.ErrCodeProtocol, "%v frame before SETTINGS", c.frame.Type)
	}
	c.reading = c.err == nil
	return c.reading
}

func (c *Conn) failFrame(code http2.ErrCode, format string, args ...any) {
	c.fail(&ConnError{Code: code, What: fmt.Sprintf(format, args...)})
}

// awaited returns how many bytes after the frame's head must come before the
// frame can be handled.
func (c *Conn) awaited() int {
	if c.frame.Type != http2.FrameData {
		return int(c.frame.Length)
	}
	if c.frame.Flags.Has(http2.FlagDataPadded) {
		return min(1, int(c.frame.Length))
	}
	return 0
}

// endFrame handles a frame whose payload is whole, or the head of a DATA frame.
func (c *Conn) endFrame(payload []byte) {
	if c.frame.Type == http2.FrameData {
		c.beginData(payload)
		return
	}
	c.input.rest = payload
	frame, err := c.frames.ReadFrameForHeader(c.frame)
	if err != nil {
		c.refuse(err)
		return
	}
	switch f := frame.(type) {
	case *http2.HeadersFrame:
		c.takeHeaders(f)
	case *http2.ContinuationFrame:
		c.takeFragment(f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.SettingsFrame:
		c.takeSettings(f)
	case *http2.WindowUpdateFrame:
		c.takeWindowUpdate(f)
	case *http2.RSTStreamFrame:
		c.takeReset(f)
	case *http2.GoAwayFrame:
		c.takeGoAway(f)
	case *http2.PingFrame:
		c.takePing(f)
	case *http2.PushPromiseFrame:
		c.failFrame(http2.ErrCodeProtocol, "PUSH_PROMISE frame, though push is off")
	default:
		c.countBarren()
	}
}

// refuse handles a frame that the Framer could not read.
func (c *Conn) refuse(err error) {
	var code http2.ConnectionError
	fault, onStream := errors.AsType[http2.StreamError](err)
	switch {
	case onStream && c.frame.Type == http2.FrameWindowUpdate:
		c.refuseUpdate(fault.Code)
	case errors.As(err, &code):
		c.fail(&ConnError{Code: http2.ErrCode(code), What: c.fault(http2.ErrCode(code))})
	case onStream:
		c.fail(&ConnError{Code: fault.Code, What: c.fault(fault.Code)})
	default:
		c.fail(&ConnError{Code: http2.ErrCodeFrameSize, What: c.fault(http2.ErrCodeFrameSize)})
	}
}

// fault says what is wrong with the frame. The Framer mostly says only how bad
// it is.
func (c *Conn) fault(code http2.ErrCode) string {
	name := c.frame.Type.String() + " frame"
	ofConn := false
	switch c.frame.Type {
	case http2.FrameSettings, http2.FramePing, http2.FrameGoAway, http2.FramePriorityUpdate:
		ofConn = true
	default: // the others are of streams
	}
	switch {
	case code == http2.ErrCodeFrameSize:
		return fmt.Sprintf("%s of %d bytes", name, c.frame.Length)
	case code == http2.ErrCodeFlowControl:
		return name + " with a window over 2^31-1"
	case ofConn && c.frame.StreamID != 0:
		return name + " on a stream"
	case c.frame.Type == http2.FrameWindowUpdate:
		return name + " of 0 on the connection"
	case !ofConn && c.frame.StreamID == 0:
		return name + " on no stream"
	}
	return name + " with more padding than payload"
}

// countBarren counts a frame that is of no use to any stream.
func (c *Conn) countBarren() {
	c.barren++
	if c.barren > maxBarren {
		c.failFrame(http2.ErrCodeEnhanceYourCalm, "more than %d frames in a row that are of no use", maxBarren)
	}
}

// beginData handles the head of a DATA frame. payload has the byte that says how
// much padding there is, if there is one.
func (c *Conn) beginData(payload []byte) {
	f, d := &c.frame, data{left: int(c.frame.Length), last: c.frame.Flags.Has(http2.FlagDataEndStream)}
	if f.Flags.Has(http2.FlagDataPadded) {
		if len(payload) == 0 {
			c.failFrame(http2.ErrCodeFrameSize, "%s", c.fault(http2.ErrCodeFrameSize))
			return
		}
		d.left, d.pad = d.left-1, int(payload[0])
	}
	c.recv -= int64(f.Length)
	switch {
	case f.StreamID == 0, d.pad > d.left:
		c.failFrame(http2.ErrCodeProtocol, "%s", c.fault(http2.ErrCodeProtocol))
		return
	case c.isIdle(f.StreamID):
		c.failFrame(http2.ErrCodeProtocol, "DATA frame on a stream that was not started")
		return
	case c.recv < 0:
		c.failFrame(http2.ErrCodeFlowControl, "DATA frame beyond the connection's window")
		return
	}
	c.data = d
	if s := c.stream(f.StreamID); s != nil {
		c.data.stream = s
		if !s.started {
			s.started, s.FirstAt = true, c.Now
		}
		s.over = d.last
		c.checkData(s, d.left-d.pad)
	}
	if d.left == d.pad && !d.last {
		c.countBarren()
	}
	if c.data.left == 0 && c.err == nil {
		c.endData()
	}
}

// checkData ends s if it must not get a DATA frame with n bytes of its body.
func (c *Conn) checkData(s *Stream, n int) {
	s.left -= int64(c.frame.Length)
	s.consumed += int64(c.frame.Length)
	what, code := "", http2.ErrCodeProtocol
	switch {
	case s.left < 0:
		what, code = "DATA frame beyond the stream's window", http2.ErrCodeFlowControl
	case !s.headed:
		what = "DATA frame before the head"
	case n > 0 && s.bodiless():
		what = "DATA frame in a response that has no body"
	case s.hasLength && !s.bodiless() && int64(n) > s.length-s.body:
		what = "body longer than its content-length"
	default:
		return
	}
	c.abandon(s, code, s.malformation(what, ""))
}

// feedData takes bytes of a DATA frame, and returns what follows it.
func (c *Conn) feedData(b []byte) (rest []byte) {
	d := &c.data
	b, rest = b[:min(len(b), d.left)], b[min(len(b), d.left):]
	piece := b[:min(len(b), max(0, d.left-d.pad))]
	d.left -= len(b)
	if s := d.stream; s != nil && len(piece) > 0 {
		c.barren = 0
		s.body += int64(len(piece))
		if s.Body != nil {
			if err := s.Body(piece); err != nil && d.stream == s {
				c.abandon(s, http2.ErrCodeCancel, err)
			}
		}
	}
	if d.left == 0 && c.err == nil {
		c.endData()
	}
	return rest
}

// endData gives back the window that the frame took, and ends its stream if the
// frame does.
func (c *Conn) endData() {
	s, last := c.data.stream, c.data.last
	c.data = data{}
	c.spent += int64(c.frame.Length)
	if c.spent >= c.ourWindow()/2 {
		c.written(c.frames.WriteWindowUpdate(0, uint32(c.spent)))
		c.recv, c.spent = c.recv+c.spent, 0
	}
	switch {
	case s == nil:
	case last:
		c.finish(s)
	case s.consumed >= c.ourWindow()/2:
		c.written(c.frames.WriteWindowUpdate(s.id, uint32(s.consumed)))
		s.left, s.consumed = s.left+s.consumed, 0
	}
}

// finish ends s, whose response the peer has ended.
func (c *Conn) finish(s *Stream) {
	var err error
	if s.hasLength && !s.bodiless() && s.body < s.length {
		err = &ShortError{Want: s.length, Got: s.body}
	}
	s.done = err == nil
	if !s.queued { // the rest of the request is useless
		c.reset(s, http2.ErrCodeNo)
	}
	c.end(s, err)
}
