package faultserver

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// script is what the server does with one request. It depends only on the
// request's head.
type script struct {
	before   []byte // written before the request's body is read
	out      []byte // written as the response
	bytewise bool   // one write per byte
	early    bool   // out is written without reading the request's body
	unread   bool   // after out, too, nothing is read until the client is gone
	end      ending
}

// ending is what happens to the connection after the script's bytes.
type ending uint8

const (
	endKeep ending = iota // the next request is read
	endFIN                // FIN, then the client's bytes are read until it closes
	endCut                // as endFIN, but as a killed process does it: over TLS without close_notify
	endRST                // RST, once the client's kernel has acknowledged all bytes
	endHold               // nothing, until the client closes
	endDrip               // a byte every dripEvery, until the client closes
)

// head returns a response's head. It announces the close if the request wants
// the connection closed.
func head(r request, status string, fields ...string) []byte {
	b := append([]byte("HTTP/1.1 "), status...)
	for _, f := range fields {
		b = append(append(b, "\r\n"...), f...)
	}
	if r.close {
		b = append(b, "\r\nConnection: close"...)
	}
	return append(b, "\r\n\r\n"...)
}

// body appends a response's body, except to a HEAD request.
func body(r request, head []byte, content string) []byte {
	if r.headOnly {
		return head
	}
	return append(head, content...)
}

// response returns the script of a correct response: the connection is kept
// unless the request wants it closed.
func response(r request, out []byte) script {
	if r.close {
		return script{out: out, end: endFIN}
	}
	return script{out: out}
}

// cut returns the script of a response with another ending.
func cut(out func(request) []byte, end ending) func(request) script {
	return func(r request) script { return script{out: out(r), end: end} }
}

func ok(r request) script { return response(r, okBytes(r)) }

func okBytes(r request) []byte {
	return body(r, head(r, "200 OK", "Content-Type: text/plain", "Content-Length: 3"), "ok\n")
}

func chunked(r request) script {
	if r.http10 { // HTTP/1.0 has no chunks
		return closeDelimited(r)
	}
	return response(r, body(r, chunkedHead(r), "5\r\nhello\r\n6;last=no\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n"))
}

func chunkedHead(r request) []byte {
	return head(r, "200 OK", "Content-Type: text/plain", "Transfer-Encoding: chunked", "Trailer: X-Sum")
}

func closeDelimited(r request) script {
	r.close = true // in a response to HEAD, nothing else would announce the FIN
	return response(r, body(r, head(r, "200 OK", "Content-Type: text/plain"), "until the end\n"))
}

func eofCloseDelimited(r request) script {
	s := closeDelimited(r)
	s.end = endCut
	return s
}

// loosely returns head with two spaces in the status line and one before each
// colon.
func loosely(head []byte) []byte {
	head = bytes.Replace(head, []byte("HTTP/1.1 "), []byte("HTTP/1.1  "), 1)
	return bytes.ReplaceAll(head, []byte(": "), []byte(" : "))
}

func looseHead(r request) script {
	return response(r, body(r, loosely(head(r, "200 OK", "Content-Type: text/plain", "Content-Length: 3")), "ok\n"))
}

func looseChunks(r request) script {
	if r.http10 {
		return closeDelimited(r)
	}
	return response(r, body(r, chunkedHead(r), "5\nhello\n6;last=no\n world\n0\nX-Sum: 11\n\n"))
}

func split(r request) script {
	s := chunked(r)
	s.bytewise = true
	return s
}

func interim(r request) script {
	if r.http10 { // HTTP/1.0 has no interim responses (RFC 9110, 15.2)
		return ok(r)
	}
	const before = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
	return response(r, append([]byte(before), okBytes(r)...))
}

func noContent(r request) script { return response(r, head(r, "204 No Content")) }

func notModified(r request) script {
	return response(r, head(r, "304 Not Modified", `Etag: "1"`, "Content-Length: 3"))
}

func unavailable(r request) script {
	return response(r, body(r, head(r, "503 Service Unavailable", "Content-Length: 19"), "no healthy upstream"))
}

func earlyResponse(r request) script {
	r.close = true // the unread body makes the connection useless
	s := response(r, body(r, head(r, "413 Content Too Large", "Content-Length: 9"), "too large"))
	s.early = true
	return s
}

func earlyResponseUnread(end ending) func(request) script {
	return func(r request) script {
		s := earlyResponse(r)
		s.unread, s.end = true, end
		return s
	}
}

func keptOpen(r request) script {
	s := script{}
	if r.close {
		r.close, s.end = false, endHold
	}
	s.out = okBytes(r)
	return s
}

func early(late func(request) script) func(request) script {
	return func(r request) script {
		s := late(r)
		s.early = true
		return s
	}
}

// large is more than an ordinary head ever has; huge is more than a client
// should accept.
const (
	large = 5 << 18
	huge  = 11 << 20
)

func interimFlood(r request) script {
	if r.http10 {
		return ok(r)
	}
	return response(r, append(bytes.Repeat([]byte("HTTP/1.1 103 Early Hints\r\n\r\n"), 1000), okBytes(r)...))
}

func endlessInterim(r request) script {
	if r.http10 {
		return ok(r)
	}
	one := fmt.Appendf(nil, "HTTP/1.1 103 Early Hints\r\nLink: %s\r\n\r\n", strings.Repeat("x", 4096))
	return response(r, append(bytes.Repeat(one, huge/4096), okBytes(r)...))
}

func longField(r request) script {
	return response(r, body(r, head(r, "200 OK", "Content-Length: 3", "X-Long: "+strings.Repeat("x", large)), "ok\n"))
}

func hugeField(r request) script {
	return response(r, body(r, head(r, "200 OK", "Content-Length: 3", "X-Huge: "+strings.Repeat("x", huge)), "ok\n"))
}

func manyFields(r request) script {
	const line = "X-Many: 0123456789abcdef0123456789abcdef"
	fields := append([]string{"Content-Length: 3"}, strings.Split(strings.Repeat("\n"+line, large/len(line))[1:], "\n")...)
	return response(r, body(r, head(r, "200 OK", fields...), "ok\n"))
}

func slowBody(r request) script {
	out := body(r, head(r, "200 OK", "Content-Length: 1000000"), strings.Repeat("x", 400))
	if r.headOnly {
		return script{out: out, end: endHold}
	}
	return script{out: out, end: endDrip}
}

func trailers(r request) script {
	if r.http10 {
		return closeDelimited(r)
	}
	return response(r, body(r, chunkedHead(r), "5\r\nhello\r\n0\r\nX-Sum: 5\r\nX-Folded: a\r\n b\r\nX-Empty:\r\n\r\n"))
}

func badTrailer(r request) []byte {
	return body(r, chunkedHead(r), "5\r\nhello\r\n0\r\nX-Sum 5\r\n\r\n")
}

func gzipOf(damage func([]byte) []byte) func(request) script {
	return func(r request) script {
		content := damage(compressed())
		length := fmt.Sprint("Content-Length: ", len(content))
		return response(r, body(r, head(r, "200 OK", "Content-Encoding: gzip", length), string(content)))
	}
}

func partOfGzip(r request) []byte {
	r.close = true
	return body(r, head(r, "200 OK", "Content-Encoding: gzip"), string(shortened(compressed())))
}

// plain is the uncompressed content.
const plain = "nothing is lost until it is counted\n"

func compressed() []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for range 300 {
		_, _ = w.Write([]byte(plain)) // writing to memory cannot fail
	}
	_ = w.Close()
	return b.Bytes()
}

func whole(content []byte) []byte { return content }

func shortened(content []byte) []byte { return content[:len(content)-12] }

// miscounted corrupts the checksum, which precedes the length.
func miscounted(content []byte) []byte {
	content[len(content)-8] ^= 1
	return content
}

const continues = "HTTP/1.1 100 Continue\r\n\r\n"

func goAhead(r request) script {
	s := ok(r)
	if !r.http10 {
		s.before = []byte(continues)
	}
	return s
}

func expectationFailed(r request) script {
	s := response(r, body(r, head(r, "417 Expectation Failed", "Content-Length: 8"), "no body\n"))
	s.early = r.expects
	return s
}

func eofAfterContinue(request) script {
	return script{before: []byte(continues), end: endCut}
}

func nothing(request) []byte { return nil }

func partOfHead(request) []byte { return []byte("HTTP/1.1 200 OK\r\nContent-Le") }

func headAlone(r request) []byte { return head(r, "200 OK", "Content-Length: 1000") }

func partOfBody(r request) []byte {
	return body(r, headAlone(r), strings.Repeat("x", 400))
}

func partOfChunk(r request) []byte { return body(r, chunkedHead(r), "5\r\nhello\r\n6\r\n wo") }

func wholeChunks(r request) []byte { return body(r, chunkedHead(r), "5\r\nhello\r\n6\r\n world\r\n") }

func noHTTP(r request) []byte {
	return body(r, []byte("HTTQ/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), "ok\n")
}

func badChunk(r request) []byte { return body(r, chunkedHead(r), "five\r\nhello\r\n0\r\n\r\n") }

// http2Frames are the SETTINGS and GOAWAY of a server that got no HTTP/2
// preface.
func http2Frames(request) []byte {
	return []byte("\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64" +
		"\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")
}

// tlsAlert is a fatal protocol_version alert.
func tlsAlert(request) []byte { return []byte{21, 3, 1, 0, 2, 2, 70} }

func bareBody(request) []byte { return []byte("<html>hello</html>") }

func noEmptyLine(r request) []byte {
	return append(bytes.TrimSuffix(head(r, "200 OK", "Content-Type: text/html"), []byte("\r\n")), "<html>hello</html>"...)
}

func plainAsGzip(r request) []byte {
	r.close = true
	return body(r, head(r, "200 OK", "Content-Encoding: gzip"), "plain")
}

func plainAsChunked(r request) []byte { return body(r, chunkedHead(r), "plain") }
