package h1

import (
	"bytes"
	"io"
	"math"
	"strconv"
)

// Stage is how far a response has got.
type Stage uint8

// The stages of a response, in order. An interim (1xx) response is part of the
// head of the response it precedes.
const (
	StageIdle Stage = iota // no byte of the response yet
	StageHead
	StageBody // the head is whole; chunk framing and trailers belong to the body
	StageDone // the response is whole
)

type state uint8

const (
	atStatus state = iota
	atField
	inBody  // length known; p.left bytes to come
	inRest  // the body ends when the peer closes
	inChunk // p.left bytes to come
	atChunkCR
	atChunkLF
	atChunkSize
	atTrailer
	finished
)

// defaultMaxHead is the limit of net/http's client for a response's head. Only
// hostile peers come near it.
const defaultMaxHead = 10 << 20

// Parser reads one response at a time, in pieces of any size. It counts the
// bytes of the body, passes them to Body if that is set, and discards them.
// Reset makes it ready for the first response and for each following one.
type Parser struct {
	// MaxHead limits the bytes of all heads of one response, interim heads
	// included. It also limits, separately, the trailers and each chunk-size
	// line. 0 means 10 MiB.
	MaxHead int

	// Capture names the fields, in lower case, whose values are kept: the
	// first occurrence in the final head. Trailers are not captured.
	// A change takes effect at the next Reset.
	Capture []string

	// Body, if set, receives the bytes of the body as they come, without chunk
	// framing. The head is whole before the first call. The pieces are slices
	// of what Feed was given.
	Body func(piece []byte)

	state     state
	headOnly  bool
	interim   int
	continued bool  // a 100 has come that TakeContinue has not reported
	used      int   // bytes of the section that MaxHead limits
	left      int64 // bytes of the body, or of the chunk, still to come
	body      int64
	err       error

	line  []byte // the beginning of a line that spans two Feeds
	field []byte // a whole field line that a fold (obs-fold) may still continue

	head     head
	values   []byte // captured values, end to end
	captured []span // into values, one for each name in Capture
	lengths  uint64 // of the names in Capture: bit n is set for n bytes, bit 63 for 63 or more
}

// head is the content of one head; that of an interim response is discarded.
type head struct {
	status    int // from the status line, before the head is known to be final
	minor     byte
	length    int64
	hasLength bool
	chunked   bool
	close     bool
	keepAlive bool
	suspect   bool // framing after which RFC 9112 requires the connection to be closed
}

// span is a piece of Parser.values. The zero span stands for an absent field.
type span struct {
	start, end int
	present    bool
	repeated   bool // the field came more than once
}

// Reset makes the Parser ready for the next response. headOnly says that the
// request was HEAD, so that no body follows whatever the head says.
func (p *Parser) Reset(headOnly bool) {
	p.state, p.headOnly, p.interim, p.continued, p.used = atStatus, headOnly, 0, false, 0
	p.left, p.body, p.err = 0, 0, nil
	p.line, p.field, p.values = emptied(p.line), emptied(p.field), emptied(p.values)
	p.resetHead()
}

// keptBuffer is the size, in bytes, of the largest buffer that a Parser keeps
// from one response to the next. Without a limit, thousands of Parsers that
// each keep the longest line they ever read would dominate memory.
const keptBuffer = 16 << 10

func emptied(b []byte) []byte {
	if cap(b) > keptBuffer {
		return nil
	}
	return b[:0]
}

func (p *Parser) resetHead() {
	p.head = head{}
	p.values = p.values[:0]
	if cap(p.captured) < len(p.Capture) {
		p.captured = make([]span, len(p.Capture))
	}
	p.captured = p.captured[:len(p.Capture)]
	clear(p.captured)
	p.lengths = 0
	for _, name := range p.Capture {
		p.lengths |= 1 << min(len(name), 63)
	}
}

// Feed takes the next bytes of the response and returns how many belong to it.
// n < len(b) without an error means that bytes follow the end of the response.
// The error is a *MalformedError, and every later Feed returns it again; n is
// then roughly, to within a line, the number of bytes before the error.
func (p *Parser) Feed(b []byte) (n int, err error) {
	for n < len(b) && p.err == nil && p.state != finished {
		switch p.state {
		case atStatus:
			n += p.feedStatus(b[n:])
		case atField, atTrailer:
			n += p.feedField(b[n:])
		case inBody:
			n += p.take(b[n:], finished)
		case inRest:
			p.count(b[n:])
			n = len(b)
		case atChunkSize:
			n += p.feedChunkSize(b[n:])
		case inChunk:
			n += p.take(b[n:], atChunkCR)
		case atChunkCR, atChunkLF:
			n += p.feedChunkEnd(b[n:])
		case finished: // the loop has ended
		}
	}
	return n, p.err
}

// EOF tells the Parser that the peer closed. It returns
//
//   - nil if the response is whole, including one that this close ends;
//   - io.EOF if no byte of it has come;
//   - a *MalformedError if there was one, or if the bytes so far cannot be part
//     of a response;
//   - io.ErrUnexpectedEOF otherwise.
func (p *Parser) EOF() error {
	if p.err == nil && p.state == inRest {
		p.state = finished
	}
	return p.Cut()
}

// Cut is EOF for a connection that ended without its protocol's end mark, such
// as the close_notify of TLS. A body that only the close delimits is then not
// known to be whole (RFC 9112 §9.8).
func (p *Parser) Cut() error {
	p.judgeRest()
	switch {
	case p.err != nil:
		return p.err
	case p.state == finished:
		return nil
	case p.Stage() == StageIdle:
		return io.EOF
	}
	return io.ErrUnexpectedEOF
}

// Done reports whether the response is whole.
func (p *Parser) Done() bool { return p.state == finished }

// Stage returns how far the response has got, or had got when it went wrong.
func (p *Parser) Stage() Stage {
	switch {
	case p.state == atStatus && p.used == 0:
		return StageIdle
	case p.state <= atField:
		return StageHead
	case p.state < finished:
		return StageBody
	}
	return StageDone
}

// Status returns the status code of the final head, 0 until that head is whole.
func (p *Parser) Status() int {
	if p.state <= atField {
		return 0
	}
	return p.head.status
}

// Decided reports whether the rest of a request that is still being written is
// useless: its response is whole, or says that the server will not act on the
// request (RFC 9112 §9.5). While a 2xx is still coming the rest is sent, as in
// curl: a server may respond while it reads.
func (p *Parser) Decided() bool { return p.Done() || p.Status() >= 300 }

// BodyBytes returns the number of body bytes so far, without chunk framing.
func (p *Parser) BodyBytes() int64 { return p.body }

// ContentLength returns the Content-Length of the final head, also if no body
// follows (HEAD, 204, 304). It is -1 if there is none, if the chunked coding
// overrides it, and until the head is whole.
func (p *Parser) ContentLength() int64 {
	if p.Status() == 0 || !p.head.hasLength || p.head.chunked {
		return -1
	}
	return p.head.length
}

// KeepAlive reports whether the response is whole and the connection may carry
// another request. It is false after 101, after a body that ended with the
// connection, and after framing that RFC 9112 distrusts: Transfer-Encoding
// together with Content-Length (§6.3), or in HTTP/1.0 (§6.1).
func (p *Parser) KeepAlive() bool {
	if !p.Done() || p.head.status == 101 || p.CloseDelimited() || p.head.suspect || p.head.close {
		return false
	}
	return p.head.minor > 0 || p.head.keepAlive
}

// CloseDelimited reports whether only the peer's close ends the body. Such a
// body cannot be told from one that was cut short.
func (p *Parser) CloseDelimited() bool {
	return p.Status() != 0 && !p.bodiless() && !p.head.chunked && !p.head.hasLength
}

// Unsized reports whether the head does not say how long the body is. A gateway
// whose upstream did not say either passes a body that was cut short on as a
// whole one.
func (p *Parser) Unsized() bool {
	return p.Status() != 0 && !p.bodiless() && (p.head.chunked || !p.head.hasLength)
}

// Interim returns the number of interim (1xx) responses before the final one.
func (p *Parser) Interim() int { return p.interim }

// TakeContinue reports, once, that a 100 (Continue) has come. The 100 responds
// to the request's head only. Stage is StageIdle again until the final response
// begins, as if nothing had come before it.
func (p *Parser) TakeContinue() bool {
	if !p.continued {
		return false
	}
	p.continued = false
	if p.state == atStatus {
		p.used = len(p.line)
	}
	return true
}

// Captured returns the value of the field Capture[i] in the final head. It is
// nil if the field is absent, and until the head is whole. It is valid until
// Reset.
func (p *Parser) Captured(i int) []byte {
	s := p.captured[i]
	if p.Status() == 0 || !s.present {
		return nil
	}
	return p.values[s.start:s.end:s.end]
}

// Repeated reports whether the final head has the field Capture[i] more than
// once. Captured returns only the first.
func (p *Parser) Repeated(i int) bool { return p.Status() != 0 && p.captured[i].repeated }

func (p *Parser) limit() int {
	if p.MaxHead > 0 {
		return p.MaxHead
	}
	return defaultMaxHead
}

// takeLine cuts a line, including its end, off b and returns how many bytes it
// took. The line is nil if it is not whole yet or exceeds MaxHead. It is valid
// until the next takeLine: only a line that spans two Feeds is copied.
func (p *Parser) takeLine(b []byte) (line []byte, n int) {
	n = bytes.IndexByte(b, '\n') + 1
	whole := n > 0
	if !whole {
		n = len(b)
	}
	room := p.limit() - p.used
	over := n > room
	if over {
		n, whole = room, false
	}
	p.used += n
	if whole && len(p.line) == 0 {
		return b[:n], n
	}
	p.line = append(p.line, b[:n]...)
	if whole {
		line, p.line = p.line, p.line[:0]
		return line, n
	}
	p.judge()
	if over && p.err == nil {
		p.failSize()
	}
	return nil, n
}

func trimEOL(line []byte) []byte { return trimCR(line[:len(line)-1]) }

// take counts the bytes of b that belong to the body. After the last expected
// byte it goes to the state next.
func (p *Parser) take(b []byte, next state) int {
	if int64(len(b)) >= p.left {
		b = b[:p.left]
		p.state = next
	}
	p.left -= int64(len(b))
	p.count(b)
	return len(b)
}

func (p *Parser) count(b []byte) {
	p.body += int64(len(b))
	if p.Body != nil {
		p.Body(b)
	}
}

func (p *Parser) feedStatus(b []byte) int {
	line, n := p.takeLine(b)
	if line == nil {
		return n
	}
	text := trimEOL(line)
	minor, status, _ := cutStatus(text)
	if status == 0 {
		p.fail("malformed status line", text)
		return n
	}
	p.head.minor, p.head.status = minor, status
	p.state = atField
	return n
}

// feedField reads one line of a head or of the trailers. It handles a field
// only when the byte after its line shows that no fold continues it.
func (p *Parser) feedField(b []byte) int {
	if len(p.field) > 0 && len(p.line) == 0 && !isOWS(b[0]) {
		p.endField(p.field)
		p.field = p.field[:0]
		if p.err != nil {
			return 0
		}
	}
	line, n := p.takeLine(b)
	if line == nil {
		return n
	}
	text := trimEOL(line)
	switch {
	case len(text) == 0:
		p.endFields()
	case isOWS(text[0]) && len(p.field) == 0:
		p.fail("malformed header field", text) // a fold with nothing before it
	case isOWS(text[0]):
		p.field = append(append(p.field, ' '), trimOWS(text)...)
	case n < len(b) && !isOWS(b[n]):
		p.endField(trimRightOWS(text))
	default:
		p.keepField(trimRightOWS(text))
	}
	return n
}

// keepField keeps a field line that a fold may still continue. A fold cannot
// supply the name or the colon, so a line without them is malformed.
func (p *Parser) keepField(line []byte) {
	if _, _, ok := cutField(line); !ok {
		p.fail("malformed header field", line)
		return
	}
	p.field = append(p.field, line...)
}

func (p *Parser) endField(line []byte) {
	name, value, ok := cutField(line)
	switch {
	case !ok:
		p.fail("malformed header field", line)
		return
	case !isValue(value):
		p.fail("control byte in header field", line)
		return
	case p.state == atTrailer:
		return // a trailer neither frames the body nor is captured
	}
	switch len(name) {
	case len("connection"):
		if equalFold(name, "connection") {
			p.head.close = p.head.close || hasElement(value, "close")
			p.head.keepAlive = p.head.keepAlive || hasElement(value, "keep-alive")
		}
	case len("content-length"):
		if equalFold(name, "content-length") {
			p.endContentLength(value)
		}
	case len("transfer-encoding"):
		if equalFold(name, "transfer-encoding") {
			p.endTransferEncoding(value)
		}
	}
	if p.lengths&(1<<min(len(name), 63)) == 0 {
		return // true of most fields; comparing with each name is most of the work
	}
	for i, want := range p.Capture {
		if len(name) == len(want) && equalFold(name, want) { // comparing lengths saves most calls
			p.capture(i, value)
		}
	}
}

func (p *Parser) endContentLength(value []byte) {
	before, repeated := p.head.length, p.head.hasLength
	for rest, more := value, true; more; {
		var element []byte
		element, rest, more = bytes.Cut(rest, comma)
		n, ok := parseDecimal(trimOWS(element))
		if !ok {
			p.fail("malformed content-length", value)
			return
		}
		if p.head.hasLength && n != p.head.length {
			if repeated {
				value = append(strconv.AppendInt(nil, before, 10), ", "+string(value)...)
			}
			p.fail("conflicting content-length", value)
			return
		}
		p.head.length, p.head.hasLength = n, true
	}
}

func (p *Parser) endTransferEncoding(value []byte) {
	switch {
	case p.head.minor == 0:
		p.head.suspect = true
	case p.head.chunked: // the sender did not chunk twice, or did not mean to
		p.fail("repeated transfer-encoding", value)
	case !equalFold(value, "chunked"):
		p.fail("unsupported transfer-encoding", value)
	default:
		p.head.chunked = true
	}
}

func (p *Parser) capture(i int, value []byte) {
	if i >= len(p.captured) {
		return
	}
	if p.captured[i].present {
		p.captured[i].repeated = true
		return
	}
	if p.values == nil {
		p.values = make([]byte, 0, 64) // makes an empty value non-nil
	}
	start := len(p.values)
	p.values = append(p.values, value...)
	p.captured[i] = span{start: start, end: len(p.values), present: true}
}

// endFields handles the empty line after a head or the trailers.
func (p *Parser) endFields() {
	h := &p.head
	if h.chunked && h.hasLength {
		h.suspect = true
	}
	switch {
	case p.state == atTrailer:
		p.state = finished
	case h.status < 200 && h.status != 101:
		p.interim++
		p.continued = p.continued || h.status == 100
		p.resetHead()
		p.state = atStatus
	case p.bodiless() || h.hasLength && h.length == 0 && !h.chunked:
		p.state = finished
	case h.chunked:
		p.used = 0
		p.state = atChunkSize
	case h.hasLength:
		p.left = h.length
		p.state = inBody
	default:
		p.state = inRest
	}
}

// bodiless reports whether no body follows, whatever the framing fields say.
func (p *Parser) bodiless() bool {
	s := p.head.status
	return p.headOnly || s == 101 || s == 204 || s == 304
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func parseDecimal(b []byte) (n int64, ok bool) {
	for _, c := range b {
		if !isDigit(c) || n > (math.MaxInt64-int64(c-'0'))/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}
