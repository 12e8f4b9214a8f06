package h1

import (
	"bytes"
	"math"
)

// feedChunkSize reads a chunk-size line: the size in hexadecimal, and
// extensions, which it ignores.
func (p *Parser) feedChunkSize(b []byte) int {
	line, n := p.takeLine(b)
	if line == nil {
		return n
	}
	text := trimEOL(line)
	// A peer that takes a bare CR for a line end would see other chunks than
	// this parser, so a CR is rejected, even inside an extension. A bare LF
	// ends the line, as it does for curl; net/http rejects it.
	if bytes.IndexByte(text, '\r') >= 0 {
		p.fail("malformed chunk size", text)
		return n
	}
	size, _, _ := bytes.Cut(text, []byte{';'})
	left, ok := parseHex(trimRightOWS(size))
	if !ok {
		p.fail("malformed chunk size", text)
		return n
	}
	p.used = 0 // MaxHead applies separately to each chunk-size line and to the trailers
	p.left = left
	p.state = inChunk
	if left == 0 {
		p.state = atTrailer
	}
	return n
}

func (p *Parser) feedChunkEnd(b []byte) int {
	switch {
	case b[0] == '\n':
		p.state = atChunkSize
	case b[0] == '\r' && p.state == atChunkCR:
		p.state = atChunkLF
	default:
		p.fail("malformed chunk end", b[:1])
		return 0
	}
	return 1
}

// maxHexDigits is how many digits of a chunk size net/http accepts, leading
// zeros included.
const maxHexDigits = 16

// parseHex parses a chunk size of at most 63 bits.
func parseHex(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > maxHexDigits {
		return 0, false
	}
	for _, c := range b {
		if !isHexDigit(c) || n > math.MaxInt64>>4 {
			return 0, false
		}
		n = n<<4 | int64(hexValue(c))
	}
	return n, true
}

func isHexDigit(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
