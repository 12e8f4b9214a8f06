package h2

import (
	"cmp"
	"math"
	"slices"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// defaultMaxHead is the limit of net/http's client for a response's head. Only
// hostile peers come near it.
const defaultMaxHead = 10 << 20

const (
	initialWindow   = 65535 // of a stream and of the connection (RFC 9113 §6.9.2)
	maxWindow       = math.MaxInt32
	initialMaxFrame = 16384 // payload bytes (RFC 9113 §6.5.2)
	maxMaxFrame     = 1<<24 - 1
	maxID           = math.MaxInt32

	// unsettledStreams is how many streams are started before the peer has said
	// how many it allows (RFC 9113 §6.5.2 recommends to allow no fewer).
	unsettledStreams = 100

	// receiveWindow is how many bytes the peer may send ahead, on each stream and
	// in all. Bodies are consumed at once, so that only TCP holds a peer back.
	receiveWindow = 1 << 30
)

// Conn is the client's half of one HTTP/2 connection at a time.
type Conn struct {
	// MaxHead limits the size of all heads of one response, interim heads
	// included, as RFC 9113 §6.5.2 counts it. It also limits, separately, the
	// trailers. 0 means 10 MiB.
	MaxHead int

	// Capture names the fields, in lower case, whose values are kept: the
	// first occurrence in the final head.
	Capture []string

	// Ended is called for each stream that ends other than by Cancel. Its Err
	// says why. It may start the Stream again, on this Conn if that has Room. It
	// must not call Begin, Feed, Sent or End.
	Ended func(*Stream)

	// Now is the caller's time, which Sent and Feed note in Streams.
	Now int64

	window int64 // of streams and connection; 0 means receiveWindow. Tests make it small

	err    error // why the connection is broken
	peer   settings
	next   uint32    // number of the next stream
	open   []*Stream // by number
	gone   *GoAwayError
	left   bool // Leave was called
	barren int  // frames since the last one of any use

	sender
	receiver
}

// settings are the peer's.
type settings struct {
	known    bool
	acked    bool // it has acknowledged ours
	streams  int64
	window   int64 // of a new stream
	maxFrame int
}

// Begin starts a new connection, whose first bytes are then Pending. Streams
// that are still open are forgotten; End ends them.
func (c *Conn) Begin() {
	c.err, c.gone, c.left, c.barren, c.next = nil, nil, false, 0, 1
	c.peer = settings{streams: unsettledStreams, window: initialWindow, maxFrame: initialMaxFrame}
	clear(c.open)
	c.open = c.open[:0]
	c.sender.begin()
	c.receiver.begin(c)
	c.out.Write([]byte(http2.ClientPreface)) //nolint:errcheck // memory
	c.written(c.frames.WriteSettings(
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(c.ourWindow())},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: uint32(c.maxHead())},
	))
	if more := c.ourWindow() - initialWindow; more > 0 {
		c.written(c.frames.WriteWindowUpdate(0, uint32(more)))
	}
}

// Settled reports whether the peer's SETTINGS have come.
func (c *Conn) Settled() bool { return c.peer.known }

// Open returns how many streams are open.
func (c *Conn) Open() int { return len(c.open) }

// Room returns how many more streams may be started now. It is 0 once the peer
// has sent GOAWAY, the numbers of streams are used up, or the connection is
// broken. Before the peer's SETTINGS have come, at most 100 streams are open.
func (c *Conn) Room() int {
	if c.next == 0 || c.err != nil || c.gone != nil || c.left || c.next > maxID {
		return 0
	}
	return int(max(0, min(c.peer.streams-int64(len(c.open)), int64(maxID-c.next)/2+1)))
}

// GoingAway returns the peer's last GOAWAY, nil if none has come. Streams with
// numbers up to its LastID go on.
func (c *Conn) GoingAway() *GoAwayError { return c.gone }

// Err returns why the connection is broken, nil while it is not.
func (c *Conn) Err() error { return c.err }

// Start starts s with the request r. It returns false, and does nothing, if
// there is no Room.
func (c *Conn) Start(s *Stream, r *Prepared) bool {
	if c.Room() == 0 {
		return false
	}
	s.begin(c, r)
	c.next += 2
	c.open = append(c.open, s)
	c.sendHead(s)
	c.pump()
	return true
}

// Proceed sends the body of s, which waits for a 100 (Continue), without one.
func (c *Conn) Proceed(s *Stream) {
	if s.held && c.isOpen(s) {
		s.held = false
		c.bodies = append(c.bodies, s)
		c.pump()
	}
}

// Cancel gives s up with RST_STREAM(CANCEL); the connection goes on. Ended is not
// called. It does nothing if s is not open.
func (c *Conn) Cancel(s *Stream) {
	if c.isOpen(s) {
		c.reset(s, http2.ErrCodeCancel)
	}
}

// Leave tells the peer, with GOAWAY, that no more streams will be started.
func (c *Conn) Leave() {
	if c.err == nil {
		c.left = true
		c.written(c.frames.WriteGoAway(0, http2.ErrCodeNo, nil))
	}
}

// End ends all open streams with err, because the connection is gone.
func (c *Conn) End(err error) {
	if c.err == nil {
		c.err = err
	}
	for len(c.open) > 0 {
		c.end(c.open[0], err)
	}
}

// fail ends the connection and all its streams, and tells the peer.
func (c *Conn) fail(e *ConnError) {
	if c.err != nil {
		return
	}
	c.written(c.frames.WriteGoAway(0, e.Code, []byte(e.What)))
	c.End(e)
}

// end ends s. Nothing may be done with s after that: Ended may have started it
// again.
func (c *Conn) end(s *Stream, err error) {
	c.forget(s)
	s.err = err
	if c.Ended != nil {
		c.Ended(s)
	}
}

// reset tells the peer that s is given up, unless both sides are through with it.
func (c *Conn) reset(s *Stream, code http2.ErrCode) {
	c.forget(s)
	if through := s.over && s.queued; c.err == nil && !through {
		c.written(c.frames.WriteRSTStream(s.id, code))
	}
}

// abandon resets s and ends it.
func (c *Conn) abandon(s *Stream, code http2.ErrCode, err error) {
	c.reset(s, code)
	c.end(s, err)
}

func (c *Conn) forget(s *Stream) {
	if i, ok := c.find(s.id); ok && c.open[i] == s {
		c.open = slices.Delete(c.open, i, i+1)
	}
	c.dropBody(s)
	if s.queued && !s.written {
		c.whole = slices.DeleteFunc(c.whole, func(w whole) bool { return w.s == s })
	}
	if c.data.stream == s {
		c.data.stream = nil
	}
	if c.block.stream == s {
		c.block.stream = nil
	}
}

func (c *Conn) isOpen(s *Stream) bool { return c.stream(s.id) == s }

// stream returns the open stream with that number, nil if there is none.
func (c *Conn) stream(id uint32) *Stream {
	if i, ok := c.find(id); ok {
		return c.open[i]
	}
	return nil
}

// find returns where in c.open the stream is or would be. Responses often come
// in the order of their requests.
func (c *Conn) find(id uint32) (int, bool) {
	if len(c.open) > 0 && c.open[0].id == id {
		return 0, true
	}
	return slices.BinarySearchFunc(c.open, id, func(s *Stream, id uint32) int { return cmp.Compare(s.id, id) })
}

// isIdle reports whether no stream with that number has been started. The peer
// starts none, as push is off.
func (c *Conn) isIdle(id uint32) bool { return id%2 == 0 || id >= c.next }

func (c *Conn) maxHead() int {
	if c.MaxHead > 0 {
		return c.MaxHead
	}
	return defaultMaxHead
}

// maxBlock returns how many encoded bytes a block of fields may have. One that
// encodes more than MaxHead is decoded as far as that, so that only its stream
// ends.
func (c *Conn) maxBlock() int { return 2 * c.maxHead() }

func (c *Conn) ourWindow() int64 {
	if c.window > 0 {
		return c.window
	}
	return receiveWindow
}

// newDecoder returns a decoder that gives fields to c. A string within maxBlock
// is less than twice as long once decoded (RFC 7541 appendix B).
func (c *Conn) newDecoder() *hpack.Decoder {
	if c.emitter == nil {
		c.emitter = c.emit
	}
	d := hpack.NewDecoder(tableSize, c.emitter)
	d.SetMaxStringLength(2 * c.maxBlock())
	return d
}

// tableSize is the size of HPACK's table, in each direction, that neither side
// has to announce (RFC 7541 §4.2).
const tableSize = 4096
