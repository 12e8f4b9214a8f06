package h1

import (
	"bytes"
	"math"
)

// feedChunkSize reads the line before a chunk: its size in hexadecimal and
// extensions, which mean nothing to a load generator.
func (p *Parser) feedChunkSize(b []byte) int {
	line, n := p.takeLine(b)
	if line == nil {
		return n
	}
	text := trimEOL(line)
	// A peer that takes a lone CR for a line end would see other chunks than we
	// do, so it is not let through, not even inside an extension. A lone LF ends
	// the line, as it does for curl; net/http refuses it.
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
	p.used = 0 // each chunk-size line, and the trailers, have MaxHead to themselves
	p.left = left
	p.state = inChunk
	if left == 0 {
		p.state = atTrailer
	}
	return n
}

// feedChunkEnd reads one byte of the line end after a chunk's data.
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

// maxHexDigits is how many digits of a chunk size net/http takes, leading zeros
// included.
const maxHexDigits = 16

// parseHex reads a chunk size. Like everything here it takes no more than 63
// bits.
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

// hexValue is what a hexadecimal digit stands for.
func hexValue(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
