package h2

import (
	"bytes"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h1"
)

// maxSample is how many of the peer's bytes an error keeps.
const maxSample = 64

// ConnError says that what the peer sent ends the connection (RFC 9113 §5.4.1).
// All its open streams end with it.
type ConnError struct {
	Code   http2.ErrCode // what our GOAWAY says to the peer
	What   string        // what is wrong, for instance "PING frame of 7 bytes"
	Sample []byte        // up to 64 bytes, if the peer does not seem to speak HTTP/2
	Looks  string        // what it seems to speak instead, for instance "TLS"; "" if unknown
}

// Error words the error as net/http does, and adds what is wrong.
func (e *ConnError) Error() string {
	text := "connection error: " + e.Code.String() + ": " + e.What
	if e.Sample != nil {
		text += " " + strconv.Quote(string(e.Sample))
	}
	if e.Looks != "" {
		text += ": this looks like " + e.Looks
	}
	return text
}

// StreamError says that the peer ended a stream with RST_STREAM before its
// response was whole.
type StreamError struct{ Code http2.ErrCode }

// Error is net/http's text. It does not contain the stream's number, so that
// equal causes have equal texts.
func (e *StreamError) Error() string {
	return "stream error: stream ID *; " + e.Code.String() + "; received from peer"
}

// GoAwayError says that the peer sent GOAWAY. A stream that ends with it was
// above the last stream that the peer processed, or may process.
type GoAwayError struct {
	Code   http2.ErrCode
	LastID uint32
	Debug  string // the beginning of the peer's debug data
}

// Error does not contain LastID, so that equal causes have equal texts.
func (e *GoAwayError) Error() string {
	return fmt.Sprintf("http2: server sent GOAWAY; ErrCode=%v, debug=%q", e.Code, e.Debug)
}

// ShortError says that a stream ended properly, but before its body had as many
// bytes as its head announced. It is an io.ErrUnexpectedEOF.
type ShortError struct{ Want, Got int64 }

func (e *ShortError) Error() string {
	return fmt.Sprintf("unexpected EOF: the stream ended after %d bytes of a body with a content-length of %d", e.Got, e.Want)
}

// Unwrap returns io.ErrUnexpectedEOF.
func (e *ShortError) Unwrap() error { return io.ErrUnexpectedEOF }

// foreign notes the peer's first bytes, which are no frame.
func (e *ConnError) foreign(begin []byte) {
	e.Sample = append([]byte{}, begin[:min(len(begin), maxSample)]...)
	if e.Looks = h1.LooksLike(e.Sample); bytes.HasPrefix(begin, []byte("HTTP/1.")) {
		e.Looks = "HTTP/1"
	}
}
