package faultserver

import "strings"

// script is what the server does with one request: a pure function of the
// request's head.
type script struct {
	out      []byte // what it writes
	bytewise bool   // one write per byte
	early    bool   // written without reading the request's body
	end      ending
}

// ending is what becomes of the connection once the script's bytes are out.
type ending uint8

const (
	endKeep ending = iota // the next request is read
	endFIN                // FIN, then the client's bytes are read until it closes
	endCut                // the same as a killed process does it: over TLS, without close_notify
	endRST                // RST, once the client's kernel has all bytes
	endHold               // nothing at all, until the client closes
)

// head is a response's head; it says that the connection closes if the request
// asked for that.
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

// body appends a response's body, which an answer to HEAD does not have.
func body(r request, head []byte, content string) []byte {
	if r.headOnly {
		return head
	}
	return append(head, content...)
}

// answer is the script of a correct answer: the connection is kept unless the
// request asked to close it.
func answer(r request, out []byte) script {
	if r.close {
		return script{out: out, end: endFIN}
	}
	return script{out: out}
}

// cut is the script of an answer that ends in a way of its own.
func cut(out func(request) []byte, end ending) func(request) script {
	return func(r request) script { return script{out: out(r), end: end} }
}

func ok(r request) script { return answer(r, okBytes(r)) }

func okBytes(r request) []byte {
	return body(r, head(r, "200 OK", "Content-Type: text/plain", "Content-Length: 3"), "ok\n")
}

func chunked(r request) script {
	if r.http10 { // which does not know chunks
		return closeDelimited(r)
	}
	return answer(r, body(r, chunkedHead(r), "5\r\nhello\r\n6;last=no\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n"))
}

func chunkedHead(r request) []byte {
	return head(r, "200 OK", "Content-Type: text/plain", "Transfer-Encoding: chunked", "Trailer: X-Sum")
}

func closeDelimited(r request) script {
	r.close = true // to HEAD, nothing else would announce the FIN
	return answer(r, body(r, head(r, "200 OK", "Content-Type: text/plain"), "until the end\n"))
}

func split(r request) script {
	s := chunked(r)
	s.bytewise = true
	return s
}

func interim(r request) script {
	if r.http10 { // which does not know interim answers (RFC 9110, 15.2)
		return ok(r)
	}
	const before = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
	return answer(r, append([]byte(before), okBytes(r)...))
}

func noContent(r request) script { return answer(r, head(r, "204 No Content")) }

func notModified(r request) script {
	return answer(r, head(r, "304 Not Modified", `Etag: "1"`, "Content-Length: 3"))
}

func unavailable(r request) script {
	return answer(r, body(r, head(r, "503 Service Unavailable", "Content-Length: 19"), "no healthy upstream"))
}

func earlyAnswer(r request) script {
	r.close = true // the unread body makes the connection useless
	s := answer(r, body(r, head(r, "413 Content Too Large", "Content-Length: 9"), "too large"))
	s.early = true
	return s
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
