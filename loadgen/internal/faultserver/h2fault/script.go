package h2fault

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/faultserver/h2fault/raw"
)

// A script acts on a stream whose request is whole, or, as a kind's open, on
// one whose head has been read.
type script = func(*conn, *stream)

const content = "nothing is lost until it is counted\n"

func ok(c *conn, s *stream) { c.respond(s, "200", content) }

// status responds with a status and a body.
func status(code, body string) script {
	return func(c *conn, s *stream) { c.respond(s, code, body) }
}

func noContent(c *conn, s *stream) {
	c.head(s, true, ":status", "204")
	c.settle(s, Responded)
}

func notModified(c *conn, s *stream) {
	c.head(s, true, ":status", "304", "etag", `"1"`, "content-length", "3")
	c.settle(s, Responded)
}

// pieces responds without a length, with one DATA frame for each piece.
func pieces(list ...string) script {
	return func(c *conn, s *stream) {
		c.head(s, false, ":status", "200")
		c.lastOf(s, list)
	}
}

// lastOf sends DATA frames, and ends the stream with the last one.
func (c *conn) lastOf(s *stream, list []string) {
	for i, piece := range list {
		if !c.data(s, i == len(list)-1, piece) {
			return
		}
	}
	c.settle(s, Responded)
}

func split(c *conn, s *stream) {
	pieces(strings.Split(content, "")...)(c, s)
	c.bytewise = true
}

func padded(c *conn, s *stream) {
	block := c.encode(":status", "200")
	c.write(c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: block, EndHeaders: true, PadLength: 255}))
	pad := make([]byte, 255)
	for i, piece := range []string{"", content} {
		if !c.room(s, len(piece)+len(pad)+1) {
			return
		}
		c.write(c.frames.WriteDataPadded(s.id, i == 1, []byte(piece), pad))
	}
	c.settle(s, Responded)
}

func continuation(c *conn, s *stream) {
	c.fragments(s.id, false, 1, c.encode(":status", "200", "content-type", "text/plain"))
	c.lastOf(s, []string{content})
}

func trailers(c *conn, s *stream) {
	c.head(s, false, ":status", "200", "trailer", "x-sum")
	if c.data(s, false, content) {
		c.head(s, true, "x-sum", "36")
		c.settle(s, Responded)
	}
}

// interim responds after interim responses with a field of size bytes each.
func interim(times, size int) script {
	block := raw.Block(":status", "103", "link", strings.Repeat("x", size))
	return func(c *conn, s *stream) {
		for range times {
			c.fragments(s.id, false, maxFrame, block)
			if c.out.Len() > floodBatch {
				c.flush()
			}
		}
		ok(c, s)
	}
}

func continues(c *conn, s *stream) {
	c.head(s, false, ":status", "100")
	ok(c, s)
}

// longFields responds with n fields of size bytes. Not indexed, they are as long
// on the wire.
func longFields(n, size int) script {
	return func(c *conn, s *stream) { c.fieldsOf(s, n, size) }
}

func (c *conn) fieldsOf(s *stream, n, size int) {
	block := append([]byte(nil), c.encode(":status", "200")...)
	for range n {
		block = raw.Literal(block, "x-long", strings.Repeat("x", size))
	}
	c.fragments(s.id, true, maxFrame, block)
	c.settle(s, Responded)
}

// bomb makes one entry of the dynamic table and refers to it 4000 times: 16 KiB
// on the wire, 15 MiB decoded.
func bomb(c *conn, s *stream) {
	block := append([]byte(nil), c.encode(":status", "200", "x-bomb", strings.Repeat("x", 3900))...)
	for range 4000 {
		block = append(block, 0x80|62) // the newest entry
	}
	c.fragments(s.id, true, maxFrame, block)
	c.settle(s, Responded)
}

func tableSizes(c *conn, s *stream) {
	c.fields.SetMaxDynamicTableSize(0)
	c.fields.SetMaxDynamicTableSize(4096)
	ok(c, s)
}

// zipped responds with compressed content, damaged.
func zipped(damage func([]byte) []byte) script {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(strings.Repeat(content, 300))) // writing to memory cannot fail
	_ = w.Close()
	body := string(damage(b.Bytes()))
	return func(c *conn, s *stream) { c.respond(s, "200", body, "content-encoding", "gzip") }
}

func undamaged(b []byte) []byte { return b }
func shortened(b []byte) []byte { return b[:len(b)-12] }

// miscounted corrupts the checksum, which precedes the length.
func miscounted(b []byte) []byte {
	b[len(b)-8] ^= 1
	return b
}

// unknownFrame responds amid frames of types that no RFC has, on the connection
// and on the stream.
func unknownFrame(c *conn, s *stream) {
	c.write(c.frames.WriteRawFrame(0xbe, 0xff, 0, []byte("connection")))
	c.write(c.frames.WriteRawFrame(0xbf, 0xff, s.id, []byte("stream")))
	ok(c, s)
}

func priority(c *conn, s *stream) {
	c.write(c.frames.WritePriority(s.id, http2.PriorityParam{StreamDep: 0, Weight: 7}))
	ok(c, s)
}

// pings responds after a number of PINGs, settingsMany after as many SETTINGS.
func pings(n int) script {
	return func(c *conn, s *stream) {
		for range n {
			c.ping(nil)
		}
		ok(c, s)
	}
}

func settingsMany(n int) script {
	return func(c *conn, s *stream) {
		for range n {
			c.settings()
		}
		ok(c, s)
	}
}

// newSettings changes, amid a response, what the client may send.
func newSettings(c *conn, s *stream) {
	c.head(s, false, ":status", "200")
	c.settings(http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0}, http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1<<24 - 1}, http2.Setting{ID: 0xbeef, Val: 7})
	c.reader.SetMaxReadFrameSize(1<<24 - 1)
	c.lastOf(s, []string{content})
}

// afterwards sends frames on a stream that is closed.
func afterwards(c *conn, s *stream) {
	ok(c, s)
	c.write(c.frames.WriteWindowUpdate(s.id, 1))
	c.write(c.frames.WriteRSTStream(s.id, http2.ErrCodeNo))
}

// earlyResponse responds at the end of the request's head. A body is not wanted:
// RST_STREAM with NO_ERROR (RFC 9113, 8.1).
func earlyResponse(code string) script {
	return func(c *conn, s *stream) {
		c.respond(s, code, "no more of it\n")
		if !s.whole {
			c.write(c.frames.WriteRSTStream(s.id, http2.ErrCodeNo))
		}
	}
}

// earlyHead responds at once without an end, and ends the response when the
// request has ended.
func earlyHead(c *conn, s *stream) {
	c.head(s, false, ":status", "200")
	c.data(s, false, content)
}

func endOfEarly(c *conn, s *stream) { c.lastOf(s, []string{content}) }

// resetAfter sends RST_STREAM after a part of a response.
func resetAfter(part script, code http2.ErrCode) script {
	return func(c *conn, s *stream) {
		part(c, s)
		if c.streams[s.id] == s {
			c.reset(s, code)
		}
	}
}

// holdAfter sends no more after a part of a response.
func holdAfter(part script) script {
	return func(c *conn, s *stream) {
		part(c, s)
		s.held = true
	}
}

func nothing(*conn, *stream) {}

func hints(c *conn, s *stream) { c.head(s, false, ":status", "103", "link", "</style.css>") }

const (
	announced = 1000 // bytes of a body that is cut short
	sent      = 400  // of them
)

func headAlone(c *conn, s *stream) {
	c.head(s, false, ":status", "200", "content-length", strconv.Itoa(announced))
}

func partOfBody(c *conn, s *stream) {
	headAlone(c, s)
	c.data(s, false, strings.Repeat("x", sent))
}

// withoutEnd sends all of a response but END_STREAM.
func withoutEnd(c *conn, s *stream) {
	c.head(s, false, ":status", "200", "content-length", strconv.Itoa(len(content)))
	c.data(s, false, content)
}

// slowBody sends a part of a body and then a byte every dripEvery.
func slowBody(c *conn, s *stream) {
	c.head(s, false, ":status", "200", "content-length", "1000000")
	c.data(s, false, strings.Repeat("x", sent))
	s.held = true
	c.drips = append(c.drips, s)
}

// drip sends the next byte of each slow response that the client still waits
// for, as far as its window permits.
func (c *conn) drip() {
	var rest []*stream
	for _, s := range c.drips {
		if c.streams[s.id] != s || c.taken {
			continue
		}
		rest = append(rest, s)
		if c.window > 0 && s.window > 0 {
			c.data(s, false, "x")
		}
	}
	c.drips = rest
}

// few is the limit of open streams that FewStreams announces.
const few = 2

func beginFew(c *conn) {
	c.limit = few
	c.settings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: few})
}

// fewStreams responds when the client has had the time to open more streams
// than it may.
func fewStreams(c *conn, _ *stream) { c.respondLater(nil) }

// changingStreams also changes the limit each time.
func changingStreams(c *conn, _ *stream) {
	c.respondLater(func() {
		c.answered++
		limit := []uint32{1, 5, 2, 8}[c.answered%4]
		c.settings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: limit})
	})
}

// respondLater responds to all that is open when the client has acknowledged a
// PING, and then does something else, if anything.
func (c *conn) respondLater(then func()) {
	if c.asking {
		return
	}
	c.asking = true
	c.ping(func() {
		c.asking = false
		c.respondAll()
		if then != nil {
			then()
		}
	})
}

// beginWindow announces that requests may have so many bytes at first.
func beginWindow(size uint32) func(*conn) {
	return func(c *conn) {
		c.settings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: size})
	}
}

// tiny is the window of TinyWindows.
const tiny = 100

// shutGrant never lets the client send more; tinyGrant does so in steps.
func shutGrant(int64) int64 { return 0 }

func tinyGrant(credit int64) int64 { return max(0, tiny-credit) }

// shrinkWindow closes all windows after the request's head, and opens them when
// the client has acknowledged that.
func shrinkWindow(c *conn, _ *stream) {
	open := func() { c.settings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: defaultWindow}) }
	c.settingsThen(open, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
}

// floodBatch is how much of a flood is written at once.
const floodBatch = 64 << 10

// flood sends a piece again and again, up to a number of bytes, while the client
// stays. Then it is silent.
func (c *conn) flood(piece []byte, bytes int) {
	c.flooding = true
	batch := max(1, floodBatch/len(piece))
	for left := bytes; left > 0 && !c.over; left -= batch * len(piece) {
		for range batch {
			c.out.Write(piece)
		}
		c.flush()
		for c.read(time.Now().Add(time.Millisecond)) {
			continue
		}
	}
	c.flush()
	c.mute = true
}
