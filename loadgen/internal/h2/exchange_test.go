package h2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"nodrop/loadgen/internal/h2"
)

// peer writes what a server sends, legal or not.
type peer struct {
	bytes.Buffer
	frames *http2.Framer
	fields *hpack.Encoder
	block  bytes.Buffer
}

func newPeer() *peer {
	p := &peer{}
	p.frames = http2.NewFramer(p, nil)
	p.frames.AllowIllegalWrites = true
	p.fields = hpack.NewEncoder(&p.block)
	return p
}

// encode returns the block of fields given as names and values in turn.
func (p *peer) encode(fields ...string) []byte {
	p.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		_ = p.fields.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]})
	}
	return p.block.Bytes()
}

func (p *peer) settings(list ...http2.Setting) { _ = p.frames.WriteSettings(list...) }

// head sends HEADERS that do not end the stream.
func (p *peer) head(id uint32, fields ...string) {
	_ = p.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.encode(fields...), EndHeaders: true})
}

// all sends HEADERS that end the stream.
func (p *peer) all(id uint32, fields ...string) {
	_ = p.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: p.encode(fields...), EndHeaders: true, EndStream: true})
}

// data sends DATA; last says whether it ends the stream.
func (p *peer) data(id uint32, text string, last bool) {
	_ = p.frames.WriteData(id, last, []byte(text))
}

func (p *peer) raw(kind http2.FrameType, flags http2.Flags, id uint32, payload string) {
	_ = p.frames.WriteRawFrame(kind, flags, id, []byte(payload))
}

// exchange is one connection, as the script of a test drives it. How the peer's
// bytes are split is not the script's concern.
type exchange struct {
	*peer
	conn    h2.Conn
	streams []*h2.Stream
	refuse  bool // bodies
	sent    []byte
	log     []string
	fed     int
	cut     func(at int) bool // whether to split before the byte number at
}

func newExchange(cut func(at int) bool) *exchange {
	x := &exchange{peer: newPeer(), cut: cut}
	x.conn.Capture = []string{"location"}
	x.conn.Ended = x.ended
	return x
}

// get and post are requests of scripts.
func get() *h2.Prepared { return (&h2.Request{Authority: "a"}).Prepare() }

func post(body string) *h2.Prepared {
	return (&h2.Request{Method: "POST", Authority: "a", Body: []byte(body)}).Prepare()
}

func (x *exchange) start(r *h2.Prepared) *h2.Stream {
	s := &h2.Stream{Tag: len(x.streams)}
	s.Body = func([]byte) error {
		if x.refuse {
			return errRefused
		}
		return nil
	}
	if !x.conn.Start(s, r) {
		x.log = append(x.log, "no room")
		return s
	}
	x.streams = append(x.streams, s)
	return s
}

var errRefused = errors.New("body refused")

// flush sends all that is pending.
func (x *exchange) flush() {
	for len(x.conn.Pending()) > 0 {
		x.sent = append(x.sent, x.conn.Pending()...)
		x.conn.Sent(len(x.conn.Pending()))
	}
}

// feed gives the client what the peer has written.
func (x *exchange) feed() {
	b := bytes.Clone(x.Bytes())
	x.Reset()
	from := 0
	for i := range b {
		if i > 0 && x.cut(x.fed+i) {
			x.piece(b[from:i])
			from = i
		}
	}
	x.piece(b[from:])
	x.fed += len(b)
}

// piece feeds a copy, and overwrites it: nothing may be kept of it.
func (x *exchange) piece(b []byte) {
	b = bytes.Clone(b)
	_ = x.conn.Feed(b)
	for i := range b {
		b[i] = 0xff
	}
}

func (x *exchange) ended(s *h2.Stream) {
	text := fmt.Sprintf("%d ", s.ID())
	if s.Err() != nil {
		text += [...]string{"idle", "head", "body", "done"}[s.Stage()] + ": " + withoutSample(s.Err())
	} else {
		text += fmt.Sprintf("ok %d", s.Status())
	}
	if s.BodyBytes() > 0 {
		text += fmt.Sprintf(" body=%d", s.BodyBytes())
	}
	if s.Interim() > 0 {
		text += fmt.Sprintf(" interim=%d", s.Interim())
	}
	if v := s.Captured(0); v != nil {
		text += fmt.Sprintf(" location=%q", v)
	}
	if s.Repeated(0) {
		text += " repeated"
	}
	if s.Unsized() {
		text += " unsized"
	}
	if !s.Written() {
		text += " unwritten"
	}
	x.log = append(x.log, text)
}

// play runs a script and returns what became of it, one line each: the ends of
// streams, the connection's error, the frames that the client sent (except for
// those at the beginning and HEADERS), and the room for more streams if that is
// not unlimited.
func play(script func(x *exchange), cut func(at int) bool) []string {
	x := newExchange(cut)
	x.conn.Begin()
	script(x)
	x.flush()
	if err := x.conn.Err(); err != nil {
		x.log = append(x.log, "error: "+withoutSample(err))
	}
	x.log = append(x.log, framesOf(x.sent)...)
	if room := x.conn.Room(); room < 1<<29 {
		x.log = append(x.log, fmt.Sprintf("room %d", room))
	}
	return x.log
}

// withoutSample leaves out what depends on how bytes were split.
func withoutSample(err error) string {
	if e, ok := errors.AsType[*h2.ConnError](err); ok {
		return (&h2.ConnError{Code: e.Code, What: e.What}).Error()
	}
	return err.Error()
}

// framesOf words the frames that a client sent.
func framesOf(sent []byte) (lines []string) {
	frames := http2.NewFramer(nil, bytes.NewReader(sent[len(http2.ClientPreface):]))
	for n := 0; ; n++ {
		frame, err := frames.ReadFrame()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				lines = append(lines, "> "+err.Error())
			}
			return lines
		}
		if line := wordFrame(frame); n >= 2 && line != "" {
			lines = append(lines, "> "+line)
		}
	}
}

func wordFrame(frame http2.Frame) string {
	id := frame.Header().StreamID
	switch f := frame.(type) {
	case *http2.HeadersFrame, *http2.ContinuationFrame:
		return ""
	case *http2.DataFrame:
		text := fmt.Sprintf("DATA %d %d bytes", id, len(f.Data()))
		if f.StreamEnded() {
			text += ", end"
		}
		return text
	case *http2.RSTStreamFrame:
		return fmt.Sprintf("RST_STREAM %d %v", id, f.ErrCode)
	case *http2.GoAwayFrame:
		return fmt.Sprintf("GOAWAY %d %v", f.LastStreamID, f.ErrCode)
	case *http2.WindowUpdateFrame:
		return fmt.Sprintf("WINDOW_UPDATE %d %d", id, f.Increment)
	case *http2.PingFrame:
		return fmt.Sprintf("PING ack=%t %q", f.IsAck(), f.Data)
	case *http2.SettingsFrame:
		if f.IsAck() {
			return "" // for each of the peer's
		}
	}
	return frame.Header().String()
}

func whole(int) bool  { return false }
func singly(int) bool { return true }

// testScript compares what becomes of a script with want, for every split of the
// peer's bytes in two (400 if there are more) and for single bytes.
func testScript(t *testing.T, script func(x *exchange), want string) {
	t.Helper()
	wanted := strings.Split(strings.Trim(strings.ReplaceAll(want, "\t", ""), "\n"), "\n")
	compare := func(how string, got []string) bool {
		if strings.Join(got, "\n") == strings.Join(wanted, "\n") {
			return true
		}
		t.Errorf("%s:\ngot\n\t%s\nwant\n\t%s", how, strings.Join(got, "\n\t"), strings.Join(wanted, "\n\t"))
		return false
	}
	if !compare("whole", play(script, whole)) || !compare("single bytes", play(script, singly)) {
		return
	}
	length := 0
	play(func(x *exchange) { script(x); length = x.fed }, whole)
	for at := 1; at < length; at += 1 + length/400 {
		if !compare(fmt.Sprintf("split at %d", at), play(script, func(i int) bool { return i == at })) {
			return
		}
	}
}

func setting(id http2.SettingID, value uint32) http2.Setting {
	return http2.Setting{ID: id, Val: value}
}

// opened is a script's beginning: settings, n GETs that were sent.
func opened(x *exchange, n int) {
	x.settings()
	for range n {
		x.start(get())
	}
	x.flush()
	x.feed()
}

// answered returns a script: one GET, and what the peer sends then.
func answered(send func(x *exchange)) func(x *exchange) {
	return func(x *exchange) {
		opened(x, 1)
		send(x)
		x.feed()
	}
}

const ok200 = "200"

var responses = map[string]struct {
	send func(x *exchange)
	want string
}{
	"no body": {func(x *exchange) { x.all(1, ":status", ok200) }, "1 ok 200 unsized"},
	"body":    {func(x *exchange) { x.head(1, ":status", ok200); x.data(1, "text", true) }, "1 ok 200 body=4 unsized"},
	"sized body": {func(x *exchange) {
		x.head(1, ":status", ok200, "content-length", "4")
		x.data(1, "te", false)
		x.data(1, "xt", true)
	}, "1 ok 200 body=4"},
	"empty DATA at the end": {func(x *exchange) { x.head(1, ":status", ok200); x.data(1, "te", false); x.data(1, "", true) }, "1 ok 200 body=2 unsized"},
	"padded DATA": {func(x *exchange) {
		x.head(1, ":status", ok200)
		x.raw(http2.FrameData, http2.FlagDataPadded|http2.FlagDataEndStream, 1, "\x03text\x00\x00\x00")
	}, "1 ok 200 body=4 unsized"},
	"DATA of padding alone": {func(x *exchange) {
		x.head(1, ":status", ok200)
		x.raw(http2.FrameData, http2.FlagDataPadded|http2.FlagDataEndStream, 1, "\x03\x00\x00\x00")
	}, "1 ok 200 unsized"},
	"padded by nothing": {func(x *exchange) {
		x.head(1, ":status", ok200)
		x.raw(http2.FrameData, http2.FlagDataPadded|http2.FlagDataEndStream, 1, "\x00text")
	}, "1 ok 200 body=4 unsized"},
	"captured":             {func(x *exchange) { x.all(1, ":status", ok200, "location", "/x", "location", "/y") }, `1 ok 200 location="/x" repeated unsized`},
	"empty captured value": {func(x *exchange) { x.all(1, ":status", ok200, "location", "") }, `1 ok 200 location="" unsized`},
	"trailers":             {func(x *exchange) { x.head(1, ":status", ok200); x.data(1, "text", false); x.all(1, "location", "/x") }, "1 ok 200 body=4 unsized"},
	"trailers and no DATA": {func(x *exchange) { x.head(1, ":status", ok200); x.all(1, "grpc-status", "0") }, "1 ok 200 unsized"},
	"interim": {func(x *exchange) {
		x.head(1, ":status", "103", "location", "/x")
		x.head(1, ":status", "103")
		x.all(1, ":status", ok200)
	}, "1 ok 200 interim=2 unsized"},
	"204":                     {func(x *exchange) { x.all(1, ":status", "204") }, "1 ok 204"},
	"304 with content-length": {func(x *exchange) { x.all(1, ":status", "304", "content-length", "100") }, "1 ok 304"},
	"204 with empty DATA":     {func(x *exchange) { x.head(1, ":status", "204"); x.data(1, "", true) }, "1 ok 204"},
	"204 with a body":         {func(x *exchange) { x.head(1, ":status", "204"); x.data(1, "text", true) }, "1 body: DATA frame in a response that has no body"},
	"short":                   {func(x *exchange) { x.head(1, ":status", ok200, "content-length", "5"); x.data(1, "text", true) }, "1 body: unexpected EOF: the stream ended after 4 bytes of a body with a content-length of 5 body=4"},
	"short without DATA":      {func(x *exchange) { x.all(1, ":status", ok200, "content-length", "5") }, "1 body: unexpected EOF: the stream ended after 0 bytes of a body with a content-length of 5"},
	"short, ended by trailers": {func(x *exchange) {
		x.head(1, ":status", ok200, "content-length", "5")
		x.data(1, "text", false)
		x.all(1, "a", "b")
	}, "1 body: unexpected EOF: the stream ended after 4 bytes of a body with a content-length of 5 body=4"},
	"long": {func(x *exchange) { x.head(1, ":status", ok200, "content-length", "3"); x.data(1, "text", true) }, "1 body: body longer than its content-length"},
	"long in two": {func(x *exchange) {
		x.head(1, ":status", ok200, "content-length", "3")
		x.data(1, "te", false)
		x.data(1, "xt", false)
	}, `
		1 body: body longer than its content-length body=2
		> RST_STREAM 1 PROTOCOL_ERROR`},
	"same content-lengths": {func(x *exchange) {
		x.head(1, ":status", ok200, "content-length", "4", "content-length", "4, 4")
		x.data(1, "text", true)
	}, "1 ok 200 body=4"},
	"different content-lengths": {func(x *exchange) { x.all(1, ":status", ok200, "content-length", "4", "content-length", "5") }, `1 head: conflicting content-length "5"`},
	"no number":                 {func(x *exchange) { x.all(1, ":status", ok200, "content-length", "+4") }, `1 head: malformed content-length "+4"`},
	"empty content-length":      {func(x *exchange) { x.all(1, ":status", ok200, "content-length", "") }, `1 head: malformed content-length " "`},
	"huge content-length":       {func(x *exchange) { x.all(1, ":status", ok200, "content-length", "99999999999999999999") }, `1 head: malformed content-length "99999999999999999999"`},

	"no :status":              {func(x *exchange) { x.all(1, "server", "x") }, "1 head: response head without :status"},
	"empty head":              {func(x *exchange) { x.all(1) }, "1 head: response head without :status"},
	"two :status":             {func(x *exchange) { x.all(1, ":status", ok200, ":status", "200") }, `1 head: repeated pseudo-field ":status"`},
	"late :status":            {func(x *exchange) { x.all(1, "server", "x", ":status", ok200) }, `1 head: pseudo-field after another field ":status"`},
	"other pseudo-field":      {func(x *exchange) { x.all(1, ":status", ok200, ":path", "/") }, `1 head: pseudo-field that responses do not have ":path"`},
	":status in trailers":     {func(x *exchange) { x.head(1, ":status", ok200); x.all(1, ":status", ok200) }, `1 body: pseudo-field in trailers ":status" unsized`},
	"short :status":           {func(x *exchange) { x.all(1, ":status", "20") }, `1 head: malformed :status "20"`},
	"long :status":            {func(x *exchange) { x.all(1, ":status", "0200") }, `1 head: malformed :status "0200"`},
	":status with text":       {func(x *exchange) { x.all(1, ":status", "200 OK") }, `1 head: malformed :status "200 OK"`},
	":status below 100":       {func(x *exchange) { x.all(1, ":status", "099") }, `1 head: malformed :status "099"`},
	":status 999":             {func(x *exchange) { x.all(1, ":status", "999") }, `1 ok 999 unsized`},
	"101":                     {func(x *exchange) { x.all(1, ":status", "101") }, `1 head: malformed :status "101"`},
	"upper case":              {func(x *exchange) { x.all(1, ":status", ok200, "Server", "x") }, `1 head: malformed header field name "Server"`},
	"space in name":           {func(x *exchange) { x.all(1, ":status", ok200, "ser ver", "x") }, `1 head: malformed header field name "ser ver"`},
	"no name":                 {func(x *exchange) { x.all(1, ":status", ok200, "", "x") }, `1 head: malformed header field name`},
	"line break in value":     {func(x *exchange) { x.all(1, ":status", ok200, "server", "x\r\ny") }, `1 head: malformed value of header field "server"`},
	"NUL in value":            {func(x *exchange) { x.all(1, ":status", ok200, "server", "x\x00y") }, `1 head: malformed value of header field "server"`},
	"space around value":      {func(x *exchange) { x.all(1, ":status", ok200, "server", "x ") }, `1 head: malformed value of header field "server"`},
	"TAB and UTF-8 in value":  {func(x *exchange) { x.all(1, ":status", ok200, "server", "x\tü") }, `1 ok 200 unsized`},
	"connection":              {func(x *exchange) { x.all(1, ":status", ok200, "connection", "close") }, `1 head: header field that HTTP/2 does not have "connection"`},
	"transfer-encoding":       {func(x *exchange) { x.all(1, ":status", ok200, "transfer-encoding", "chunked") }, `1 head: header field that HTTP/2 does not have "transfer-encoding"`},
	"fault in trailers":       {func(x *exchange) { x.head(1, ":status", ok200); x.data(1, "text", false); x.all(1, "A", "b") }, `1 body: malformed header field name "A" body=4 unsized`},
	"fault in interim":        {func(x *exchange) { x.head(1, ":status", "103", "A", "b") }, "1 head: malformed header field name \"A\"\n> RST_STREAM 1 PROTOCOL_ERROR"},
	"interim ends the stream": {func(x *exchange) { x.all(1, ":status", "100") }, "1 head: interim response that ends the stream"},
	"DATA before the head":    {func(x *exchange) { x.data(1, "text", true) }, "1 head: DATA frame before the head"},
	"DATA after interim":      {func(x *exchange) { x.head(1, ":status", "103"); x.data(1, "text", true) }, "1 head: DATA frame before the head interim=1"},
	"trailers go on":          {func(x *exchange) { x.head(1, ":status", ok200); x.head(1, "a", "b") }, "1 body: trailers that do not end the stream unsized\n> RST_STREAM 1 PROTOCOL_ERROR"},
	"two final heads":         {func(x *exchange) { x.head(1, ":status", ok200); x.head(1, ":status", ok200) }, "1 body: pseudo-field in trailers \":status\" unsized\n> RST_STREAM 1 PROTOCOL_ERROR"},

	"reset":         {func(x *exchange) { _ = x.frames.WriteRSTStream(1, http2.ErrCodeInternal) }, "1 idle: stream error: stream ID *; INTERNAL_ERROR; received from peer"},
	"refused":       {func(x *exchange) { _ = x.frames.WriteRSTStream(1, http2.ErrCodeRefusedStream) }, "1 idle: stream error: stream ID *; REFUSED_STREAM; received from peer"},
	"reset in head": {func(x *exchange) { x.head(1, ":status", "103"); _ = x.frames.WriteRSTStream(1, 77) }, "1 head: stream error: stream ID *; unknown error code 0x4d; received from peer interim=1"},
	"reset in body": {func(x *exchange) {
		x.head(1, ":status", ok200)
		x.data(1, "te", false)
		_ = x.frames.WriteRSTStream(1, http2.ErrCodeCancel)
	}, "1 body: stream error: stream ID *; CANCEL; received from peer body=2 unsized"},
	"reset without an error":  {func(x *exchange) { x.head(1, ":status", ok200); _ = x.frames.WriteRSTStream(1, http2.ErrCodeNo) }, "1 body: stream error: stream ID *; NO_ERROR; received from peer unsized"},
	"reset after the end":     {func(x *exchange) { x.all(1, ":status", ok200); _ = x.frames.WriteRSTStream(1, http2.ErrCodeNo) }, "1 ok 200 unsized"},
	"frames after the end":    {func(x *exchange) { x.all(1, ":status", ok200); x.data(1, "text", true); x.all(1, ":status", ok200) }, "1 ok 200 unsized"},
	"window opened after end": {func(x *exchange) { x.all(1, ":status", ok200); _ = x.frames.WriteWindowUpdate(1, 1) }, "1 ok 200 unsized"},

	"PING":              {func(x *exchange) { _ = x.frames.WritePing(false, [8]byte{'a'}); x.all(1, ":status", ok200) }, "1 ok 200 unsized\n> PING ack=true \"a\\x00\\x00\\x00\\x00\\x00\\x00\\x00\""},
	"PING acknowledged": {func(x *exchange) { _ = x.frames.WritePing(true, [8]byte{}); x.all(1, ":status", ok200) }, "1 ok 200 unsized"},
	"unknown frame":     {func(x *exchange) { x.raw(0x2a, 0xff, 1, "text"); x.raw(0x2a, 0, 99, ""); x.all(1, ":status", ok200) }, "1 ok 200 unsized"},
	"PRIORITY": {func(x *exchange) {
		_ = x.frames.WritePriority(1, http2.PriorityParam{Weight: 1})
		x.all(1, ":status", ok200)
	}, "1 ok 200 unsized"},
	"HEADERS with priority": {func(x *exchange) {
		_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: x.encode(":status", ok200), EndHeaders: true, EndStream: true, PadLength: 7, Priority: http2.PriorityParam{Weight: 3}})
	}, "1 ok 200 unsized"},
	"CONTINUATION": {func(x *exchange) {
		block := x.encode(":status", ok200, "location", "/somewhere")
		_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:3], EndStream: true})
		_ = x.frames.WriteContinuation(1, false, block[3:3])
		_ = x.frames.WriteContinuation(1, false, block[3:5])
		_ = x.frames.WriteContinuation(1, true, block[5:])
	}, `1 ok 200 location="/somewhere" unsized`},
}

func TestResponse(t *testing.T) {
	for name, tc := range responses {
		t.Run(name, func(t *testing.T) { testScript(t, answered(tc.send), tc.want) })
	}
}

// violations end the connection and all its streams.
var violations = map[string]struct {
	send func(x *exchange)
	want string
}{
	"DATA on no stream":            {func(x *exchange) { x.data(0, "text", false) }, "PROTOCOL_ERROR: DATA frame on no stream"},
	"DATA, padded, empty":          {func(x *exchange) { x.raw(http2.FrameData, http2.FlagDataPadded, 1, "") }, "FRAME_SIZE_ERROR: DATA frame of 0 bytes"},
	"DATA, more padding":           {func(x *exchange) { x.raw(http2.FrameData, http2.FlagDataPadded, 1, "\x05text") }, "PROTOCOL_ERROR: DATA frame with more padding than payload"},
	"DATA on an idle stream":       {func(x *exchange) { x.data(3, "text", false) }, "PROTOCOL_ERROR: DATA frame on a stream that was not started"},
	"DATA on a stream of the peer": {func(x *exchange) { x.data(2, "text", false) }, "PROTOCOL_ERROR: DATA frame on a stream that was not started"},
	"HEADERS on no stream":         {func(x *exchange) { x.all(0, ":status", ok200) }, "PROTOCOL_ERROR: HEADERS frame on no stream"},
	"HEADERS on an idle stream":    {func(x *exchange) { x.all(3, ":status", ok200) }, "PROTOCOL_ERROR: HEADERS frame on a stream that was not started"},
	"HEADERS, padded, empty": {func(x *exchange) {
		x.raw(http2.FrameHeaders, http2.FlagHeadersPadded|http2.FlagHeadersEndHeaders, 1, "")
	}, "FRAME_SIZE_ERROR: HEADERS frame of 0 bytes"},
	"HEADERS, more padding": {func(x *exchange) {
		x.raw(http2.FrameHeaders, http2.FlagHeadersPadded|http2.FlagHeadersEndHeaders, 1, "\x02\x88")
	}, "PROTOCOL_ERROR: HEADERS frame with more padding than payload"},
	"HEADERS, half a priority": {func(x *exchange) {
		x.raw(http2.FrameHeaders, http2.FlagHeadersPriority|http2.FlagHeadersEndHeaders, 1, "\x00\x00")
	}, "FRAME_SIZE_ERROR: HEADERS frame of 2 bytes"},
	"HPACK: index 0":            {func(x *exchange) { x.raw(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, "\x80") }, "COMPRESSION_ERROR: header fields: decoding error: invalid indexed representation index 0"},
	"HPACK: index beyond table": {func(x *exchange) { x.raw(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, "\xff\x00") }, "COMPRESSION_ERROR: header fields: decoding error: invalid indexed representation index 127"},
	"HPACK: cut":                {func(x *exchange) { x.raw(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, "\x88\x40\x05ab") }, "COMPRESSION_ERROR: header fields: decoding error: truncated headers"},
	"HPACK: Huffman": {func(x *exchange) {
		x.raw(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, "\x48\x84\xff\xff\xff\xff")
	}, "COMPRESSION_ERROR: header fields: hpack: invalid Huffman-encoded data"},
	"HPACK: table too large":       {func(x *exchange) { x.raw(http2.FrameHeaders, http2.FlagHeadersEndHeaders, 1, "\x3f\xe2\x1f\x88") }, "COMPRESSION_ERROR: header fields: decoding error: dynamic table size update too large"},
	"CONTINUATION alone":           {func(x *exchange) { _ = x.frames.WriteContinuation(1, true, nil) }, "PROTOCOL_ERROR: CONTINUATION frame that continues nothing"},
	"RST_STREAM on no stream":      {func(x *exchange) { _ = x.frames.WriteRSTStream(0, 1) }, "PROTOCOL_ERROR: RST_STREAM frame on no stream"},
	"RST_STREAM on an idle stream": {func(x *exchange) { _ = x.frames.WriteRSTStream(3, 1) }, "PROTOCOL_ERROR: RST_STREAM frame on a stream that was not started"},
	"RST_STREAM of 5 bytes":        {func(x *exchange) { x.raw(http2.FrameRSTStream, 0, 1, "12345") }, "FRAME_SIZE_ERROR: RST_STREAM frame of 5 bytes"},
	"SETTINGS on a stream":         {func(x *exchange) { x.raw(http2.FrameSettings, 0, 1, "") }, "PROTOCOL_ERROR: SETTINGS frame on a stream"},
	"SETTINGS of 5 bytes":          {func(x *exchange) { x.raw(http2.FrameSettings, 0, 0, "12345") }, "FRAME_SIZE_ERROR: SETTINGS frame of 5 bytes"},
	"SETTINGS ack with payload":    {func(x *exchange) { x.raw(http2.FrameSettings, 1, 0, "123456") }, "FRAME_SIZE_ERROR: SETTINGS frame of 6 bytes"},
	"SETTINGS acked twice":         {func(x *exchange) { _ = x.frames.WriteSettingsAck(); _ = x.frames.WriteSettingsAck() }, "PROTOCOL_ERROR: acknowledgement of SETTINGS that were not sent"},
	"SETTINGS: window":             {func(x *exchange) { x.settings(setting(http2.SettingInitialWindowSize, 1<<31)) }, "FLOW_CONTROL_ERROR: SETTINGS frame with a window over 2^31-1"},
	"SETTINGS: window, second": {func(x *exchange) {
		x.settings(setting(http2.SettingInitialWindowSize, 1), setting(http2.SettingInitialWindowSize, 1<<31))
	}, "FLOW_CONTROL_ERROR: SETTINGS frame with INITIAL_WINDOW_SIZE = 2147483648"},
	"SETTINGS: frame size": {func(x *exchange) { x.settings(setting(http2.SettingMaxFrameSize, 16383)) }, "PROTOCOL_ERROR: SETTINGS frame with MAX_FRAME_SIZE = 16383"},
	"SETTINGS: push":       {func(x *exchange) { x.settings(setting(http2.SettingEnablePush, 1)) }, "PROTOCOL_ERROR: SETTINGS frame with ENABLE_PUSH = 1"},
	"SETTINGS: open window": {func(x *exchange) {
		_ = x.frames.WriteWindowUpdate(1, 1<<31-1-65535)
		x.settings(setting(http2.SettingInitialWindowSize, 65536))
	}, "FLOW_CONTROL_ERROR: SETTINGS frame with INITIAL_WINDOW_SIZE = 65536"},
	"PUSH_PROMISE": {func(x *exchange) {
		_ = x.frames.WritePushPromise(http2.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true, BlockFragment: x.encode(":path", "/")})
	}, "PROTOCOL_ERROR: PUSH_PROMISE frame, though push is off"},
	"PING of 7 bytes":            {func(x *exchange) { x.raw(http2.FramePing, 0, 0, "1234567") }, "FRAME_SIZE_ERROR: PING frame of 7 bytes"},
	"PING on a stream":           {func(x *exchange) { x.raw(http2.FramePing, 0, 1, "12345678") }, "PROTOCOL_ERROR: PING frame on a stream"},
	"GOAWAY on a stream":         {func(x *exchange) { x.raw(http2.FrameGoAway, 0, 1, "12345678") }, "PROTOCOL_ERROR: GOAWAY frame on a stream"},
	"GOAWAY of 7 bytes":          {func(x *exchange) { x.raw(http2.FrameGoAway, 0, 0, "1234567") }, "FRAME_SIZE_ERROR: GOAWAY frame of 7 bytes"},
	"GOAWAY raised":              {func(x *exchange) { _ = x.frames.WriteGoAway(1, 0, nil); _ = x.frames.WriteGoAway(3, 0, nil) }, "PROTOCOL_ERROR: GOAWAY frame with a higher stream than the one before"},
	"WINDOW_UPDATE of 5 bytes":   {func(x *exchange) { x.raw(http2.FrameWindowUpdate, 0, 0, "12345") }, "FRAME_SIZE_ERROR: WINDOW_UPDATE frame of 5 bytes"},
	"WINDOW_UPDATE of 0":         {func(x *exchange) { _ = x.frames.WriteWindowUpdate(0, 0) }, "PROTOCOL_ERROR: WINDOW_UPDATE frame of 0 on the connection"},
	"WINDOW_UPDATE on idle":      {func(x *exchange) { _ = x.frames.WriteWindowUpdate(3, 1) }, "PROTOCOL_ERROR: WINDOW_UPDATE frame on a stream that was not started"},
	"WINDOW_UPDATE of 0 on idle": {func(x *exchange) { _ = x.frames.WriteWindowUpdate(3, 0) }, "PROTOCOL_ERROR: WINDOW_UPDATE frame on a stream that was not started"},
	"WINDOW_UPDATE beyond":       {func(x *exchange) { _ = x.frames.WriteWindowUpdate(0, 1<<31-1) }, "FLOW_CONTROL_ERROR: WINDOW_UPDATE frame that opens the connection's window over 2^31-1"},
	"PRIORITY of 4 bytes":        {func(x *exchange) { x.raw(http2.FramePriority, 0, 1, "1234") }, "FRAME_SIZE_ERROR: PRIORITY frame of 4 bytes"},
	"frame over 16384 bytes":     {func(x *exchange) { x.raw(0x2a, 0, 1, strings.Repeat("x", 16385)) }, "FRAME_SIZE_ERROR: frame over 16384 bytes"},
	"HEADERS amid a block": {func(x *exchange) {
		_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: x.encode(":status", ok200)})
		x.all(1, "a", "b")
	}, "PROTOCOL_ERROR: HEADERS frame where a CONTINUATION frame should be"},
	"DATA amid a block": {func(x *exchange) {
		_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: x.encode(":status", ok200)})
		x.data(1, "text", true)
	}, "PROTOCOL_ERROR: DATA frame where a CONTINUATION frame should be"},
	"unknown frame amid a block": {func(x *exchange) {
		_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: x.encode(":status", ok200)})
		x.raw(0x2a, 0, 1, "text")
	}, "PROTOCOL_ERROR: UNKNOWN_FRAME_TYPE_42 frame where a CONTINUATION frame should be"},
	"CONTINUATION of another stream": {func(x *exchange) {
		_ = x.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: x.encode(":status", ok200)})
		_ = x.frames.WriteContinuation(3, true, nil)
	}, "PROTOCOL_ERROR: CONTINUATION frame of another stream"},
}

func TestViolation(t *testing.T) {
	for name, tc := range violations {
		t.Run(name, func(t *testing.T) {
			stage := "idle: "
			if strings.Contains(name, "amid a block") || strings.Contains(name, "another stream") || strings.HasPrefix(name, "HPACK") {
				stage = "head: "
			}
			code, _, _ := strings.Cut(tc.want, ":")
			testScript(t, answered(tc.send), "1 "+stage+"connection error: "+tc.want+"\nerror: connection error: "+tc.want+"\n> GOAWAY 0 "+code+"\nroom 0")
		})
	}
}
