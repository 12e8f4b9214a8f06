package h1

import (
	"fmt"
	"strconv"
	"strings"
)

// Request describes one request. Append builds its bytes once; they are sent
// many times.
type Request struct {
	Method string  // a token; "" means GET
	Target string  // origin-form ("/a?b"), or the form that a proxy needs; "" means "/"
	Host   string  // may be empty, but the field is always sent
	Fields []Field // in this order, after Host
	Body   []byte
	Close  bool // adds "Connection: close"

	// Length is the length of a body that is not in Body: the caller sends it
	// after the bytes of the request.
	Length int64
}

// Validate reports what in the request would break out of its line, or would
// make servers read it differently than intended: a second Host, or framing
// fields, which only Append may write. It does not quote field values, which
// may be secrets.
func (r *Request) Validate() error {
	if r.Method != "" && !isTokenString(r.Method) {
		return fmt.Errorf("method %q is not a token", r.Method)
	}
	if i := strings.IndexFunc(r.Target, isSpaceOrControl); i >= 0 {
		return fmt.Errorf("target %q: %q must be percent-encoded", r.Target, r.Target[i])
	}
	if i := strings.IndexFunc(r.Host, isSpaceOrControl); i >= 0 {
		return fmt.Errorf("host %q: %q is not allowed", r.Host, r.Host[i])
	}
	for _, f := range r.Fields {
		switch {
		case !isTokenString(f.Name):
			return fmt.Errorf("header field %q: its name is not a token", f.Name)
		case equalFold(f.Name, "host"):
			return fmt.Errorf("header field %q: the request already has the host %q", f.Name, r.Host)
		case isFraming(f.Name):
			return fmt.Errorf("header field %q: nodrop sets this field", f.Name)
		case !isValue([]byte(f.Value)):
			return fmt.Errorf("header field %q: its value contains a line break or another control character", f.Name)
		}
	}
	return nil
}

// Append appends the bytes of a valid request to dst. Content-Length is added
// where net/http adds it: to any body, and to a POST, PUT or PATCH without one.
func (r *Request) Append(dst []byte) []byte {
	dst = append(dst, orElse(r.Method, "GET")...)
	dst = append(dst, ' ')
	dst = append(dst, orElse(r.Target, "/")...)
	dst = append(dst, " HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", r.Host)
	for _, f := range r.Fields {
		dst = appendField(dst, f.Name, f.Value)
	}
	length := int64(len(r.Body)) + r.Length
	if length > 0 || expectsBody(r.Method) {
		dst = appendField(dst, "Content-Length", strconv.FormatInt(length, 10))
	}
	if r.Close {
		dst = appendField(dst, "Connection", "close")
	}
	dst = append(dst, "\r\n"...)
	return append(dst, r.Body...)
}

// isFraming reports whether the field says where a message ends.
func isFraming(name string) bool {
	return equalFold(name, "content-length") || equalFold(name, "transfer-encoding") || equalFold(name, "trailer")
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}

func expectsBody(method string) bool {
	return method == "POST" || method == "PUT" || method == "PATCH"
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func isTokenString(s string) bool {
	for i := range len(s) {
		if !isToken[s[i]] {
			return false
		}
	}
	return s != ""
}

func isSpaceOrControl(c rune) bool { return c <= ' ' || c == 0x7f }
