package h2_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
)

// connections are exchanges about more than one response.
var connections = map[string]struct {
	script func(x *exchange)
	want   string
}{
	"request of the peer's before SETTINGS": {func(x *exchange) {
		x.start(get())
		x.flush()
		x.all(1, ":status", ok200)
		x.feed()
	}, `
		1 idle: connection error: PROTOCOL_ERROR: HEADERS frame before SETTINGS
		error: connection error: PROTOCOL_ERROR: HEADERS frame before SETTINGS
		> GOAWAY 0 PROTOCOL_ERROR
		room 0`},
	"HTTP/1": {func(x *exchange) {
		x.start(get())
		x.flush()
		x.WriteString("HTTP/1.1 400 Bad Request\r\n\r\n")
		x.feed()
	}, `
		1 idle: connection error: FRAME_SIZE_ERROR: frame over 16384 bytes
		error: connection error: FRAME_SIZE_ERROR: frame over 16384 bytes
		> GOAWAY 0 FRAME_SIZE_ERROR
		room 0`},
	"before SETTINGS, 100 streams": {func(x *exchange) {
		for range 101 {
			x.start(get())
		}
	}, "no room\nroom 0"},
	"SETTINGS without a limit": {func(x *exchange) {
		x.settings()
		x.feed()
		for range 101 {
			x.start(get())
		}
	}, ""},
	"limit of streams": {func(x *exchange) {
		x.settings(setting(http2.SettingMaxConcurrentStreams, 3))
		x.start(get())
		x.feed()
	}, "room 2"},
	"limit lowered": {func(x *exchange) {
		opened(x, 3)
		x.settings(setting(http2.SettingMaxConcurrentStreams, 1))
		x.all(1, ":status", ok200)
		x.feed()
		x.start(get())
		x.all(3, ":status", ok200)
		x.all(5, ":status", ok200)
		x.feed()
	}, `
		1 ok 200 unsized
		no room
		3 ok 200 unsized
		5 ok 200 unsized
		room 1`},
	"responses in another order": {func(x *exchange) {
		opened(x, 3)
		x.head(5, ":status", ok200)
		x.head(1, ":status", ok200)
		x.data(5, "12", false)
		x.data(1, "3", true)
		x.all(3, ":status", ok200)
		x.data(5, "45", true)
		x.feed()
	}, `
		1 ok 200 body=1 unsized
		3 ok 200 unsized
		5 ok 200 body=4 unsized`},
	"end": {func(x *exchange) {
		opened(x, 4)
		x.all(3, ":status", ok200)
		x.head(5, ":status", ok200, "content-length", "10")
		x.data(5, "12345", false)
		x.head(7, ":status", "100")
		x.feed()
		x.start(post("text"))
		x.conn.End(io.EOF)
		x.start(get())
	}, `
		3 ok 200 unsized
		1 idle: EOF
		5 body: EOF body=5
		7 idle: EOF interim=1
		9 idle: EOF unwritten
		no room
		error: EOF
		> DATA 9 4 bytes, end
		room 0`},

	"GOAWAY": {func(x *exchange) {
		opened(x, 3)
		x.head(1, ":status", ok200)
		_ = x.frames.WriteGoAway(3, http2.ErrCodeNo, nil)
		x.feed()
		x.start(get())
		x.data(1, "text", true)
		x.all(3, ":status", ok200)
		x.feed()
	}, `
		5 idle: http2: server sent GOAWAY; ErrCode=NO_ERROR, debug=""
		no room
		1 ok 200 body=4 unsized
		3 ok 200 unsized
		room 0`},
	"GOAWAY in two steps": {func(x *exchange) {
		opened(x, 3)
		_ = x.frames.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil)
		_ = x.frames.WriteGoAway(3, http2.ErrCodeNo, []byte("bye"))
		x.all(1, ":status", ok200)
		x.all(3, ":status", ok200)
		x.feed()
	}, `
		5 idle: http2: server sent GOAWAY; ErrCode=NO_ERROR, debug="bye"
		1 ok 200 unsized
		3 ok 200 unsized
		room 0`},
	"GOAWAY lowered": {func(x *exchange) {
		opened(x, 3)
		_ = x.frames.WriteGoAway(3, http2.ErrCodeNo, nil)
		_ = x.frames.WriteGoAway(1, http2.ErrCodeNo, nil)
		_ = x.frames.WriteGoAway(1, http2.ErrCodeNo, nil)
		x.feed()
		x.conn.End(io.EOF)
	}, `
		5 idle: http2: server sent GOAWAY; ErrCode=NO_ERROR, debug=""
		3 idle: http2: server sent GOAWAY; ErrCode=NO_ERROR, debug=""
		1 idle: EOF
		error: EOF
		room 0`},
	"GOAWAY with an error, while a body is sent": {func(x *exchange) {
		opened(x, 0)
		x.start(post(strings.Repeat("x", 70_000)))
		x.flush()
		_ = x.frames.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("too_many_pings"))
		x.feed()
	}, `
		1 idle: http2: server sent GOAWAY; ErrCode=ENHANCE_YOUR_CALM, debug="too_many_pings" unwritten
		> DATA 1 16384 bytes
		> DATA 1 16384 bytes
		> DATA 1 16384 bytes
		> DATA 1 16383 bytes
		room 0`},

	"Cancel": {func(x *exchange) {
		opened(x, 2)
		x.head(1, ":status", ok200)
		x.feed()
		x.conn.Cancel(x.streams[0])
		x.conn.Cancel(x.streams[0])
		x.data(1, "late", false)
		_ = x.frames.WriteWindowUpdate(1, 1)
		x.all(1, "late", "trailers")
		_ = x.frames.WriteRSTStream(1, http2.ErrCodeNo)
		x.all(3, ":status", ok200, "late", "trailers")
		x.feed()
	}, `
		3 ok 200 unsized
		> RST_STREAM 1 CANCEL`},
	"Cancel amid a block and amid DATA": {func(x *exchange) {
		opened(x, 3)
		block := x.encode(":status", ok200, "server", "x")
		_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:3]})
		x.feed()
		x.conn.Cancel(x.streams[0])
		_ = x.frames.WriteContinuation(1, true, block[3:])
		x.head(3, ":status", ok200, "server", "x") // refers to what 1 put in the table
		x.raw(http2.FrameData, 0, 3, "12345678")
		rest := x.next(4)
		x.feed()
		x.conn.Cancel(x.streams[1])
		x.WriteString(rest)
		x.all(5, ":status", ok200, "server", "x")
		x.feed()
	}, `
		5 ok 200 unsized
		> RST_STREAM 1 CANCEL
		> RST_STREAM 3 CANCEL`},
	"body refused": {func(x *exchange) {
		opened(x, 2)
		x.refuse = true
		x.head(1, ":status", ok200)
		x.data(1, "1", false)
		x.feed()
		x.data(1, "2", false)
		x.all(3, ":status", ok200)
		x.feed()
	}, `
		1 body: body refused body=1 unsized
		3 ok 200 unsized
		> RST_STREAM 1 CANCEL`},
	"fault of one stream": {func(x *exchange) {
		opened(x, 2)
		x.head(1, ":status", ok200, "A", "b")
		x.data(1, "text", true)
		x.all(3, ":status", ok200, "A", "b")
		x.start(get())
		x.flush()
		x.all(5, ":status", ok200)
		x.feed()
	}, `
		1 head: malformed header field name "A"
		3 head: malformed header field name "A"
		5 ok 200 unsized
		> RST_STREAM 1 PROTOCOL_ERROR`},
	"Leave": {func(x *exchange) {
		opened(x, 1)
		x.conn.Leave()
		x.all(1, ":status", ok200)
		x.data(3, "", false)
		x.feed()
	}, `
		1 ok 200 unsized
		error: connection error: PROTOCOL_ERROR: DATA frame on a stream that was not started
		> GOAWAY 0 NO_ERROR
		> GOAWAY 0 PROTOCOL_ERROR
		room 0`},
}

// next takes the last n bytes back, for a later feed.
func (p *peer) next(n int) string {
	rest := string(p.Bytes()[p.Len()-n:])
	p.Truncate(p.Len() - n)
	return rest
}

func TestConnection(t *testing.T) {
	for name, tc := range connections {
		t.Run(name, func(t *testing.T) { testScript(t, tc.script, tc.want) })
	}
}

// sends are exchanges about the bodies of requests.
var sends = map[string]struct {
	script func(x *exchange)
	want   string
}{
	"body": {func(x *exchange) {
		x.settings()
		x.feed()
		x.start(post("text"))
		x.flush()
		x.all(1, ":status", ok200)
		x.feed()
	}, `
		1 ok 200 unsized
		> DATA 1 4 bytes, end`},
	"stream's window": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 3))
		x.feed()
		x.start(post("0123456789"))
		x.start(post("01"))
		x.flush()
		_ = x.frames.WriteWindowUpdate(1, 4)
		x.feed()
		x.flush()
		_ = x.frames.WriteWindowUpdate(1, 100)
		x.feed()
	}, `
		> DATA 1 3 bytes
		> DATA 3 2 bytes, end
		> DATA 1 4 bytes
		> DATA 1 3 bytes, end`},
	"connection's window": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 1<<20))
		x.feed()
		x.start(post(strings.Repeat("x", 65_534)))
		x.flush()
		x.start(post("0123"))
		x.start(post("0123"))
		x.flush()
		_ = x.frames.WriteWindowUpdate(0, 2)
		x.feed()
		x.flush()
		_ = x.frames.WriteWindowUpdate(0, 100)
		x.feed()
	}, `
		> DATA 1 16384 bytes
		> DATA 1 16384 bytes
		> DATA 1 16384 bytes
		> DATA 1 16382 bytes, end
		> DATA 3 1 bytes
		> DATA 5 2 bytes
		> DATA 3 3 bytes, end
		> DATA 5 2 bytes, end`},
	"windows that become negative": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 5))
		x.feed()
		x.start(post("0123456789"))
		x.flush()
		x.settings(setting(http2.SettingInitialWindowSize, 2)) // now -3
		_ = x.frames.WriteWindowUpdate(1, 3)                   // now 0
		x.feed()
		x.flush()
		x.settings(setting(http2.SettingInitialWindowSize, 3)) // now 1
		x.feed()
		x.flush()
		_ = x.frames.WriteWindowUpdate(1, 10)
		x.feed()
	}, `
		> DATA 1 5 bytes
		> DATA 1 1 bytes
		> DATA 1 4 bytes, end`},
	"frame size": {func(x *exchange) {
		x.settings(setting(http2.SettingMaxFrameSize, 20_000), setting(http2.SettingInitialWindowSize, 1<<20))
		x.feed()
		x.start(post(strings.Repeat("x", 50_000)))
	}, `
		> DATA 1 20000 bytes
		> DATA 1 20000 bytes
		> DATA 1 10000 bytes, end`},
	"in turn": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 0))
		x.feed()
		for range 3 {
			x.start(post(strings.Repeat("x", 20_000)))
		}
		x.settings(setting(http2.SettingInitialWindowSize, 1<<20))
		x.feed()
	}, `
		> DATA 3 16384 bytes
		> DATA 5 16384 bytes
		> DATA 1 16384 bytes
		> DATA 3 3616 bytes, end
		> DATA 5 3616 bytes, end
		> DATA 1 3616 bytes, end`},
	"stream's window beyond": {func(x *exchange) {
		opened(x, 2)
		_ = x.frames.WriteWindowUpdate(1, 1<<31-1)
		x.all(3, ":status", ok200)
		x.feed()
	}, `
		1 idle: WINDOW_UPDATE frame that opens the stream's window over 2^31-1
		3 ok 200 unsized
		> RST_STREAM 1 FLOW_CONTROL_ERROR`},
	"WINDOW_UPDATE of 0": {func(x *exchange) {
		opened(x, 2)
		_ = x.frames.WriteWindowUpdate(1, 0)
		_ = x.frames.WriteWindowUpdate(1, 0)
		x.all(3, ":status", ok200)
		x.feed()
	}, `
		1 idle: WINDOW_UPDATE frame of 0
		3 ok 200 unsized
		> RST_STREAM 1 PROTOCOL_ERROR`},

	"early response": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 3))
		x.feed()
		x.start(post("0123456789"))
		x.flush()
		x.all(1, ":status", ok200)
		_ = x.frames.WriteRSTStream(1, http2.ErrCodeNo)
		x.feed()
	}, `
		1 ok 200 unsized unwritten
		> DATA 1 3 bytes
		> RST_STREAM 1 NO_ERROR`},
	"early head, then the rest is sent": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 3))
		x.feed()
		x.start(post("0123456789"))
		x.flush()
		x.head(1, ":status", ok200)
		_ = x.frames.WriteWindowUpdate(1, 10)
		x.feed()
		x.flush()
		x.data(1, "text", true)
		x.feed()
	}, `
		1 ok 200 body=4 unsized
		> DATA 1 3 bytes
		> DATA 1 7 bytes, end`},
	"early refusal: the rest is not sent": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 3))
		x.feed()
		x.start(post("0123456789"))
		x.flush()
		x.head(1, ":status", "413")
		_ = x.frames.WriteWindowUpdate(1, 10)
		x.feed()
		x.flush()
		x.data(1, "text", true)
		x.feed()
	}, `
		1 ok 413 body=4 unsized unwritten
		> DATA 1 3 bytes
		> RST_STREAM 1 NO_ERROR`},
	"reset while sending": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 3))
		x.feed()
		x.start(post("0123456789"))
		x.flush()
		_ = x.frames.WriteRSTStream(1, http2.ErrCodeCancel)
		_ = x.frames.WriteWindowUpdate(1, 10)
		x.feed()
	}, `
		1 idle: stream error: stream ID *; CANCEL; received from peer unwritten
		> DATA 1 3 bytes`},
	"Expect: 100": {func(x *exchange) {
		opened(x, 0)
		x.start(expecting())
		x.flush()
		x.head(1, ":status", "100")
		x.feed()
		x.flush()
		x.all(1, ":status", ok200)
		x.feed()
	}, `
		1 ok 200 interim=1 unsized
		> DATA 1 4 bytes, end`},
	"Expect: Proceed": {func(x *exchange) {
		opened(x, 0)
		s := x.start(expecting())
		x.flush()
		x.conn.Proceed(s)
		x.conn.Proceed(s)
		x.flush()
		x.head(1, ":status", "100")
		x.all(1, ":status", ok200)
		x.feed()
		x.conn.Proceed(s)
	}, `
		1 ok 200 interim=1 unsized
		> DATA 1 4 bytes, end`},
	"Expect: 417": {func(x *exchange) {
		opened(x, 0)
		s := x.start(expecting())
		x.flush()
		x.head(1, ":status", "417")
		x.feed()
		x.conn.Proceed(s)
		x.data(1, "no", true)
		x.feed()
	}, `
		1 ok 417 body=2 unsized unwritten
		> RST_STREAM 1 NO_ERROR`},
	"body that cannot be read": {func(x *exchange) {
		opened(x, 1)
		x.start((&h2.Request{Method: "PUT", Length: 20_000, Read: func(_ []byte, off int64) error {
			if off > 0 {
				return io.ErrNoProgress
			}
			return nil
		}}).Prepare())
		x.all(1, ":status", ok200)
		x.feed()
	}, `
		3 idle: multiple Read calls return no data or error unwritten
		1 ok 200 unsized
		> DATA 3 16384 bytes
		> RST_STREAM 3 CANCEL`},
}

func expecting() *h2.Prepared {
	return (&h2.Request{Method: "POST", Body: []byte("text"), Expects: true}).Prepare()
}

func TestSend(t *testing.T) {
	for name, tc := range sends {
		t.Run(name, func(t *testing.T) { testScript(t, tc.script, tc.want) })
	}
}

// TestFlood: frames that are of no use end the connection in the end, whatever
// they are.
func TestFlood(t *testing.T) {
	const calm = "connection error: ENHANCE_YOUR_CALM: more than 100000 frames in a row that are of no use"
	begun := false // the block that the CONTINUATIONs continue
	tests := map[string]func(x *exchange){
		"SETTINGS":            func(x *exchange) { x.settings() },
		"PING":                func(x *exchange) { _ = x.frames.WritePing(false, [8]byte{}) },
		"PING acknowledged":   func(x *exchange) { _ = x.frames.WritePing(true, [8]byte{}) },
		"empty DATA":          func(x *exchange) { x.data(3, "", false) },
		"DATA of padding":     func(x *exchange) { x.raw(http2.FrameData, http2.FlagDataPadded, 3, "\x01\x00") },
		"RST_STREAM":          func(x *exchange) { _ = x.frames.WriteRSTStream(1, 0) },
		"HEADERS of the past": func(x *exchange) { x.head(1, ":status", "103") },
		"empty CONTINUATION": func(x *exchange) {
			if !begun {
				begun = true
				_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: []byte{0x88}})
			}
			_ = x.frames.WriteContinuation(3, false, nil)
		},
		"PRIORITY":      func(x *exchange) { _ = x.frames.WritePriority(1, http2.PriorityParam{}) },
		"WINDOW_UPDATE": func(x *exchange) { _ = x.frames.WriteWindowUpdate(1, 1) },
		"unknown":       func(x *exchange) { x.raw(0x77, 0, 3, "text") },
		"GOAWAY":        func(x *exchange) { _ = x.frames.WriteGoAway(3, 0, nil) },
	}
	for name, send := range tests {
		t.Run(name, func(t *testing.T) {
			x := newExchange(whole)
			x.conn.Begin()
			opened(x, 2)
			x.all(1, ":status", ok200)
			x.head(3, ":status", ok200)
			x.feed()
			for range 1001 {
				if err := x.conn.Err(); err != nil {
					t.Fatalf("too early: %v", err)
				}
				for range 100 {
					send(x)
				}
				x.piece(x.Bytes())
				x.Reset()
			}
			if err := x.conn.Err(); err == nil || err.Error() != calm {
				t.Error(err)
			}
		})
	}
	t.Run("PING beside a response", func(t *testing.T) {
		x := newExchange(whole)
		x.conn.Begin()
		opened(x, 1)
		x.head(1, ":status", ok200)
		for range 1001 {
			for range 100 {
				_ = x.frames.WritePing(false, [8]byte{})
				x.data(1, "x", false)
			}
			x.piece(x.Bytes())
			x.Reset()
		}
		if err := x.conn.Err(); err != nil {
			t.Error(err)
		}
	})
}

// TestHeadLimit: heads and trailers are bounded in what they encode, and in
// bytes.
func TestHeadLimit(t *testing.T) {
	long := strings.Repeat("x", 600)
	tests := map[string]struct {
		send func(x *exchange)
		want string
	}{
		"one field": {func(x *exchange) { x.all(1, ":status", ok200, "a", long, "b", long) }, "1 head: response head over 1000 bytes"},
		"table": {func(x *exchange) {
			x.all(1, ":status", ok200, "a", long)
			x.all(3, ":status", ok200, "a", long, "a", long)
		}, "1 ok 200 unsized\n3 head: response head over 1000 bytes"},
		"interim heads":  {func(x *exchange) { x.head(1, ":status", "103", "a", long); x.all(1, ":status", ok200, "a", long) }, "1 head: response head over 1000 bytes interim=1"},
		"trailers apart": {func(x *exchange) { x.head(1, ":status", ok200, "a", long); x.all(1, "a", long) }, "1 ok 200 unsized"},
		"trailers":       {func(x *exchange) { x.head(1, ":status", ok200); x.all(1, "a", long, "b", long) }, "1 body: trailers over 1000 bytes unsized"},
		"one string":     {func(x *exchange) { x.all(1, ":status", ok200, "a", long+long) }, "1 head: response head over 1000 bytes"},
		"block": {func(x *exchange) {
			x.raw(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, strings.Repeat("\x88", 2001))
		}, `
			1 head: connection error: ENHANCE_YOUR_CALM: block of header fields over 2000 bytes
			3 idle: connection error: ENHANCE_YOUR_CALM: block of header fields over 2000 bytes
			error: connection error: ENHANCE_YOUR_CALM: block of header fields over 2000 bytes
			> GOAWAY 0 ENHANCE_YOUR_CALM
			room 0`},
		"string that grows": {func(x *exchange) { x.all(1, ":status", ok200, "a", strings.Repeat("0", 3000)) }, "1 head: response head over 1000 bytes"},
		"blocks without end": {func(x *exchange) {
			_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1})
			for range 21 {
				_ = x.frames.WriteContinuation(1, false, bytes.Repeat([]byte{0x88}, 100))
			}
		}, `
			1 head: connection error: ENHANCE_YOUR_CALM: block of header fields over 2000 bytes
			3 idle: connection error: ENHANCE_YOUR_CALM: block of header fields over 2000 bytes
			error: connection error: ENHANCE_YOUR_CALM: block of header fields over 2000 bytes
			> GOAWAY 0 ENHANCE_YOUR_CALM
			room 0`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			testScript(t, func(x *exchange) {
				x.conn.MaxHead = 1000
				x.conn.Begin()
				opened(x, 2)
				tc.send(x)
				x.feed()
			}, tc.want)
		})
	}
}

// TestReceiveWindow: the windows are given back, also for streams that have
// ended, and a peer must respect them.
func TestReceiveWindow(t *testing.T) {
	tests := map[string]struct {
		send func(x *exchange)
		want string
	}{
		"given back": {func(x *exchange) {
			x.head(1, ":status", ok200)
			for range 4 {
				x.data(1, strings.Repeat("x", 60), false)
			}
			x.data(1, "x", true)
		}, `
			1 ok 200 body=241 unsized
			> WINDOW_UPDATE 0 60
			> WINDOW_UPDATE 1 60
			> WINDOW_UPDATE 0 60
			> WINDOW_UPDATE 1 60
			> WINDOW_UPDATE 0 60
			> WINDOW_UPDATE 1 60
			> WINDOW_UPDATE 0 60
			> WINDOW_UPDATE 1 60`},
		"padding counts": {func(x *exchange) {
			x.head(1, ":status", ok200)
			x.raw(http2.FrameData, http2.FlagDataPadded, 1, "\x31x"+strings.Repeat("\x00", 49))
			x.data(1, "", true)
		}, `
			1 ok 200 body=1 unsized
			> WINDOW_UPDATE 0 51
			> WINDOW_UPDATE 1 51`},
		"stream that ended": {func(x *exchange) {
			x.all(1, ":status", ok200)
			for range 3 {
				x.data(1, strings.Repeat("x", 60), false)
			}
			x.all(3, ":status", ok200)
		}, `
			1 ok 200 unsized
			3 ok 200 unsized
			> WINDOW_UPDATE 0 60
			> WINDOW_UPDATE 0 60
			> WINDOW_UPDATE 0 60`},
		"beyond the stream's": {func(x *exchange) {
			x.head(1, ":status", ok200)
			x.data(1, strings.Repeat("x", 40), false)
			x.head(3, ":status", ok200)
			x.data(3, strings.Repeat("x", 20), true)
			x.data(1, strings.Repeat("x", 61), false)
		}, `
			3 ok 200 body=20 unsized
			1 body: DATA frame beyond the stream's window body=40 unsized
			> WINDOW_UPDATE 0 60
			> RST_STREAM 1 FLOW_CONTROL_ERROR
			> WINDOW_UPDATE 0 61`},
		"beyond the connection's": {func(x *exchange) {
			x.head(1, ":status", ok200)
			x.data(1, strings.Repeat("x", 40), false)
			x.data(1, strings.Repeat("x", 61), false)
			x.all(3, ":status", ok200)
		}, `
			1 body: connection error: FLOW_CONTROL_ERROR: DATA frame beyond the connection's window body=40 unsized
			3 idle: connection error: FLOW_CONTROL_ERROR: DATA frame beyond the connection's window
			error: connection error: FLOW_CONTROL_ERROR: DATA frame beyond the connection's window
			> GOAWAY 0 FLOW_CONTROL_ERROR
			room 0`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			testScript(t, func(x *exchange) {
				x.conn.SetWindow(100)
				x.conn.Begin()
				opened(x, 2)
				tc.send(x)
				x.feed()
			}, tc.want)
		})
	}
}

// TestReuse: a Conn and its streams start anew.
func TestReuse(t *testing.T) {
	x := newExchange(whole)
	for range 2 {
		x.conn.Begin()
		opened(x, 1)
		x.head(1, ":status", ok200, "location", "/x", "content-length", "9")
		x.data(1, "text", false)
		_ = x.frames.WriteGoAway(1, 0, nil)
		x.feed()
		x.conn.End(io.EOF)
		x.peer = newPeer()
	}
	x.conn.Begin()
	if x.conn.Room() != 100 || x.conn.Settled() || x.conn.GoingAway() != nil || x.conn.Err() != nil {
		t.Errorf("room %d, settled %t, %v, %v", x.conn.Room(), x.conn.Settled(), x.conn.GoingAway(), x.conn.Err())
	}
	s := x.streams[0]
	if !x.conn.Start(s, get()) {
		t.Fatal("no room")
	}
	if s.ID() != 1 || s.Stage() != h1.StageIdle || s.Err() != nil || s.Status() != 0 || s.BodyBytes() != 0 || s.Captured(0) != nil || s.Written() {
		t.Errorf("the stream is not new: %+v", s)
	}
	if want := "1 body: EOF body=4 location=\"/x\""; strings.Join(x.log, "\n") != want+"\n"+want {
		t.Errorf("got %q", x.log)
	}
}

// TestTimes: the caller's time is noted when it matters.
func TestTimes(t *testing.T) {
	x := newExchange(whole)
	x.conn.Begin()
	x.conn.Now = 1
	s := x.start(get())
	x.conn.Now = 2
	x.conn.Sent(len(x.conn.Pending()) - 1)
	if s.Written() || s.SentAt != 0 {
		t.Errorf("written %t, %d", s.Written(), s.SentAt)
	}
	x.conn.Now = 3
	x.conn.Sent(1)
	x.conn.Now = 4
	x.settings()
	x.head(1, ":status", "100")
	x.feed()
	if s.FirstAt != 0 {
		t.Errorf("first at %d after a 100", s.FirstAt)
	}
	x.conn.Now = 5
	x.head(1, ":status", ok200)
	x.feed()
	x.conn.Now = 6
	x.data(1, "text", true)
	x.feed()
	if !s.Written() || s.SentAt != 3 || s.FirstAt != 5 {
		t.Errorf("written %t at %d, first at %d", s.Written(), s.SentAt, s.FirstAt)
	}
}

// TestRestart: Ended may start the stream again at once.
func TestRestart(t *testing.T) {
	x := newExchange(whole)
	x.conn.Begin()
	ended := 0
	x.conn.Ended = func(s *h2.Stream) {
		if ended++; s.Err() == nil && !x.conn.Start(s, get()) {
			t.Error("no room")
		}
	}
	x.settings(setting(http2.SettingMaxConcurrentStreams, 2))
	x.feed()
	x.start(get())
	x.start(get())
	for id := uint32(1); id < 41; id += 4 {
		x.head(id, ":status", ok200)
		x.all(id+2, ":status", ok200)
		x.data(id, "text", true)
	}
	x.feed()
	x.conn.End(io.EOF)
	if ended != 22 || x.conn.Open() != 0 {
		t.Errorf("%d ended, %d open", ended, x.conn.Open())
	}
}

// TestForeign: a peer that does not speak HTTP/2 is named by what it sent.
func TestForeign(t *testing.T) {
	tests := map[string]string{
		"HTTP/1.1 400 Bad Request\r\n":         `FRAME_SIZE_ERROR: frame over 16384 bytes "HTTP/1.1 400 Bad Request\r\n": this looks like HTTP/1`,
		"\x15\x03\x01\x00\x02\x02\x46":         `FRAME_SIZE_ERROR: frame over 16384 bytes "\x15\x03\x01\x00\x02\x02F": this looks like TLS`,
		"<html>":                               `FRAME_SIZE_ERROR: frame over 16384 bytes "<html>": this looks like HTML`,
		"noise":                                `FRAME_SIZE_ERROR: frame over 16384 bytes "noise"`,
		"\x00\x00\x00\x00\x00\x00\x00\x00\x00": `PROTOCOL_ERROR: DATA frame before SETTINGS`,
	}
	for begin, want := range tests {
		x := newExchange(whole)
		x.conn.Begin()
		x.WriteString(begin)
		x.feed()
		if err := x.conn.Err(); err == nil || err.Error() != "connection error: "+want {
			t.Errorf("%q: got %v, want %s", begin, err, want)
		}
	}
}

func TestErrors(t *testing.T) {
	if err := error(&h2.ShortError{Want: 2, Got: 1}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("a ShortError is an unexpected EOF")
	}
}
