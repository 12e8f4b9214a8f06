package h2

import (
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"nodrop/loadgen/internal/h1"
)

// Stream is one request and its response. The zero value is ready; a Stream that
// has ended may be started again, on any connection, and keeps its memory.
type Stream struct {
	// Tag is the caller's.
	Tag int

	// Body, if set, receives the bytes of the body as they come. The head is
	// whole before the first call. The pieces are slices of what Feed was
	// given. An error cancels the stream, which then ends with that error.
	Body func(piece []byte) error

	// SentAt is Conn.Now when the last byte of the request was sent, FirstAt
	// when the first frame of the response came. They are 0 before that.
	SentAt, FirstAt int64

	id      uint32 // of the stream while it is open, and after it has ended
	capture []string
	maxHead int
	request *Prepared
	err     error

	sending
	receiving
	head

	values   []byte // captured values, end to end
	captured []span // into values, one for each name in capture
}

// sending is what is known of a Stream's request.
type sending struct {
	window  int64 // how many more bytes of the body the peer takes
	off     int64 // how many bytes of the body are in the output
	queued  bool  // the whole request is in the output
	written bool  // and was sent
	held    bool  // the body waits for a 100 (Continue)
}

// receiving is what is known of a Stream's response.
type receiving struct {
	started  bool // a frame of the response came
	headed   bool // the final head is whole
	over     bool // the peer ended the stream
	done     bool // and the response is whole
	interim  int
	used     int64 // bytes of the section that MaxHead limits
	body     int64
	left     int64 // of our window: how many bytes the peer may send
	consumed int64 // bytes that no WINDOW_UPDATE has given back
	bad      error // what is wrong with the block of fields that is being read
}

// head is the content of one head; that of an interim response is discarded.
type head struct {
	status    int
	length    int64
	hasLength bool
	regular   bool // a field that is no pseudo-field has come
}

// span is a piece of Stream.values. The zero span stands for an absent field.
type span struct {
	start, end int
	present    bool
	repeated   bool // the field came more than once
}

// keptBuffer is the size of the largest buffer, in bytes, that is kept from one
// use to the next.
const keptBuffer = 16 << 10

func emptied(b []byte) []byte {
	if cap(b) > keptBuffer {
		return nil
	}
	return b[:0]
}

func (s *Stream) begin(c *Conn, r *Prepared) {
	s.id, s.capture, s.maxHead, s.request = c.next, c.Capture, c.maxHead(), r
	s.SentAt, s.FirstAt, s.err = 0, 0, nil
	s.sending = sending{window: c.peer.window}
	s.receiving = receiving{left: c.ourWindow()}
	s.values = emptied(s.values)
	s.resetHead()
}

func (s *Stream) resetHead() {
	s.head = head{}
	s.values = s.values[:0]
	if cap(s.captured) < len(s.capture) {
		s.captured = make([]span, len(s.capture))
	}
	s.captured = s.captured[:len(s.capture)]
	clear(s.captured)
}

// Stage returns how far the response has got, or had got when the stream ended.
func (s *Stream) Stage() h1.Stage {
	switch {
	case s.done:
		return h1.StageDone
	case s.headed:
		return h1.StageBody
	case s.started:
		return h1.StageHead
	}
	return h1.StageIdle
}

// Err returns why the stream ended. It is nil if the response is whole, and
// while the stream is open.
func (s *Stream) Err() error { return s.err }

// ID returns the number of the stream on its connection.
func (s *Stream) ID() uint32 { return s.id }

// Written reports whether the whole request was sent.
func (s *Stream) Written() bool { return s.written }

// Status returns the status code of the final head, 0 until that head is whole.
func (s *Stream) Status() int {
	if !s.headed {
		return 0
	}
	return s.status
}

// Interim returns the number of interim (1xx) responses before the final one.
func (s *Stream) Interim() int { return s.interim }

// BodyBytes returns the number of body bytes so far.
func (s *Stream) BodyBytes() int64 { return s.body }

// Unsized reports whether the head does not say how long the body is.
func (s *Stream) Unsized() bool { return s.headed && !s.bodiless() && !s.hasLength }

// CloseDelimited returns false: the end of a connection ends no body.
func (s *Stream) CloseDelimited() bool { return false }

// Captured returns the value of the field Conn.Capture[i] in the final head. It
// is nil if the field is absent, and until the head is whole. It is valid until
// the Stream is started again.
func (s *Stream) Captured(i int) []byte {
	p := s.captured[i]
	if !s.headed || !p.present {
		return nil
	}
	return s.values[p.start:p.end:p.end]
}

// Repeated reports whether the final head has the field Conn.Capture[i] more
// than once. Captured returns only the first.
func (s *Stream) Repeated(i int) bool { return s.headed && s.captured[i].repeated }

// bodiless reports whether no body follows, whatever the fields say.
func (s *Stream) bodiless() bool {
	return s.request.headOnly || s.status == 204 || s.status == 304
}

// malformed notes what is wrong with the block of fields that is being read. The
// rest of the block must still be decoded.
func (s *Stream) malformed(what, sample string) {
	if s.bad == nil {
		s.bad = s.malformation(what, sample)
	}
}

// malformation returns the error for a fault of the response. Its sample is nil
// if sample is empty.
func (s *Stream) malformation(what, sample string) error {
	e := &h1.MalformedError{Stage: s.Stage(), What: what}
	if sample != "" {
		e.Sample = []byte(sample[:min(len(sample), maxSample)])
	}
	return e
}

// field takes one field of a head or of the trailers.
func (s *Stream) field(name, value string) {
	s.used += int64(len(name) + len(value) + fieldOverhead)
	switch {
	case s.bad != nil:
	case s.used > int64(s.maxHead):
		s.malformed(s.section()+" over "+strconv.Itoa(s.maxHead)+" bytes", "")
	case strings.HasPrefix(name, ":"):
		s.pseudoField(name, value)
	case !isLowerToken(name):
		s.malformed("malformed header field name", name)
	case !isValue(value):
		s.malformed("malformed value of header field", name)
	case isHopByHop(name) || name == "te" && !strings.EqualFold(value, "trailers"):
		s.malformed("header field that HTTP/2 does not have", name)
	default:
		s.regular = true
		if !s.headed {
			s.headField(name, value)
		}
	}
}

// fieldOverhead is what a field counts for beside its name and value (RFC 9113
// §6.5.2).
const fieldOverhead = 32

func (s *Stream) section() string {
	if s.headed {
		return "trailers"
	}
	return "response head"
}

// pseudoField takes :status, the only field of its kind in a response. It comes
// once, and first.
func (s *Stream) pseudoField(name, value string) {
	switch {
	case s.headed:
		s.malformed("pseudo-field in trailers", name)
	case name != ":status":
		s.malformed("pseudo-field that responses do not have", name)
	case s.status != 0:
		s.malformed("repeated pseudo-field", name)
	case s.regular:
		s.malformed("pseudo-field after another field", name)
	default:
		if s.status = parseStatus(value); s.status == 0 {
			s.malformed("malformed :status", orElse(value, " "))
		}
	}
}

// parseStatus returns 0 for what is no status of HTTP/2, which has no 101
// (RFC 9113 §8.6).
func parseStatus(value string) int {
	n, ok := parseDecimal(value)
	if !ok || len(value) != 3 || n < 100 || n == 101 {
		return 0
	}
	return int(n)
}

func (s *Stream) headField(name, value string) {
	if name == "content-length" {
		s.contentLength(value)
	}
	for i, want := range s.capture {
		if name == want {
			s.keep(i, value)
		}
	}
}

// contentLength takes a Content-Length. All of them, as fields or in a list,
// must be the same number.
func (s *Stream) contentLength(value string) {
	for element := range strings.SplitSeq(value, ",") {
		n, ok := parseDecimal(strings.Trim(element, " \t"))
		switch {
		case !ok:
			s.malformed("malformed content-length", orElse(value, " "))
			return
		case s.hasLength && n != s.length:
			s.malformed("conflicting content-length", value)
			return
		}
		s.length, s.hasLength = n, true
	}
}

func (s *Stream) keep(i int, value string) {
	p := &s.captured[i]
	if p.present {
		p.repeated = true
		return
	}
	if s.values == nil {
		s.values = make([]byte, 0, 64) // makes an empty value non-nil
	}
	start := len(s.values)
	s.values = append(s.values, value...)
	*p = span{start: start, end: len(s.values), present: true}
}

func parseDecimal(s string) (n int64, ok bool) {
	u, err := strconv.ParseUint(s, 10, 63)
	return int64(u), err == nil
}

// isLowerToken reports whether s is a field name of HTTP/2 (RFC 9113 §8.2.1).
func isLowerToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; 'A' <= c && c <= 'Z' || !httpguts.IsTokenRune(rune(c)) {
			return false
		}
	}
	return s != ""
}

// isValue reports whether s is a field value of HTTP/2: no control byte other
// than TAB, and no white space around it (RFC 9113 §8.2.1).
func isValue(s string) bool {
	if s != "" && (isOWS(s[0]) || isOWS(s[len(s)-1])) {
		return false
	}
	return httpguts.ValidHeaderFieldValue(s)
}

func isOWS(c byte) bool { return c == ' ' || c == '\t' }
