package h2fault

import (
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// write is for frames to memory, whose only error is a frame of 16 MiB: a
// mistake in this package.
func (c *conn) write(err error) {
	if err != nil {
		panic(err)
	}
}

// settings sends SETTINGS, and remembers what holds once the client has
// acknowledged them.
func (c *conn) settings(list ...http2.Setting) { c.settingsThen(nil, list...) }

func (c *conn) settingsThen(then func(), list ...http2.Setting) {
	now := settled{window: -1, limit: -1, then: then}
	for _, s := range list {
		switch s.ID {
		case http2.SettingInitialWindowSize:
			now.window = int64(s.Val)
		case http2.SettingMaxConcurrentStreams:
			now.limit = int(s.Val)
		default:
		}
	}
	c.unacked = append(c.unacked, now)
	c.server.count(func(n *Counts) { n.Settings++ })
	c.write(c.frames.WriteSettings(list...))
}

// ping asks, and does then when the client has acknowledged: it has read all
// that was sent before.
func (c *conn) ping(then func()) {
	c.asked = append(c.asked, then)
	c.server.count(func(n *Counts) { n.Pings++ })
	c.write(c.frames.WritePing(false, [8]byte{'n', 'o', 'd', 'r', 'o', 'p'}))
}

// goAway sends GOAWAY. Streams above last are never processed, those up to it
// get a response.
func (c *conn) goAway(last uint32, code http2.ErrCode, debug string) {
	c.below, c.above = last, Unprocessed
	for _, s := range c.sorted() {
		if s.id > last {
			c.settle(s, Unprocessed)
		}
	}
	c.announce(last, code, debug)
}

// announce sends GOAWAY, and finds out when the client has read it.
func (c *conn) announce(last uint32, code http2.ErrCode, debug string) {
	c.server.count(func(n *Counts) { n.GoAways++ })
	c.write(c.frames.WriteGoAway(last, code, []byte(debug)))
	c.away = true
	c.ping(func() { c.told = true })
}

// reset ends a stream with RST_STREAM.
func (c *conn) reset(s *stream, code http2.ErrCode) {
	fate := Reset
	if code == http2.ErrCodeRefusedStream {
		fate = Refused
	}
	c.settle(s, fate)
	c.server.count(func(n *Counts) { n.ResetBy[code]++ })
	c.write(c.frames.WriteRSTStream(s.id, code))
}

// encode returns a header block of names and values in turn, valid until the
// next call.
func (c *conn) encode(fields ...string) []byte {
	c.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		c.write(c.fields.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}))
	}
	return c.block.Bytes()
}

// head sends a response's header section.
func (c *conn) head(s *stream, end bool, fields ...string) {
	c.fragments(s.id, end, maxFrame, c.encode(fields...))
}

// fragments sends a header block in a HEADERS frame and as many CONTINUATION
// frames as it needs.
func (c *conn) fragments(id uint32, end bool, size int, block []byte) {
	first := block[:min(size, len(block))]
	block = block[len(first):]
	c.write(c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: first, EndStream: end, EndHeaders: len(block) == 0}))
	for len(block) > 0 {
		next := block[:min(size, len(block))]
		block = block[len(next):]
		c.write(c.frames.WriteContinuation(id, len(block) == 0, next))
	}
}

// room waits until n bytes of DATA may be sent, and reports whether the stream
// is still open.
func (c *conn) room(s *stream, n int) bool {
	for c.streams[s.id] == s && !c.over && (c.window < int64(n) || s.window < int64(n)) {
		c.flush()
		c.read(noDeadline)
	}
	c.window -= int64(n)
	s.window -= int64(n)
	return c.streams[s.id] == s && !c.over
}

// data sends one DATA frame, and reports whether the stream was still open.
func (c *conn) data(s *stream, end bool, b string) bool {
	if !c.room(s, len(b)) {
		return false
	}
	c.write(c.frames.WriteData(s.id, end, []byte(b)))
	return true
}

// respond sends a whole response.
func (c *conn) respond(s *stream, status, body string, fields ...string) {
	fields = append([]string{":status", status, "content-length", strconv.Itoa(len(body))}, fields...)
	if s.headOnly || body == "" {
		c.head(s, true, fields...)
		c.settle(s, Responded)
		return
	}
	c.head(s, false, fields...)
	if c.data(s, true, body) {
		c.settle(s, Responded)
	}
}
