package h2

import (
	"bytes"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// block is a block of fields that is being read: HEADERS and its CONTINUATIONs.
type block struct {
	going  bool
	stream *Stream // nil if it has ended; the block must be decoded all the same
	last   bool    // END_STREAM
	size   int     // encoded bytes so far
}

// decoded is the last block and its fields, if the same bytes would mean the
// same fields again. Servers send the same block many times: decoding it is then
// comparing.
type decoded struct {
	bytes  []byte
	fields []hpack.HeaderField
	adds   int // how many entries it adds to HPACK's table
	owed   int // how often it came without having been decoded
}

// keptBlock is the size of the largest block, in bytes, that is kept.
const keptBlock = 4 << 10

func (c *Conn) takeHeaders(f *http2.HeadersFrame) {
	if c.isIdle(f.StreamID) {
		c.failFrame(http2.ErrCodeProtocol, "HEADERS frame on a stream that was not started")
		return
	}
	s := c.stream(f.StreamID)
	c.block = block{going: true, stream: s, last: f.StreamEnded()}
	switch {
	case s == nil:
		c.countBarren()
	case !s.started:
		s.started, s.FirstAt = true, c.Now
	case s.headed:
		s.used = 0 // of the trailers
	}
	c.takeFragment(f.HeaderBlockFragment(), f.HeadersEnded())
}

func (c *Conn) takeFragment(b []byte, last bool) {
	if c.err != nil {
		return
	}
	alone := last && c.block.size == 0
	c.block.size += len(b)
	switch {
	case c.block.size > c.maxBlock():
		c.failFrame(http2.ErrCodeEnhanceYourCalm, "block of header fields over %d bytes", c.maxBlock())
		return
	case alone && len(b) > 0 && bytes.Equal(b, c.last.bytes):
		c.last.owed++
		for _, f := range c.last.fields {
			c.emitTo(f)
		}
	default:
		c.decode(b, last)
	}
	if len(b) == 0 {
		c.countBarren()
	}
	if last && c.err == nil {
		c.endBlock()
	}
}

// decode decodes a fragment of a block of fields.
func (c *Conn) decode(b []byte, last bool) {
	if c.block.size == len(b) {
		c.settle()
		c.last = decoded{bytes: emptied(c.last.bytes), fields: c.last.fields[:0]}
	}
	if c.block.size <= keptBlock {
		c.last.bytes = append(c.last.bytes, b...)
	}
	_, err := c.decoder.Write(b)
	if err == nil && last {
		err = c.decoder.Close()
	}
	if err != nil {
		c.failFrame(http2.ErrCodeCompression, "header fields: %v", err)
		return
	}
	if last {
		c.remember()
	}
}

// remember keeps the block that was decoded, if it may come again.
func (c *Conn) remember() {
	if c.block.size <= keptBlock {
		does := inspect(c.last.bytes)
		c.last.adds = does.adds
		if does.repeats() {
			return
		}
	}
	c.last.bytes, c.last.fields = c.last.bytes[:0], c.last.fields[:0]
}

// settle brings HPACK's table to where it would be if the last block had been
// decoded each time that it came. Once the table is full of that block's
// entries, more of them change nothing.
func (c *Conn) settle() {
	if c.last.adds == 0 || c.last.owed == 0 {
		return
	}
	const mostEntries = tableSize / 32 // RFC 7541 §4.1
	c.decoder.SetEmitEnabled(false)
	for range min(c.last.owed, mostEntries/c.last.adds+2) {
		_, _ = c.decoder.Write(c.last.bytes) // it was decoded before
		_ = c.decoder.Close()
	}
	c.decoder.SetEmitEnabled(true)
}

// emit takes a field that the decoder has decoded.
func (c *Conn) emit(f hpack.HeaderField) {
	if c.block.size <= keptBlock {
		c.last.fields = append(c.last.fields, f)
	}
	c.emitTo(f)
}

func (c *Conn) emitTo(f hpack.HeaderField) {
	if s := c.block.stream; s != nil {
		s.field(f.Name, f.Value)
	}
}

// endBlock handles a whole head, or the trailers.
func (c *Conn) endBlock() {
	s, last := c.block.stream, c.block.last
	c.block = block{}
	if s == nil {
		return
	}
	c.barren, s.over = 0, last
	trailers := s.headed
	switch {
	case s.bad != nil: // the first fault counts
	case trailers && !last:
		s.malformed("trailers that do not end the stream", "")
	case trailers:
	case s.status == 0:
		s.malformed("response head without :status", "")
	case s.status < 200 && last:
		s.malformed("interim response that ends the stream", "")
	}
	switch {
	case s.bad != nil:
		c.abandon(s, http2.ErrCodeProtocol, s.bad)
	case trailers:
		c.finish(s)
	case s.status < 200:
		c.takeInterim(s)
	default:
		c.takeHead(s, last)
	}
}

// takeInterim handles an interim response. A 100 responds to the request's head
// only: the final response has then not begun.
func (c *Conn) takeInterim(s *Stream) {
	s.interim++
	status := s.status
	s.resetHead()
	if status == 100 {
		s.started, s.FirstAt = false, 0
		c.Proceed(s)
	}
}

// takeHead handles the final head. After a status of 300 or more, the server
// will not act on the rest of the request.
func (c *Conn) takeHead(s *Stream, last bool) {
	s.headed = true
	switch {
	case last:
		c.finish(s)
	case s.status >= 300:
		c.dropBody(s)
	default:
		c.Proceed(s)
	}
}
