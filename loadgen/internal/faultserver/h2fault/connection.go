package h2fault

import (
	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/faultserver/h2fault/raw"
)

// A blow is a fault of the connection. It gets the streams that have no fate,
// in the order of their ids; there is at least one.
type blow = func(*conn, []*stream)

// together makes a script of a blow: it hits several streams.
func together(b blow) script {
	return func(c *conn, s *stream) {
		all := c.gather(s)
		if c.over || len(all) == 0 {
			return // the client is gone
		}
		b(c, all)
	}
}

// middle returns the id in the middle of the open streams. Of one, it is that
// stream's.
func middle(all []*stream) uint32 { return all[(len(all)-1)/2].id }

// goAway0 says that nothing was processed.
func goAway0(c *conn, _ []*stream) { c.goAway(0, http2.ErrCodeNo, "") }

// goAwayMiddle responds to some; code and debug say why.
func goAwayMiddle(code http2.ErrCode, debug string) blow {
	return func(c *conn, all []*stream) { c.goAway(middle(all), code, debug) }
}

// goAwayLast responds to all that are open.
func goAwayLast(c *conn, _ []*stream) { c.goAway(c.last, http2.ErrCodeNo, "") }

// twoStep announces the end first, and the real id when the client has read
// that: no stream is lost.
func twoStep(c *conn, _ []*stream) {
	c.server.count(func(n *Counts) { n.GoAways++ })
	c.write(c.frames.WriteGoAway(maxID, http2.ErrCodeNo, nil))
	c.ping(func() {
		c.goAway(c.last, http2.ErrCodeNo, "")
		c.told = true // by the first GOAWAY
	})
}

// twoStepMiddle gives up streams in the second step.
func twoStepMiddle(c *conn, all []*stream) {
	c.server.count(func(n *Counts) { n.GoAways++ })
	c.write(c.frames.WriteGoAway(maxID, http2.ErrCodeNo, nil))
	c.goAway(middle(all), http2.ErrCodeNo, "")
}

// lowering goes away twice, each time with a lower id.
func lowering(c *conn, all []*stream) {
	c.goAway(all[len(all)-1].id, http2.ErrCodeNo, "")
	c.goAway(middle(all), http2.ErrCodeNo, "")
}

// raising goes away twice, the second time with a higher id, which is wrong.
// The client may end the connection for that, so the responses come before it.
func raising(c *conn, all []*stream) {
	c.goAway(middle(all), http2.ErrCodeNo, "")
	c.respondAll()
	c.announce(maxID, http2.ErrCodeNo, "")
}

// respondAll responds to the open streams whose requests are whole.
func (c *conn) respondAll() {
	for _, s := range c.sorted() {
		if s.whole && !s.held {
			ok(c, s)
		}
	}
}

// goAwayOnIdle goes away when all is done.
func goAwayOnIdle(c *conn, _ []*stream) {
	c.respondAll()
	c.goAway(c.last, http2.ErrCodeNo, "")
}

// goAwayAfter is nginx's keepalive_requests: the last request that a connection
// may carry gets its response after a GOAWAY.
func goAwayAfter(c *conn, s *stream) {
	if c.answered++; c.answered < c.server.plan.Requests {
		ok(c, s)
		return
	}
	c.take(s.kind)
	c.goAway(s.id, http2.ErrCodeNo, "")
	c.ready = append(c.ready, s)
}

// ending is how the server ends the connection itself.
type ending = func(*conn)

func killed(c *conn)  { c.finish(false) }
func closed(c *conn)  { c.finish(true) }
func aborted(c *conn) { c.abort() }

// cutAfter does something with the open streams, and ends the connection under
// them.
func cutAfter(b blow, end ending) script {
	return together(func(c *conn, all []*stream) {
		b(c, all)
		above := Cut
		if c.away {
			above = Unprocessed
		}
		c.settleAll(Cut)
		c.above = above
		end(c)
	})
}

// none does nothing, and each does a part of a response to every stream.
func none(*conn, []*stream) {}

func each(part script) blow {
	return func(c *conn, all []*stream) {
		for _, s := range all {
			if s.whole && c.streams[s.id] == s {
				part(c, s)
			}
		}
	}
}

// half responds to the streams up to the one in the middle.
func half(c *conn, all []*stream) {
	for _, s := range all[:(len(all)+1)/2] {
		if s.whole && c.streams[s.id] == s {
			ok(c, s)
		}
	}
}

// partOfHead begins a header block that does not end, and partOfData a DATA
// frame.
func partOfHead(c *conn, all []*stream) {
	c.out.Write(raw.Frame(http2.FrameHeaders, http2.FlagHeadersEndHeaders, all[0].id, make([]byte, 100))[:frameHead+20])
}

func partOfData(c *conn, all []*stream) {
	headAlone(c, all[0])
	c.out.Write(raw.Frame(http2.FrameData, 0, all[0].id, make([]byte, announced))[:frameHead+sent])
}

// silenceInHead begins a header section, which no frame may interrupt.
func silenceInHead(c *conn, all []*stream) {
	c.write(c.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: all[0].id, BlockFragment: c.encode(":status", "200")}))
	c.flush()
	c.mute = true
}

// broken sends a frame that makes the connection useless. All streams on it are
// lost, and the client is expected to close it.
func broken(bytes func(id uint32) []byte) script {
	return together(func(c *conn, all []*stream) {
		c.settleAll(Broken)
		c.out.Write(bytes(all[0].id))
		c.flush()
		c.mute = true
	})
}

// brokenStream sends frames that end one stream, and leave the connection.
func brokenStream(bytes func(id uint32) []byte) script {
	return func(c *conn, s *stream) {
		c.settle(s, Broken)
		c.out.Write(bytes(s.id))
	}
}

// brokenBody sends DATA that does not fit the head.
func brokenBody(length, body string) script {
	return func(c *conn, s *stream) {
		c.head(s, false, ":status", "200", "content-length", length)
		if c.data(s, true, body) {
			c.settle(s, Broken)
		}
	}
}

// flooded floods the connection with a frame that has no end, or none that
// helps.
func flooded(before, piece func(id uint32) []byte, bytes int) script {
	return together(func(c *conn, all []*stream) {
		c.settleAll(Broken)
		c.out.Write(before(all[0].id))
		c.flood(piece(all[0].id), bytes)
	})
}

// beginPlain is how a connection begins without a fault.
func beginPlain(c *conn) {
	c.settings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: maxStreams})
}

// beginSilent begins without SETTINGS, which come first in HTTP/2.
func beginSilent(c *conn) { c.silent = true }

// speak ends the silence, without what was not said in it.
func (c *conn) speak() {
	c.out.Reset()
	c.silent = false
}

// beginMute reads, and never writes.
func beginMute(c *conn) { c.mute = true }

// withoutSettings responds although no SETTINGS were sent.
func withoutSettings(c *conn, all []*stream) {
	c.settleAll(Broken)
	c.speak()
	c.out.Write(raw.Head(all[0].id))
	c.flush()
	c.mute = true
}

// http1 responds as a server that does not know HTTP/2.
func http1(c *conn, _ []*stream) {
	c.settleAll(Broken)
	c.speak()
	c.out.WriteString("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	c.finish(true)
}
