package h1

import (
	"bytes"
	"encoding/binary"
)

// Field is one header field as sent.
type Field struct{ Name, Value string }

// isToken is the set of bytes of a token (RFC 9110 §5.6.2).
var isToken = func() (t [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789" +
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()

var comma = []byte{','}

// cutField splits a field line at its colon and trims the value.
func cutField(line []byte) (name, value []byte, ok bool) {
	i := 0
	for i < len(line) && isToken[line[i]] {
		i++
	}
	// White space before the colon is not part of the name: a gateway must
	// remove it (RFC 9112 §5.1), and a client that talks to the server directly
	// must see the same field as the server's users.
	colon := i
	for colon < len(line) && isOWS(line[colon]) {
		colon++
	}
	if i == 0 || colon == len(line) || line[colon] != ':' {
		return nil, nil, false
	}
	return line[:i], trimOWS(line[colon+1:]), true
}

// isValue reports whether v has no control byte other than TAB. Values are most
// of a head, so it checks eight bytes at a time.
func isValue(v []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(v) >= 8 {
		x := binary.LittleEndian.Uint64(v)
		below := (x - ones*0x20) &^ x // high bit set if a byte is below 0x20
		del := x ^ ones*0x7f          // a byte is zero if it was 0x7f
		del = (del - ones) &^ del
		if (below|del)&highs != 0 && !isValueByBytes(v[:8]) {
			return false
		}
		v = v[8:]
	}
	return isValueByBytes(v)
}

func isValueByBytes(v []byte) bool {
	for _, c := range v {
		if isControl(c) && c != '\t' {
			return false
		}
	}
	return true
}

func isControl(c byte) bool { return c < ' ' || c == 0x7f }

func isOWS(c byte) bool { return c == ' ' || c == '\t' }

func trimCR(b []byte) []byte {
	if i := len(b) - 1; i >= 0 && b[i] == '\r' {
		return b[:i]
	}
	return b
}

func trimOWS(b []byte) []byte {
	for len(b) > 0 && isOWS(b[0]) {
		b = b[1:]
	}
	return trimRightOWS(b)
}

func trimRightOWS(b []byte) []byte {
	for len(b) > 0 && isOWS(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares s with lower, which is in lower case, ignoring ASCII case.
func equalFold[T []byte | string](s T, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(lower) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func hasElement(list []byte, lower string) bool {
	for more := true; more; {
		var element []byte
		element, list, more = bytes.Cut(list, comma)
		if equalFold(trimOWS(element), lower) {
			return true
		}
	}
	return false
}
