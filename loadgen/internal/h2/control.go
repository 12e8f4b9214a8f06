package h2

import "golang.org/x/net/http2"

// takeSettings applies the peer's SETTINGS and acknowledges them.
func (c *Conn) takeSettings(f *http2.SettingsFrame) {
	c.countBarren()
	if f.IsAck() {
		if c.peer.acked {
			c.failFrame(http2.ErrCodeProtocol, "acknowledgement of SETTINGS that were not sent")
		}
		c.peer.acked = true
		return
	}
	if !c.peer.known {
		c.peer.known, c.peer.streams = true, maxID
	}
	for i := range f.NumSettings() {
		if c.apply(f.Setting(i)); c.err != nil {
			return
		}
	}
	c.written(c.frames.WriteSettingsAck())
}

func (c *Conn) apply(s http2.Setting) {
	switch s.ID {
	case http2.SettingHeaderTableSize:
		c.encoder.SetMaxDynamicTableSize(s.Val)
		c.encoded.of = nil
	case http2.SettingEnablePush:
		if s.Val != 0 {
			c.failSetting(http2.ErrCodeProtocol, s)
		}
	case http2.SettingMaxConcurrentStreams:
		c.peer.streams = int64(s.Val)
	case http2.SettingInitialWindowSize:
		c.applyWindow(s)
	case http2.SettingMaxFrameSize:
		if s.Val < initialMaxFrame || s.Val > maxMaxFrame {
			c.failSetting(http2.ErrCodeProtocol, s)
			return
		}
		c.peer.maxFrame = int(s.Val)
	default: // MAX_HEADER_LIST_SIZE is advice; others are unknown
	}
}

func (c *Conn) failSetting(code http2.ErrCode, s http2.Setting) {
	c.failFrame(code, "SETTINGS frame with %v = %d", s.ID, s.Val)
}

// applyWindow applies a new initial window to open streams, too. Their windows
// may become negative (RFC 9113 §6.9.2).
func (c *Conn) applyWindow(to http2.Setting) {
	more := int64(to.Val) - c.peer.window
	for _, s := range c.open {
		if s.window+more > maxWindow {
			more = maxWindow + 1 // an overflow
			break
		}
	}
	if to.Val > maxWindow || more > maxWindow {
		c.failSetting(http2.ErrCodeFlowControl, to)
		return
	}
	c.peer.window = int64(to.Val)
	for _, s := range c.open {
		s.window += more
	}
}

func (c *Conn) takePing(f *http2.PingFrame) {
	c.countBarren()
	if !f.IsAck() && c.err == nil {
		c.written(c.frames.WritePing(true, f.Data))
	}
}

func (c *Conn) takeWindowUpdate(f *http2.WindowUpdateFrame) {
	more := int64(f.Increment)
	if len(c.bodies) == 0 {
		c.countBarren()
	}
	s := c.stream(f.StreamID)
	switch {
	case f.StreamID == 0:
		if c.credit += more; c.credit > maxWindow {
			c.failFrame(http2.ErrCodeFlowControl, "WINDOW_UPDATE frame that opens the connection's window over 2^31-1")
		}
	case c.isIdle(f.StreamID):
		c.failFrame(http2.ErrCodeProtocol, "WINDOW_UPDATE frame on a stream that was not started")
	case s != nil:
		if s.window += more; s.window > maxWindow {
			c.abandon(s, http2.ErrCodeFlowControl, s.malformation("WINDOW_UPDATE frame that opens the stream's window over 2^31-1", ""))
		}
	}
}

// refuseUpdate handles a WINDOW_UPDATE of 0 on a stream.
func (c *Conn) refuseUpdate(code http2.ErrCode) {
	s := c.stream(c.frame.StreamID)
	switch {
	case c.isIdle(c.frame.StreamID):
		c.failFrame(http2.ErrCodeProtocol, "WINDOW_UPDATE frame on a stream that was not started")
	case s == nil:
		c.countBarren()
	default:
		c.abandon(s, code, s.malformation("WINDOW_UPDATE frame of 0", ""))
	}
}

func (c *Conn) takeReset(f *http2.RSTStreamFrame) {
	s := c.stream(f.StreamID)
	switch {
	case c.isIdle(f.StreamID):
		c.failFrame(http2.ErrCodeProtocol, "RST_STREAM frame on a stream that was not started")
	case s == nil:
		c.countBarren()
	default:
		c.end(s, &StreamError{Code: f.ErrCode})
	}
}

// takeGoAway ends the streams that the peer will not process. The others go on.
// A later GOAWAY may only lower the last stream's number (RFC 9113 §6.8).
func (c *Conn) takeGoAway(f *http2.GoAwayFrame) {
	if c.gone != nil && f.LastStreamID > c.gone.LastID {
		c.failFrame(http2.ErrCodeProtocol, "GOAWAY frame with a higher stream than the one before")
		return
	}
	c.countBarren()
	debug := f.DebugData()
	c.gone = &GoAwayError{Code: f.ErrCode, LastID: f.LastStreamID, Debug: string(debug[:min(len(debug), maxDebug)])}
	first, _ := c.find(f.LastStreamID + 1)
	for c.err == nil && first < len(c.open) {
		c.end(c.open[first], c.gone)
	}
}

// maxDebug is how many bytes of a GOAWAY's debug data are kept.
const maxDebug = 256
