// Package raw makes frames byte by byte, whatever they mean: most are wrong.
//
// Functions of an id make bytes for the stream with this id.
package raw

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

// Literal appends a field to a header block: neither indexed nor compressed.
func Literal(block []byte, name, value string) []byte {
	block = append(block, 0)
	return text(text(block, name), value)
}

// text appends a string literal (RFC 7541, 5.2).
func text(block []byte, s string) []byte {
	n := len(s)
	if n < 127 {
		return append(append(block, byte(n)), s...)
	}
	block = append(block, 127)
	for n -= 127; n >= 128; n >>= 7 {
		block = append(block, byte(n)|128)
	}
	return append(append(block, byte(n)), s...)
}

// Block is a header block of names and values in turn. It leaves the state of
// compression as it is.
func Block(fields ...string) []byte {
	var b []byte
	for i := 0; i < len(fields); i += 2 {
		b = Literal(b, fields[i], fields[i+1])
	}
	return b
}

// Flags of HEADERS.
const (
	EndStream  = http2.FlagHeadersEndStream
	EndHeaders = http2.FlagHeadersEndHeaders
)

// Head is a whole response without a body.
func Head(id uint32) []byte {
	return Frame(http2.FrameHeaders, EndStream|EndHeaders, id, Block(":status", "200"))
}

// OpenHead is a head of which a body is expected.
func OpenHead(id uint32) []byte {
	return Frame(http2.FrameHeaders, EndHeaders, id, Block(":status", "200"))
}

// Fields is a whole response of these fields alone.
func Fields(fields ...string) func(uint32) []byte {
	return func(id uint32) []byte {
		return Frame(http2.FrameHeaders, EndStream|EndHeaders, id, Block(fields...))
	}
}

// Trailers is a response with these fields after its body.
func Trailers(flags http2.Flags, fields ...string) func(uint32) []byte {
	return func(id uint32) []byte {
		b := append(OpenHead(id), Frame(http2.FrameData, 0, id, []byte("body"))...)
		return append(b, Frame(http2.FrameHeaders, flags, id, Block(fields...))...)
	}
}

// Connection is one frame of the connection.
func Connection(t http2.FrameType, flags http2.Flags, payload string) func(uint32) []byte {
	return func(uint32) []byte { return Frame(t, flags, 0, []byte(payload)) }
}

// On is one frame of the stream, whose id is off by some.
func On(off int, t http2.FrameType, flags http2.Flags, payload string) func(uint32) []byte {
	return func(id uint32) []byte { return Frame(t, flags, uint32(int(id)+off), []byte(payload)) }
}

// Nothing is no bytes.
func Nothing(uint32) []byte { return nil }

// BadBlock is a header block that refers to an entry that no table has.
const BadBlock = "\x88\xff\xff\xff\x7f"

// Interrupted is a header block with a frame of another kind within.
func Interrupted(id uint32) []byte {
	b := Frame(http2.FrameHeaders, 0, id, Block(":status", "200"))
	return append(b, Frame(http2.FrameData, 0, id, []byte("body"))...)
}

// Oversized begins a DATA frame of 16 MiB, more than any client asks for. A
// client need not see its end to know.
func Oversized(id uint32) []byte {
	return append(OpenHead(id), Frame(http2.FrameData, 0, id, make([]byte, 1<<24-1))[:100]...)
}

// Push is a promise that no client asked for.
func Push(id uint32) []byte {
	promise := append([]byte{0, 0, 0, 2}, Block(":method", "GET", ":scheme", "http", ":authority", "x", ":path", "/")...)
	return Frame(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, id, promise)
}

// OverPadded is a DATA frame with more padding than it is long.
func OverPadded(id uint32) []byte {
	return append(OpenHead(id), Frame(http2.FrameData, http2.FlagDataPadded, id, []byte{200, 'x', 'x'})...)
}

// OpenBlock is a head that CONTINUATION must continue.
func OpenBlock(id uint32) []byte {
	return Frame(http2.FrameHeaders, 0, id, Block(":status", "200"))
}

// Overflow is a WINDOW_UPDATE of 2^31-1, more than any window has room for.
const Overflow = "\x7f\xff\xff\xff"

// Frame returns a frame as it is, whatever it means.
func Frame(t http2.FrameType, flags http2.Flags, id uint32, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(t))
	b = binary.BigEndian.AppendUint32(append(b, byte(flags)), id)
	return append(b, payload...)
}
