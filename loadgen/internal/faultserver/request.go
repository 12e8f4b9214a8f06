package faultserver

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// errNoRequest means that a connection ended between two requests.
var errNoRequest = errors.New("no request")

// errMalformed means that the server cannot delimit a request; it accepts
// bodies with a Content-Length only.
var errMalformed = errors.New("malformed request")

// request is what the scripts need of a request's head.
type request struct {
	headOnly bool  // HEAD
	http10   bool  // HTTP/1.0
	close    bool  // the client wants the connection closed, as every HTTP/1.0 client does
	expects  bool  // the body waits for a 100 (Continue)
	length   int64 // of the body
}

// readHead reads a request up to its empty line. Any error other than
// errNoRequest and errMalformed means that the connection broke inside the
// head.
func readHead(in *bufio.Reader) (request, error) {
	if _, err := in.Peek(1); err != nil {
		return request{}, errNoRequest
	}
	line, err := readLine(in)
	if err != nil {
		return request{}, err
	}
	var r request
	method, rest, _ := bytes.Cut(line, []byte(" "))
	_, version, _ := bytes.Cut(rest, []byte(" "))
	r.headOnly = string(method) == "HEAD"
	switch string(version) {
	case "HTTP/1.1":
	case "HTTP/1.0":
		r.http10, r.close = true, true
	default:
		return request{}, errMalformed
	}
	for {
		line, err := readLine(in)
		if err != nil || len(line) == 0 {
			return r, err
		}
		if err := r.field(line); err != nil {
			return request{}, err
		}
	}
}

// readLine reads one line, which is valid until the next read.
func readLine(in *bufio.Reader) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errMalformed
	}
	return bytes.TrimRight(line, "\r\n"), err
}

// field records what a field says about the end of the request.
func (r *request) field(line []byte) error {
	name, value, found := bytes.Cut(line, []byte(":"))
	if !found {
		return errMalformed
	}
	switch string(bytes.ToLower(name)) {
	case "content-length":
		n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 62)
		if err != nil {
			return errMalformed
		}
		r.length = int64(n)
	case "transfer-encoding":
		return errMalformed
	case "expect":
		r.expects = bytes.EqualFold(bytes.TrimSpace(value), []byte("100-continue"))
	case "connection":
		for token := range bytes.SplitSeq(value, []byte(",")) {
			if bytes.EqualFold(bytes.TrimSpace(token), []byte("close")) {
				r.close = true
			}
		}
	}
	return nil
}

func (r request) readBody(in *bufio.Reader) error {
	_, err := io.CopyN(io.Discard, in, r.length)
	return err
}
