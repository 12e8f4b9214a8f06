package h1

import "bytes"

// judged is how many bytes of an incomplete line are checked: more than the
// version and status, a field's name or a chunk's size takes.
const judged = 256

// judge fails as soon as the incomplete line cannot begin a valid one: a peer
// that speaks another protocol may never send the rest.
func (p *Parser) judge() {
	line := trimCR(p.line[:min(len(p.line), judged)])
	switch p.state {
	case atStatus:
		if _, _, fits := cutStatus(line); !fits {
			p.fail("malformed status line", p.line)
		}
	case atField, atTrailer:
		if !p.fitsField(line) {
			p.fail("malformed header field", p.line)
		}
	case atChunkSize:
		if !fitsChunkSize(line) {
			p.fail("malformed chunk size", p.line)
		}
	default: // these states read no lines
	}
}

// judgeRest fails if the peer closed within the head and the last, incomplete
// line has exactly Content-Length bytes: that line is the body, and the empty
// line before it is missing. A line that was merely cut short has that length
// only by chance.
func (p *Parser) judgeRest() {
	h := &p.head
	if p.err == nil && p.state == atField && len(p.line) > 0 && h.hasLength && !h.chunked && h.length == int64(len(p.line)) {
		p.fail("body without an empty line before it:", p.line)
	}
}

const version = "HTTP/1."

// cutStatus parses a status line: "HTTP/1.1 200" with any number of spaces,
// then a space and a reason phrase, which RFC 9112 §4 tells clients to ignore.
// status is 0 if the line is incomplete; fits is false if no status line begins
// like this.
func cutStatus(line []byte) (minor byte, status int, fits bool) {
	n := min(len(line), len(version))
	if string(line[:n]) != version[:n] {
		return 0, 0, false
	}
	if len(line) == n {
		return 0, 0, true
	}
	minor, code := line[n]-'0', line[n+1:]
	if minor > 9 || len(code) > 0 && code[0] != ' ' {
		return 0, 0, false
	}
	for len(code) > 0 && code[0] == ' ' { // bytes.TrimLeft would take 20 ns
		code = code[1:]
	}
	for i, c := range code[:min(3, len(code))] {
		if !isDigit(c) || i == 0 && c == '0' {
			return 0, 0, false
		}
		status = status*10 + int(c-'0')
	}
	switch {
	case len(code) < 3:
		return 0, 0, true
	case len(code) > 3 && code[3] != ' ':
		return 0, 0, false
	}
	return minor, status, true
}

// fitsField reports whether a field line, or a fold of the previous one, may
// begin like this.
func (p *Parser) fitsField(line []byte) bool {
	if len(line) > 0 && isOWS(line[0]) {
		return len(p.field) > 0
	}
	i := 0
	for i < len(line) && isToken[line[i]] {
		i++
	}
	rest := bytes.TrimLeft(line[i:], " \t")
	return len(rest) == 0 || i > 0 && rest[0] == ':'
}

// fitsChunkSize reports whether a chunk-size line may begin like this.
func fitsChunkSize(line []byte) bool {
	digits := 0
	for digits < len(line) && isHexDigit(line[digits]) {
		digits++
	}
	rest := bytes.TrimLeft(line[digits:], " \t")
	return len(line) == 0 || 0 < digits && digits <= maxHexDigits && (len(rest) == 0 || rest[0] == ';')
}
