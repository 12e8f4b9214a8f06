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
	text, crlf := trimEOL(line)
	// A peer that takes a lone CR or LF for a line end would see other chunks
	// than we do, so neither is let through, not even inside an extension.
	if !crlf || bytes.IndexByte(text, '\r') >= 0 {
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

// feedChunkEnd reads one byte of the CRLF after a chunk's data.
func (p *Parser) feedChunkEnd(b []byte) int {
	want, next := byte('\r'), atChunkLF
	if p.state == atChunkLF {
		want, next = '\n', atChunkSize
	}
	if b[0] != want {
		p.fail("malformed chunk end", b[:1])
		return 0
	}
	p.state = next
	return 1
}

// parseHex reads a chunk size. Like net/http it takes no more than 16 digits,
// leading zeros included, and like everything here no more than 63 bits.
func parseHex(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 16 {
		return 0, false
	}
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		if n > math.MaxInt64>>4 {
			return 0, false
		}
		n = n<<4 | int64(c)
	}
	return n, true
}
