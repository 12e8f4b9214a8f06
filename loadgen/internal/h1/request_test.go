package h1_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"nodrop/loadgen/internal/h1"
)

// TestBodyToFollow checks that the bytes end with the head, which announces the
// body.
func TestBodyToFollow(t *testing.T) {
	for method, length := range map[string]int64{"PUT": 5 << 30, "GET": 1} {
		r := h1.Request{Method: method, Host: "h", Length: length}
		want := fmt.Sprintf("%s / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", method, length)
		if got := string(r.Append(nil)); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestRequestAppend(t *testing.T) {
	for name, test := range map[string]struct {
		in   h1.Request
		want string
	}{
		"zero":    {h1.Request{}, "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
		"plain":   {h1.Request{Target: "/a?b", Host: "gateway:80"}, "GET /a?b HTTP/1.1\r\nHost: gateway:80\r\n\r\n"},
		"fields":  {h1.Request{Host: "h", Fields: []h1.Field{{"b", "1"}, {"A", ""}, {"b", "2"}}}, "GET / HTTP/1.1\r\nHost: h\r\nb: 1\r\nA: \r\nb: 2\r\n\r\n"},
		"close":   {h1.Request{Host: "h", Close: true}, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"},
		"body":    {h1.Request{Method: "DELETE", Host: "h", Body: []byte("hello")}, "DELETE / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"},
		"POST":    {h1.Request{Method: "POST", Host: "h"}, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
		"PUT":     {h1.Request{Method: "PUT", Host: "h"}, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
		"PATCH":   {h1.Request{Method: "PATCH", Host: "h"}, "PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
		"OPTIONS": {h1.Request{Method: "OPTIONS", Target: "*", Host: "h"}, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := test.in.Validate(); err != nil {
				t.Errorf("Validate: %v", err)
			}
			if got := string(test.in.Append([]byte("before"))); got != "before"+test.want {
				t.Errorf("got  %q\nwant %q", got, "before"+test.want)
			}
			if err := sameAsNetHTTPReads(&test.in); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRequestValidate(t *testing.T) {
	field := func(name, value string) h1.Request { return h1.Request{Fields: []h1.Field{{name, value}}} }
	for want, r := range map[string]h1.Request{
		`method "GE T" is not a token`:                                                   {Method: "GE T"},
		`method "G\r\n" is not a token`:                                                  {Method: "G\r\n"},
		`target "/a b": ' ' must be percent-encoded`:                                     {Target: "/a b"},
		`target "/\x7f": '\x7f' must be percent-encoded`:                                 {Target: "/\x7f"},
		`host "a\r\nb": '\r' is not allowed`:                                             {Host: "a\r\nb"},
		`header field "": its name is not a token`:                                       field("", "x"),
		`header field "A:": its name is not a token`:                                     field("A:", "x"),
		`header field "\xe4": its name is not a token`:                                   field("\xe4", "x"),
		`header field "hOst": the request already has the host ""`:                       field("hOst", "x"),
		`header field "A": its value contains a line break or another control character`: field("A", "x\r"),
		`header field "B": its value contains a line break or another control character`: field("B", "x\nEvil: y"),
		`header field "C": its value contains a line break or another control character`: field("C", "x\x00"),
		`header field "D": its value contains a line break or another control character`: field("D", "\x7f"),
		`header field "CONTENT-LENGTH": nodrop sets this field`:                          field("CONTENT-LENGTH", "9"),
		`header field "transfer-encoding": nodrop sets this field`:                       field("transfer-encoding", "chunked"),
		`header field "Trailer": nodrop sets this field`:                                 field("Trailer", "X"),
		"": field("!#$%&'*+-.^_`|~09AZaz", "\t any \xff"),
	} {
		got := ""
		if err := r.Validate(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%+v:\n got %s;\nwant %s", r, got, want)
		}
	}
}

func sameAsNetHTTPReads(r *h1.Request) error {
	wire := r.Append(nil)
	br := bufio.NewReader(bytes.NewReader(wire))
	got, err := http.ReadRequest(br)
	if err != nil {
		return fmt.Errorf("%q: %w", wire, err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return fmt.Errorf("%q: body: %w", wire, err)
	}
	wantHeader, framed := http.Header{}, false
	for _, f := range r.Fields {
		framed = framed || strings.EqualFold(f.Name, "content-length") || strings.EqualFold(f.Name, "transfer-encoding")
		wantHeader.Add(f.Name, strings.Trim(f.Value, " \t"))
	}
	method, target := r.Method, r.Target
	if method == "" {
		method = "GET"
	}
	if target == "" {
		target = "/"
	}
	switch {
	case got.Method != method, got.RequestURI != target, got.Host != r.Host, got.Proto != "HTTP/1.1":
		return fmt.Errorf("%q: read as %s %s %s of host %q", wire, got.Method, got.RequestURI, got.Proto, got.Host)
	case r.Close && !got.Close:
		return fmt.Errorf("%q: connection not closed", wire)
	case framed:
		return nil // the caller frames the body, and so determines its extent
	case !bytes.Equal(body, r.Body):
		return fmt.Errorf("%q: read body %q", wire, body)
	case br.Buffered() > 0:
		return fmt.Errorf("%q: %d bytes too many", wire, br.Buffered())
	}
	for name, want := range wantHeader {
		if name == "Connection" && r.Close {
			continue // got also has the fields that Append adds
		}
		if fmt.Sprint(got.Header[name]) != fmt.Sprint(want) && name != "Pragma" && name != "Cache-Control" {
			return fmt.Errorf("%q: read field %s as %q; want %q", wire, name, got.Header[name], want)
		}
	}
	return nil
}

func FuzzRequest(f *testing.F) {
	f.Add("", "", "", "A", "b", []byte(nil), false)
	f.Add("POST", "/a?b=c%20d", "gateway:80", "Content-Type", " text/plain\t", []byte("hello"), true)
	f.Add("PUT", "/", "h", "Content-Length", "9", []byte("hello"), false)
	f.Add("PUT", "/", "h", "Connection", "keep-alive", []byte("GET / HTTP/1.1\r\n\r\n"), true)
	f.Add("OPTIONS", "*", "[::1]:80", "X", "\xff", []byte("\r\n"), false)
	f.Add("GET", "/", "h", "A", "x\r\nB: y", []byte(nil), false)
	f.Fuzz(func(t *testing.T, method, target, host, name, value string, body []byte, closes bool) {
		r := &h1.Request{Method: method, Target: target, Host: host, Fields: []h1.Field{{name, value}}, Body: body, Close: closes}
		if r.Validate() != nil {
			return
		}
		wire := r.Append(nil)
		head, _, _ := bytes.Cut(wire, []byte("\r\n\r\n"))
		if n := bytes.Count(head, []byte("\n")); n > 4 || n < 2 {
			t.Fatalf("%q: %d lines of fields; want 2 to 4", wire, n)
		}
		if !readable(r) {
			return
		}
		if err := sameAsNetHTTPReads(r); err != nil {
			t.Error(err)
		}
	})
}

// readable excludes what Validate accepts and net/http refuses to read or reads
// differently.
func readable(r *h1.Request) bool {
	f := r.Fields[0]
	if _, err := http.NewRequest("GET", r.Target, nil); err != nil {
		return false
	}
	return (r.Target == "" || strings.HasPrefix(r.Target, "/")) && r.Method != "CONNECT" && !strings.EqualFold(f.Name, "upgrade")
}
