package h1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nodrop/loadgen/internal/h1"
)

// outcome is everything that a Parser reports about a response. Consumed is
// left out if the parser failed: it is then approximate by contract.
type outcome struct {
	Err            string // of Feed, otherwise of EOF
	Stage          h1.Stage
	Status         int
	Body           int64
	Length         int64 // ContentLength
	KeepAlive      bool
	CloseDelimited bool
	Interim        int
	Consumed       int
	Captured       []string // "<nil>" if absent
}

// parse resets p, feeds it pieces up to the end of the response, and calls EOF.
func parse(p *h1.Parser, headOnly bool, pieces ...[]byte) outcome {
	p.Reset(headOnly)
	var err error
	consumed := 0
	for _, piece := range pieces {
		var n int
		if n, err = p.Feed(piece); err != nil {
			break
		}
		consumed += n
		if n < len(piece) {
			break
		}
	}
	if err == nil {
		err = p.EOF()
	}
	o := outcome{
		Stage: p.Stage(), Status: p.Status(), Body: p.BodyBytes(), Length: p.ContentLength(),
		KeepAlive: p.KeepAlive(), CloseDelimited: p.CloseDelimited(), Interim: p.Interim(), Consumed: consumed,
	}
	if err != nil {
		o.Err = err.Error()
	}
	if malformed := (*h1.MalformedError)(nil); errors.As(err, &malformed) {
		o.Consumed = 0
		if malformed.Stage != o.Stage {
			o.Err += fmt.Sprintf(" (at stage %d)", malformed.Stage)
		}
	}
	for i := range p.Capture {
		if v := p.Captured(i); v == nil {
			o.Captured = append(o.Captured, "<nil>")
		} else {
			o.Captured = append(o.Captured, string(v))
		}
	}
	return o
}

// agrees reports whether two outcomes of the same bytes differ only in how much
// of an offending line had come when the error was found.
func (o outcome) agrees(other outcome) bool {
	what, sample := cutSample(o.Err)
	otherWhat, otherSample := cutSample(other.Err)
	if !strings.HasPrefix(sample, otherSample) && !strings.HasPrefix(otherSample, sample) {
		return false
	}
	o.Err, other.Err = what, otherWhat
	return reflect.DeepEqual(o, other)
}

// cutSample splits the text of a MalformedError and drops what its sample looks
// like. Any other text comes back whole.
func cutSample(text string) (what, sample string) {
	what, rest, found := strings.Cut(text, ` "`)
	if !found {
		return text, ""
	}
	quoted, err := strconv.QuotedPrefix(`"` + rest)
	if err != nil {
		return text, ""
	}
	sample, _ = strconv.Unquote(quoted)
	return what, sample
}

func split(b []byte, at ...int) (pieces [][]byte) {
	slices.Sort(at)
	from := 0
	for _, to := range at {
		pieces = append(pieces, b[from:to])
		from = to
	}
	return append(pieces, b[from:])
}

// singly feeds a copy of each byte, so that a parser that kept a piece of its
// input would be found out when the piece changes.
func singly(p *h1.Parser, headOnly bool, b []byte) outcome {
	buf := make([][]byte, len(b))
	for i := range b {
		buf[i] = []byte{b[i]}
	}
	return parse(p, headOnly, buf...)
}

const huge = "99999999999999999999"

// row is a response and what the parser must report about it. wanted fills in
// the values that repeat.
type row struct {
	name     string
	in       string
	headOnly bool
	maxHead  int
	surplus  int // bytes of in after the end of the response
	want     outcome
}

// ok, cut and bad build the usual outcomes.
func ok(status int, body int64) outcome {
	return outcome{Stage: h1.StageDone, Status: status, Body: body, Length: body, KeepAlive: true}
}

func chunked(body int64) outcome { return ok(200, body).length(-1) }

func toClose(body int64) outcome {
	o := ok(200, body).length(-1).closing()
	o.CloseDelimited = true
	return o
}

func cut(stage h1.Stage, status int, body, length int64) outcome {
	return outcome{Err: io.ErrUnexpectedEOF.Error(), Stage: stage, Status: status, Body: body, Length: length}
}

func bad(err string) outcome { return outcome{Err: err, Stage: h1.StageHead, Length: -1} }

func badBody(body int64, err string) outcome {
	return outcome{Err: err, Stage: h1.StageBody, Status: 200, Body: body, Length: -1}
}

func (o outcome) length(n int64) outcome { o.Length = n; return o }
func (o outcome) closing() outcome       { o.KeepAlive = false; return o }
func (o outcome) after(n int) outcome    { o.Interim = n; return o }
func (o outcome) server(v string) outcome {
	o.Captured = []string{v}
	return o
}

const (
	head    = "HTTP/1.1 200 OK\r\n"
	chunky  = head + "Transfer-Encoding: chunked\r\n\r\n"
	ok5     = head + "Content-Length: 5\r\n\r\nhello"
	continu = "HTTP/1.1 100 Continue\r\n\r\n"
)

var rows = slices.Concat(statusRows, fieldRows, lengthRows, codingRows, chunkRows, connectionRows, limitRows, otherRows)

var statusRows = []row{
	{name: "nothing", in: "", want: outcome{Err: "EOF", Length: -1}},
	{name: "plain", in: ok5, want: ok(200, 5)},
	{name: "surplus", in: ok5 + "HTTP/1.1", surplus: 8, want: ok(200, 5)},
	{name: "no reason, no space", in: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0)},
	{name: "no reason, space", in: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", want: ok(200, 0)},
	{name: "reason of any bytes", in: "HTTP/1.1 200 \x00\xff \r\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0)},
	{name: "status 999", in: "HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n", want: ok(999, 0)},
	{name: "minor version 2 is 1.1", in: "HTTP/1.2 200 x\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0)},
	{name: "bare LF", in: "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", want: ok(200, 5)},
	{name: "cut in the status line", in: "HTTP/1.1 20", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "cut in a field", in: head + "Content-Le", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "cut before the empty line", in: head + "Content-Length: 5\r\n", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "wrong protocol", in: "HTTQ/1.1 200 OK\r\n\r\n", want: bad(`malformed status line "HTTQ/1.1 200 OK"`)},
	{name: "lower case protocol", in: "http/1.1 200 OK\r\n\r\n", want: bad(`malformed status line "http/1.1 200 OK"`)},
	{name: "HTTP/2", in: "HTTP/2.0 200 OK\r\n\r\n", want: bad(`malformed status line "HTTP/2.0 200 OK"`)},
	{name: "HTTP/0.9", in: "<html>\r\n", want: bad(`malformed status line "<html>": this looks like HTML`)},
	{name: "empty line first", in: "\r\n" + ok5, want: bad(`malformed status line ""`)},
	{name: "two spaces", in: "HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "many spaces, and one after them", in: "HTTP/1.0     200 \r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5).closing()},
	{name: "spaces alone", in: "HTTP/1.1  \r\n\r\n", want: bad(`malformed status line "HTTP/1.1  "`)},
	{name: "no space", in: "HTTP/1.1200 OK\r\n\r\n", want: bad(`malformed status line "HTTP/1.1200 OK"`)},
	{name: "no digit for a version", in: "HTTP/1.x 200 OK\r\n\r\n", want: bad(`malformed status line "HTTP/1.x 200 OK"`)},
	{name: "two digits", in: "HTTP/1.1 20 OK\r\n\r\n", want: bad(`malformed status line "HTTP/1.1 20 OK"`)},
	{name: "four digits", in: "HTTP/1.1 2000 OK\r\n\r\n", want: bad(`malformed status line "HTTP/1.1 2000 OK"`)},
	{name: "status 099", in: "HTTP/1.1 099 x\r\n\r\n", want: bad(`malformed status line "HTTP/1.1 099 x"`)},
	{name: "signed status", in: "HTTP/1.1 +20 x\r\n\r\n", want: bad(`malformed status line "HTTP/1.1 +20 x"`)},
	{name: "tab after status", in: "HTTP/1.1 200\tOK\r\n\r\n", want: bad(`malformed status line "HTTP/1.1 200\tOK"`)},
	{name: "CR after status", in: "HTTP/1.1 200\r\r\n\r\n", want: bad(`malformed status line "HTTP/1.1 200\r"`)},
	{name: "no status", in: "HTTP/1.1\r\n\r\n", want: bad(`malformed status line "HTTP/1.1"`)},
	{name: "long garbage", in: strings.Repeat("x", 80) + "\n", want: bad(`malformed status line "` + strings.Repeat("x", 64) + `"`)},

	{name: "HEAD", in: ok5, headOnly: true, surplus: 5, want: outcome{Stage: h1.StageDone, Status: 200, Length: 5, KeepAlive: true}},
	{name: "HEAD, no length", in: head + "\r\n", headOnly: true, want: ok(200, 0).length(-1)},
	{name: "HEAD, chunked", in: chunky, headOnly: true, want: ok(200, 0).length(-1)},
	{name: "204", in: "HTTP/1.1 204 No Content\r\n\r\n", want: ok(204, 0).length(-1)},
	{name: "204, chunked", in: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", surplus: 5, want: ok(204, 0).length(-1)},
	{name: "304 with the length of the page", in: "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", want: ok(304, 0).length(7)},
	{name: "205 may have a body", in: "HTTP/1.1 205 Reset\r\nContent-Length: 1\r\n\r\nx", want: ok(205, 1)},

	{name: "100 then 200", in: continu + ok5, want: ok(200, 5).after(1)},
	{name: "many interim", in: strings.Repeat(continu, 9) + "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok5, want: ok(200, 5).after(10)},
	{name: "interim fields are forgotten", in: "HTTP/1.0 103 x\r\nConnection: close\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nServer: a\r\n\r\n" + ok5, want: ok(200, 5).after(1)},
	{name: "interim alone", in: continu, want: cut(h1.StageHead, 0, 0, -1).after(1)},
	{name: "malformed after interim", in: continu + "\r\n", want: bad(`malformed status line ""`).after(1)},
	{name: "101 is final", in: "HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\nhello", surplus: 5, want: ok(101, 0).length(5).closing()},
}

var fieldRows = []row{
	{name: "odd but legal fields", in: head + "!#$%&'*+-.^_`|~09AZaz:\r\nX:\t \xff\t-\t \r\nContent-Length:5\r\n\r\nhello", want: ok(200, 5)},
	{name: "names in any case", in: head + "cOnTeNt-LeNgTh: 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "names of the same length", in: head + "Content-Lengths: 7\r\nXontent-Length: 7\r\nContent_Length: 7\r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "captured", in: head + "SERVER:  gw 3 \t\r\nServer: second\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).server("gw 3")},
	{name: "captured empty", in: head + "Server:\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).server("")},
	{name: "captured in the final head only", in: "HTTP/1.1 103 x\r\nServer: a\r\n\r\n" + ok5, want: ok(200, 5).after(1)},
	{name: "captured folded", in: head + "Server: a \r\n\t b\r\n c\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).server("a b c")},
	{name: "not captured from trailers", in: chunky + "0\r\nServer: a\r\n\r\n", want: chunked(0)},
	{name: "folded length", in: head + "Content-Length:\r\n  5\r\n\r\nhello", want: ok(200, 5)},
	{name: "folded into nonsense", in: head + "Content-Length: 1\r\n 2\r\n\r\nhello", want: bad(`malformed content-length "1 2"`)},
	{name: "blank fold", in: head + "Content-Length: 5\r\n \t\r\n\r\nhello", want: ok(200, 5)},
	{name: "blank fold after the coding", in: head + "Transfer-Encoding: chunked\r\n \r\n\r\n0\r\n\r\n", want: chunked(0)},
	{name: "blank fold after the coding in capitals, bare LF", in: head + "TrAnsfer-EnCoding:Chunked\n \n\n0\r\n\r\n", want: chunked(0)},
	{name: "fold, bare LF", in: head + "A: b\n c\nContent-Length: 5\n\nhello", want: ok(200, 5)},
	{name: "fold of the status line", in: head + " A: b\r\n\r\n", want: bad(`malformed header field " A: b"`)},
	{name: "blank first field line", in: head + " \r\n\r\n", want: bad(`malformed header field " "`)},
	{name: "colon in the fold", in: head + "A\r\n : b\r\n\r\n", want: bad(`malformed header field "A"`)},
	{name: "space before colon", in: head + "A : 5\r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "space before the colon of the length", in: head + "Content-Length : 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "spaces before the colon of the coding", in: head + "Transfer-Encoding  :chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", want: chunked(2)},
	{name: "space before the colon of close", in: head + "Connection : close\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).closing()},
	{name: "space before the colon, captured", in: head + "Server : gw\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).server("gw")},
	{name: "space before the colon of another length", in: head + "Content-Length: 5\r\nContent-Length : 6\r\n\r\nhello", want: bad(`conflicting content-length "5, 6"`)},
	{name: "space before a second length with a blank in it", in: head + "Content-Length : 1 0\r\n\r\n", want: bad(`malformed content-length "1 0"`)},
	{name: "space and no colon", in: head + "A \r\n\r\n", want: bad(`malformed header field "A"`)},
	{name: "tab before colon", in: head + "A\t: 5\r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "tab in name", in: head + "A\tB: 5\r\n\r\n", want: bad(`malformed header field "A\tB: 5"`)},
	{name: "space in name", in: head + "A B: 5\r\n\r\n", want: bad(`malformed header field "A B: 5"`)},
	{name: "no colon", in: head + "nonsense\r\n\r\n", want: bad(`malformed header field "nonsense"`)},
	{name: "no name", in: head + ": x\r\n\r\n", want: bad(`malformed header field ": x"`)},
	{name: "non-ASCII name", in: head + "\xe4: x\r\n\r\n", want: bad(`malformed header field "\xe4: x"`)},
	{name: "separator in name", in: head + "A(b): x\r\n\r\n", want: bad(`malformed header field "A(b): x"`)},
	{name: "NUL in value", in: head + "A: x\x00\r\n\r\n", want: bad(`control byte in header field "A: x\x00"`)},
	{name: "CR in value", in: head + "A: x\ry\r\n\r\n", want: bad(`control byte in header field "A: x\ry"`)},
	{name: "CR CR LF", in: head + "A: x\r\r\n\r\n", want: bad(`control byte in header field "A: x\r"`)},
	{name: "CR in a fold", in: head + "A: x\r\n y\r\r\n\r\n", want: bad(`control byte in header field "A: x y\r"`)},
	{name: "DEL in a long value", in: head + "A: 0123456789ab\x7fdef\r\n\r\n", want: bad(`control byte in header field "A: 0123456789ab\x7fdef"`)},
	{name: "tab and obs-text in a long value", in: head + "A: 012345\t\x80\x9f\xa0\xff0123\r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "cut where a fold might follow", in: head + "A: b\r\n", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "no colon, where a fold might follow", in: head + "nonsense\r\n", want: bad(`malformed header field "nonsense"`)},
	{name: "CR as the empty line", in: head + "\r\r\n\r\n", want: bad(`malformed header field "\r"`)},
}

var lengthRows = []row{
	{name: "body cut", in: head + "Content-Length: 5\r\n\r\nhell", want: cut(h1.StageBody, 200, 4, 5)},
	{name: "body cut at once", in: head + "Content-Length: 5\r\n\r\n", want: cut(h1.StageBody, 200, 0, 5)},
	{name: "body over 2^31", in: head + "Content-Length: 4294967301\r\n\r\nhello", want: cut(h1.StageBody, 200, 5, 1<<32+5)},
	{name: "largest length", in: head + "Content-Length: 9223372036854775807\r\n\r\nhello", want: cut(h1.StageBody, 200, 5, 1<<63-1)},
	{name: "length overflow", in: head + "Content-Length: 9223372036854775808\r\n\r\n", want: bad(`malformed content-length "9223372036854775808"`)},
	{name: "length of twenty digits", in: head + "Content-Length: " + huge + "\r\n\r\n", want: bad(`malformed content-length "` + huge + `"`)},
	{name: "leading zeros", in: head + "Content-Length: 0000000000000000000000005\r\n\r\nhello", want: ok(200, 5)},
	{name: "signed", in: head + "Content-Length: +5\r\n\r\nhello", want: bad(`malformed content-length "+5"`)},
	{name: "negative", in: head + "Content-Length: -5\r\n\r\nhello", want: bad(`malformed content-length "-5"`)},
	{name: "hexadecimal", in: head + "Content-Length: 0x5\r\n\r\nhello", want: bad(`malformed content-length "0x5"`)},
	{name: "empty length", in: head + "Content-Length: \r\n\r\n", want: bad(`malformed content-length ""`)},
	{name: "inner space", in: head + "Content-Length: 1 0\r\n\r\n", want: bad(`malformed content-length "1 0"`)},
	{name: "same twice", in: head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5)},
	{name: "same number twice", in: head + "Content-Length: 5\r\nContent-Length: 05\r\n\r\nhello", want: ok(200, 5)},
	{name: "list of the same", in: head + "Content-Length: 5, 5 ,\t5\r\n\r\nhello", want: ok(200, 5)},
	{name: "list that ends in a comma", in: head + "Content-Length: 5,\r\n\r\nhello", want: bad(`malformed content-length "5,"`)},
	{name: "conflicting", in: head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", want: bad(`conflicting content-length "5, 6"`)},
	{name: "conflicting list", in: head + "Content-Length: 5, 6\r\n\r\nhello", want: bad(`conflicting content-length "5, 6"`)},
	{name: "conflicting later", in: head + "Content-Length: 5\r\nContent-Length: 5, 6\r\n\r\nhello", want: bad(`conflicting content-length "5, 5, 6"`)},
	{name: "conflicting on HEAD", in: head + "Content-Length: 5, 6\r\n\r\n", headOnly: true, want: bad(`conflicting content-length "5, 6"`)},
	{name: "until close", in: head + "\r\nhello", want: toClose(5)},
	{name: "until close, empty", in: head + "\r\n", want: toClose(0)},
	{name: "until close, with keep-alive", in: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello", want: toClose(5)},
}

var codingRows = []row{
	{name: "coding in any case", in: head + "transfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n", want: chunked(0)},
	{name: "gzip, chunked", in: head + "Transfer-Encoding: gzip, chunked\r\n\r\n", want: bad(`unsupported transfer-encoding "gzip, chunked"`)},
	{name: "identity", in: head + "Transfer-Encoding: identity\r\n\r\n", want: bad(`unsupported transfer-encoding "identity"`)},
	{name: "empty coding", in: head + "Transfer-Encoding:\r\n\r\n", want: bad(`unsupported transfer-encoding ""`)},
	{name: "chunked list", in: head + "Transfer-Encoding: chunked, chunked\r\n\r\n", want: bad(`unsupported transfer-encoding "chunked, chunked"`)},
	{name: "chunked twice", in: head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", want: bad(`repeated transfer-encoding "chunked"`)},
	{name: "unsupported on 204", in: "HTTP/1.1 204 x\r\nTransfer-Encoding: gzip\r\n\r\n", want: bad(`unsupported transfer-encoding "gzip"`)},
	{name: "coding over length", in: head + "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", want: chunked(2).closing()},
	{name: "coding over length 0", in: head + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n2\r\nhi\r\n0\r\n\r\n", want: chunked(2).closing()},
	{name: "coding and bad length", in: head + "Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n0\r\n\r\n", want: bad(`malformed content-length "x"`)},
	{name: "coding in 1.0", in: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello", want: ok(200, 5).closing()},
	{name: "coding in 1.0, bodiless", in: "HTTP/1.0 204 x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", want: ok(204, 0).length(-1).closing()},
	{name: "any coding in 1.0", in: "HTTP/1.0 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello", want: toClose(5)},
}

var chunkRows = []row{
	{name: "two chunks", in: chunky + "5\r\nhello\r\n0a\r\n0123456789\r\n0\r\n\r\n", want: chunked(15)},
	{name: "surplus after chunks", in: chunky + "000\r\n\r\nHTTP", surplus: 4, want: chunked(0)},
	{name: "capital digits", in: chunky + "A\r\n0123456789\r\n0\r\n\r\n", want: chunked(10)},
	{name: "extensions", in: chunky + "1;a=b;c=\"d\"\r\nx\r\n0;last\r\n\r\n", want: chunked(1)},
	{name: "space after size", in: chunky + "1 \t\r\nx\r\n0\r\n\r\n", want: chunked(1)},
	{name: "space before extension", in: chunky + "1 ;a\r\nx\r\n0\r\n\r\n", want: chunked(1)},
	{name: "long extension", in: chunky + "1;" + strings.Repeat("a", 5000) + "\r\nx\r\n0\r\n\r\n", want: chunked(1)},
	{name: "more framing than data", in: chunky + strings.Repeat("1;"+strings.Repeat("a", 2000)+"\r\nx\r\n", 10) + "0\r\n\r\n", want: chunked(10)},
	{name: "trailers", in: chunky + "0\r\nA: b\r\nContent-Length: 7\r\nConnection: close\r\nTransfer-Encoding: x\r\nX: y\r\n z\r\n\r\n", want: chunked(0)},
	{name: "announced trailers", in: head + "Trailer: A, B\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", want: chunked(0)},
	{name: "forbidden trailer announced", in: head + "Trailer: Content-Length\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", want: chunked(0)},
	{name: "bad trailer", in: chunky + "0\r\nA b\r\n\r\n", want: badBody(0, `malformed header field "A b"`)},
	{name: "control in trailer", in: chunky + "0\r\nA: \x01\r\n\r\n", want: badBody(0, `control byte in header field "A: \x01"`)},
	{name: "fold before trailers", in: chunky + "0\r\n A: b\r\n\r\n", want: badBody(0, `malformed header field " A: b"`)},
	{name: "bare LF in trailer", in: chunky + "0\r\nA: b\nC: d\r\n\r\n", want: chunked(0)},
	{name: "bare LF at the end", in: chunky + "0\r\n\n", want: chunked(0)},
	{name: "bare LF after size", in: chunky + "1\nx\r\n0\r\n\r\n", want: chunked(1)},
	{name: "bare LF after an extension", in: chunky + "1;a\nx\r\n0\r\n\r\n", want: chunked(1)},
	{name: "bare LF after data", in: chunky + "1\r\nx\n0\r\n\r\n", want: chunked(1)},
	{name: "bare LF everywhere", in: chunky + "5\nhello\n6\n world\n0\nA: b\n\n", want: chunked(11)},
	{name: "two bare LF after data", in: chunky + "1\r\nx\n\n0\r\n\r\n", want: badBody(1, `malformed chunk size ""`)},
	{name: "CR in the size", in: chunky + "1\rx\r\n", want: badBody(0, `malformed chunk size "1\rx"`)},
	{name: "CR and no LF after data", in: chunky + "1\r\nx\r0\r\n\r\n", want: badBody(1, `malformed chunk end "0"`)},
	{name: "chunk too long", in: chunky + "1\r\nxy\r\n0\r\n\r\n", want: badBody(1, `malformed chunk end "y"`)},
	{name: "CR in extension", in: chunky + "1;\ra\r\nx\r\n0\r\n\r\n", want: badBody(0, `malformed chunk size "1;\ra"`)},
	{name: "no digits", in: chunky + "zz\r\n", want: badBody(0, `malformed chunk size "zz"`)},
	{name: "prefixed", in: chunky + "0x1\r\nx\r\n0\r\n\r\n", want: badBody(0, `malformed chunk size "0x1"`)},
	{name: "signed size", in: chunky + "-1\r\n", want: badBody(0, `malformed chunk size "-1"`)},
	{name: "empty size", in: chunky + "\r\n", want: badBody(0, `malformed chunk size ""`)},
	{name: "extension only", in: chunky + ";a\r\n", want: badBody(0, `malformed chunk size ";a"`)},
	{name: "space before size", in: chunky + " 1\r\nx\r\n0\r\n\r\n", want: badBody(0, `malformed chunk size " 1"`)},
	{name: "largest chunk", in: chunky + "7fffffffffffffff\r\nx", want: cut(h1.StageBody, 200, 1, -1)},
	{name: "chunk overflow", in: chunky + "8000000000000000\r\nx", want: badBody(0, `malformed chunk size "8000000000000000"`)},
	{name: "seventeen digits", in: chunky + "00000000000000001\r\nx", want: badBody(0, `malformed chunk size "00000000000000001"`)},
	{name: "plain text", in: chunky + "hello", want: badBody(0, `malformed chunk size "hello"`)},
	{name: "plain text that begins as a size", in: chunky + "decade", want: cut(h1.StageBody, 200, 0, -1)},
	{name: "text behind a size", in: chunky + "5 apples", want: badBody(0, `malformed chunk size "5 apples"`)},
	{name: "seventeen digits and no end", in: chunky + "00000000000000001", want: badBody(0, `malformed chunk size "00000000000000001"`)},
	{name: "extension without an end", in: chunky + "1;a", want: cut(h1.StageBody, 200, 0, -1)},
	{name: "bad trailer without an end", in: chunky + "0\r\nA b", want: badBody(0, `malformed header field "A b"`)},
	{name: "cut before any chunk", in: chunky, want: cut(h1.StageBody, 200, 0, -1)},
	{name: "cut in a size", in: chunky + "5", want: cut(h1.StageBody, 200, 0, -1)},
	{name: "cut in a chunk", in: chunky + "5\r\nhel", want: cut(h1.StageBody, 200, 3, -1)},
	{name: "cut after a chunk", in: chunky + "5\r\nhello\r\n", want: cut(h1.StageBody, 200, 5, -1)},
	{name: "cut after the last chunk", in: chunky + "0\r\n", want: cut(h1.StageBody, 200, 0, -1)},
	{name: "cut in the last line", in: chunky + "0\r\n\r", want: cut(h1.StageBody, 200, 0, -1)},
	{name: "cut in the trailers", in: chunky + "0\r\nA: b\r\n", want: cut(h1.StageBody, 200, 0, -1)},
}

var connectionRows = []row{
	{name: "close", in: head + "Connection: close\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).closing()},
	{name: "close in a list, in capitals", in: head + "Connection: Upgrade , CLOSE\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).closing()},
	{name: "close in a second field", in: head + "Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).closing()},
	{name: "close and keep-alive", in: head + "Connection: close, keep-alive\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).closing()},
	{name: "not quite close", in: head + "Connection: closed\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0)},
	{name: "chunked and close", in: head + "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", want: chunked(0).closing()},
	{name: "1.0", in: "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).closing()},
	{name: "1.0 keep-alive", in: "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0)},
	{name: "1.0 keep-alive and close", in: "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n", want: ok(200, 0).closing()},
	{name: "1.0 204 keep-alive", in: "HTTP/1.0 204 x\r\nConnection: keep-alive\r\n\r\n", want: ok(204, 0).length(-1)},
}

var limitRows = []row{
	{name: "head at the limit", in: head + "A: b\r\nContent-Length: 5\r\n\r\nhello", maxHead: 17 + 6 + 19 + 2, want: ok(200, 5)},
	{name: "head over the limit", in: head + "A: b\r\nContent-Length: 5\r\n\r\nhello", maxHead: 17 + 6 + 19 + 1, want: bad("response head over 43 bytes")},
	{name: "status line over the limit", in: ok5, maxHead: 4, want: bad("response head over 4 bytes")},
	{name: "endless line", in: head + strings.Repeat("x", 99), maxHead: 64, want: bad("response head over 64 bytes")},
	{name: "endless fold", in: head + "A: b\r\n" + strings.Repeat(" x\r\n", 20), maxHead: 64, want: bad("response head over 64 bytes")},
	{name: "endless interim", in: strings.Repeat(continu, 4) + ok5, maxHead: 64, want: bad("response head over 64 bytes").after(2)},
	{name: "malformed before the limit", in: head + "x\r\n" + strings.Repeat("y", 99), maxHead: 64, want: bad(`malformed header field "x"`)},
	{name: "endless chunk size", in: chunky + "1;" + strings.Repeat("x", 99), maxHead: 64, want: badBody(0, "chunk size line over 64 bytes")},
	{name: "each chunk-size line for itself", in: chunky + strings.Repeat("1;"+strings.Repeat("x", 60)+"\r\nx\r\n", 3) + "0\r\n" + "A: " + strings.Repeat("x", 57) + "\r\n\r\n", maxHead: 64, want: chunked(3)},
	{name: "endless trailers", in: chunky + "0\r\n" + strings.Repeat("A: b\r\n", 20), maxHead: 64, want: badBody(0, "trailers over 64 bytes")},
	{name: "default limit", in: head + "A: " + strings.Repeat("b", 10<<20), want: bad("response head over 10485760 bytes")},
	{name: "malformed at the limit", in: "nonsense", maxHead: 4, want: bad(`malformed status line "nons"`)},
}

// otherRows are bytes that no HTTP/1 server sends. The parser must detect them
// without waiting for the end of a line.
var otherRows = []row{
	{name: "HTTP/2 settings", in: "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d", want: bad(`malformed status line "\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00d": this looks like HTTP/2`)},
	{name: "HTTP/2 goaway", in: "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", want: bad(`malformed status line "\x00\x00\b\a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01": this looks like HTTP/2`)},
	{name: "nulls", in: strings.Repeat("\x00", 12), want: bad(`malformed status line "` + strings.Repeat(`\x00`, 12) + `"`)},
	{name: "TLS alert", in: "\x15\x03\x01\x00\x02\x02\x46", want: bad(`malformed status line "\x15\x03\x01\x00\x02\x02F": this looks like TLS`)},
	{name: "TLS alert, cut", in: "\x15", want: bad(`malformed status line "\x15"`)},
	{name: "SSH", in: "SSH-2.0-OpenSSH_9.2\r\n", want: bad(`malformed status line "SSH-2.0-OpenSSH_9.2": this looks like SSH`)},
	{name: "SMTP", in: "220 mx ESMTP\r\n", want: bad(`malformed status line "220 mx ESMTP": this looks like SMTP or FTP`)},
	{name: "RTSP", in: "RTSP/1.0 200 OK\r\n", want: bad(`malformed status line "RTSP/1.0 200 OK": this looks like RTSP`)},
	{name: "ICY", in: "ICY 200 OK\r\n", want: bad(`malformed status line "ICY 200 OK": this looks like Icecast (ICY)`)},
	{name: "HTML", in: "<html>hello</html>", want: bad(`malformed status line "<html>hello</html>": this looks like HTML`)},
	{name: "text", in: "hello", want: bad(`malformed status line "hello"`)},
	{name: "HTML after the status line", in: head + "<html>hello</html>", want: bad(`malformed header field "<html>hello</html>": this looks like HTML`)},
	{name: "HTML after a field", in: head + "Content-Type: text/html\r\n<html>hello</html>", want: bad(`malformed header field "<html>hello</html>": this looks like HTML`)},
	{name: "JSON after a field", in: head + "A: b\r\n{\"a\":1}", want: bad(`malformed header field "{\"a\":1}": this looks like JSON`)},
	{name: "text after a field", in: head + "A: b\r\nhello world", want: bad(`malformed header field "hello world"`)},
	{name: "a body in place of the empty line", in: head + "Content-Length: 5\r\nhello", want: bad(`body without an empty line before it: "hello"`)},
	{name: "a body in place of the empty line, and in parts", in: head + "Content-Length: 6\r\nhello\n", want: bad(`malformed header field "hello"`)},
	{name: "cut in a name of another length", in: head + "Content-Length: 5\r\nhell", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "cut in a field's name, chunked", in: head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nhello", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "cut after a field's name", in: head + "A ", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "cut in the empty line", in: head + "A: b\r\n\r", want: cut(h1.StageHead, 0, 0, -1)},
	{name: "cut in a fold", in: head + "A: b\r\n <", want: cut(h1.StageHead, 0, 0, -1)},
}

func (r row) wanted() outcome {
	want := r.want
	if want.Captured == nil {
		want.Captured = []string{"<nil>"}
	}
	switch want.Err {
	case "", io.EOF.Error(), io.ErrUnexpectedEOF.Error():
		want.Consumed = len(r.in) - r.surplus
	}
	return want
}

func (r row) parser() *h1.Parser {
	return &h1.Parser{MaxHead: r.maxHead, Capture: []string{"server"}}
}

func TestParser(t *testing.T) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			in, want := []byte(r.in), r.wanted()
			if got := parse(r.parser(), r.headOnly, in); !reflect.DeepEqual(got, want) {
				t.Fatalf("whole %.99q:\n got %+v;\nwant %+v", r.in, got, want)
			}
			if got := singly(r.parser(), r.headOnly, in); !got.agrees(want) {
				t.Errorf("byte by byte %.99q:\n got %+v;\nwant %+v", r.in, got, want)
			}
			if len(in) > 1<<16 {
				return // trying every split takes quadratic time
			}
			p := r.parser() // reused: Reset must leave nothing behind
			for i := range in {
				if got := parse(p, r.headOnly, split(in, i)...); !got.agrees(want) {
					t.Fatalf("split at %d, %.99q:\n got %+v;\nwant %+v", i, r.in, got, want)
				}
			}
		})
	}
}

func TestRowNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.name] {
			t.Errorf("two rows named %q", r.name)
		}
		seen[r.name] = true
	}
}

func TestErrorIsSticky(t *testing.T) {
	p := &h1.Parser{}
	p.Reset(false)
	_, first := p.Feed([]byte("nonsense\r\n"))
	n, again := p.Feed([]byte(ok5))
	if first == nil || n != 0 || !errors.Is(again, first) || !errors.Is(p.EOF(), first) || p.Done() || p.KeepAlive() {
		t.Errorf("got %d, %v, EOF %v; want 0 and %v each time", n, again, p.EOF(), first)
	}
	p.Reset(false)
	if n, err := p.Feed([]byte(ok5)); n != len(ok5) || err != nil || !p.Done() {
		t.Errorf("after Reset: got %d, %v, done %t; want %d, nil, true", n, err, p.Done(), len(ok5))
	}
}

func TestErrorKeepsNoInput(t *testing.T) {
	p := &h1.Parser{}
	p.Reset(false)
	in := []byte("nonsense\r\n")
	_, err := p.Feed(in)
	copy(in, "XXXXXXXX")
	if want := `malformed status line "nonsense"`; err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestStages(t *testing.T) {
	p := &h1.Parser{}
	p.Reset(false)
	for _, step := range []struct {
		in   string
		want h1.Stage
	}{
		{"", h1.StageIdle},
		{"H", h1.StageHead},
		{continu[1:], h1.StageHead}, // bytes were seen, so not idle again
		{head + "Transfer-Encoding: chunked\r\n", h1.StageHead},
		{"\r\n", h1.StageBody},
		{"1\r\nx\r\n0\r\nA: b\r\n", h1.StageBody},
		{"\r\n", h1.StageDone},
		{"surplus", h1.StageDone},
	} {
		if _, err := p.Feed([]byte(step.in)); err != nil || p.Stage() != step.want {
			t.Errorf("after %q: got stage %d, error %v; want %d", step.in, p.Stage(), err, step.want)
		}
	}
	if n, err := p.Feed([]byte("more")); n != 0 || err != nil || p.EOF() != nil {
		t.Errorf("after the end: got %d, %v, EOF %v; want 0, nil, nil", n, err, p.EOF())
	}
}

// TestBodyIsHandedOut checks that Body gets the whole body without its framing,
// however it came, and after its head is known.
func TestBodyIsHandedOut(t *testing.T) {
	for name, in := range map[string]string{
		"length":          head + "Server: x\r\nContent-Length: 11\r\n\r\nhello world" + "surplus",
		"chunked":         continu + head + "Server: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nA: b\r\n\r\n",
		"close delimited": head + "Server: x\r\n\r\nhello world",
	} {
		for i := range in {
			var got []byte
			p := &h1.Parser{Capture: []string{"server"}}
			p.Body = func(piece []byte) {
				if len(piece) == 0 || p.Status() != 200 || string(p.Captured(0)) != "x" {
					t.Fatalf("%s: %q at status %d, server %q", name, piece, p.Status(), p.Captured(0))
				}
				got = append(got, piece...)
			}
			o := parse(p, false, split([]byte(in), i)...)
			if o.Err != "" || string(got) != "hello world" || o.Body != int64(len(got)) {
				t.Fatalf("%s split at %d: got %q of %+v", name, i, got, o)
			}
		}
	}
	for name, in := range map[string]string{
		"204":            "HTTP/1.1 204 x\r\n\r\nhello",
		"304":            "HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\nhello",
		"no length":      head + "Content-Length: 0\r\n\r\nhello",
		"no chunk":       chunky + "0\r\n\r\n",
		"nothing at all": head + "\r\n",
	} {
		p := &h1.Parser{Body: func(piece []byte) { t.Errorf("%s: got %q", name, piece) }}
		parse(p, false, []byte(in))
	}
}

// TestRepeated: an interim head's fields do not count.
func TestRepeated(t *testing.T) {
	const interim = "HTTP/1.1 103 x\r\nA: 1\r\nA: 2\r\n\r\n"
	for in, want := range map[string]bool{
		head + "A: 1\r\n":                   false,
		head + "A: 1\r\nB: 1\r\na: 2\r\n":   true,
		interim + head + "A: 1\r\nB: 1\r\n": false,
	} {
		p := &h1.Parser{Capture: []string{"a"}}
		parse(p, false, []byte(in+"\r\n"))
		if got := p.Repeated(0); got != want || string(p.Captured(0)) != "1" {
			t.Errorf("%q: got %t, first %q; want %t", in, got, p.Captured(0), want)
		}
	}
}

// TestTakeContinue: a 100 is reported once and is not part of the final
// response.
func TestTakeContinue(t *testing.T) {
	const hints = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
	for _, r := range []struct {
		name, in string
		want     bool
		stage    h1.Stage // after TakeContinue
	}{
		{"nothing", "", false, h1.StageIdle},
		{"part of it", continu[:len(continu)-2], false, h1.StageHead},
		{"100", continu, true, h1.StageIdle},
		{"103", hints, false, h1.StageHead},
		{"103 and 100", hints + continu, true, h1.StageIdle},
		{"100 and part of a line", continu + "HTTP/1.1 20", true, h1.StageHead},
		{"100 and part of a head", continu + head, true, h1.StageHead},
		{"100 and the answer", continu + ok5, true, h1.StageDone},
		{"the answer", ok5, false, h1.StageDone},
	} {
		p := &h1.Parser{}
		p.Reset(false)
		if _, err := p.Feed([]byte(r.in)); err != nil {
			t.Fatal(err)
		}
		if got := p.TakeContinue(); got != r.want || p.TakeContinue() || p.Stage() != r.stage {
			t.Errorf("%s: got %t, then stage %d; want %t once, then %d", r.name, got, p.Stage(), r.want, r.stage)
		}
	}
	p := &h1.Parser{}
	p.Reset(false)
	_, _ = p.Feed([]byte(continu))
	p.Reset(false)
	if p.TakeContinue() {
		t.Error("told after Reset")
	}
	// A 100 that was taken does not count against the limit of the response's
	// head.
	p.MaxHead = len(continu)
	p.Reset(false)
	_, _ = p.Feed([]byte(continu))
	if _, err := p.Feed([]byte("H")); err == nil {
		t.Error("no limit")
	}
	p.Reset(false)
	_, _ = p.Feed([]byte(continu))
	p.TakeContinue()
	if _, err := p.Feed([]byte("HTTP/1.1")); err != nil {
		t.Error(err)
	}
}

func TestBodyOver32Bits(t *testing.T) {
	p := &h1.Parser{}
	block := make([]byte, 1<<20)
	for _, in := range []string{head + "Content-Length: 5368709120\r\n\r\n", chunky + "140000000\r\n"} {
		p.Reset(false)
		if _, err := p.Feed([]byte(in)); err != nil {
			t.Fatal(err)
		}
		for range 5 << 10 {
			if n, err := p.Feed(block); n != len(block) || err != nil {
				t.Fatalf("got %d, %v; want %d, nil", n, err, len(block))
			}
		}
		if p.BodyBytes() != 5<<30 {
			t.Errorf("got %d bytes; want %d", p.BodyBytes(), 5<<30)
		}
	}
}

// typical is what a small Go or nginx backend sends.
const typical = "HTTP/1.1 200 OK\r\n" +
	"Date: Mon, 02 Jan 2006 15:04:05 GMT\r\n" +
	"Server: gateway-3\r\n" +
	"Content-Type: application/json; charset=utf-8\r\n" +
	"Content-Length: 27\r\n" +
	"Connection: keep-alive\r\n\r\n" +
	"{\"ok\":true,\"replica\":\"gw3\"}"

func TestParserAllocatesNothing(t *testing.T) {
	for name, in := range map[string]string{
		"typical": typical,
		"chunked": continu + head + "Server: x\r\n y\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n",
		"cut":     typical[:len(typical)-3],
	} {
		for _, at := range []int{0, 5, 20, 60, len(in) - 1} {
			p := &h1.Parser{Capture: []string{"server", "x-absent"}, Body: func([]byte) {}}
			whole, pieces := []byte(in), split([]byte(in), at)
			allocs := testing.AllocsPerRun(100, func() {
				p.Reset(false)
				for _, piece := range pieces {
					if _, err := p.Feed(piece); err != nil {
						t.Fatal(err)
					}
				}
				_ = p.EOF()
				p.Reset(true)
				_, _ = p.Feed(whole)
			})
			if allocs != 0 {
				t.Errorf("%s split at %d: got %v allocations; want 0", name, at, allocs)
			}
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, r := range rows {
		if len(r.in) < 1<<12 {
			f.Add([]byte(r.in), r.headOnly, uint16(len(r.in)/3), uint16(len(r.in)/2))
		}
	}
	reused := &h1.Parser{MaxHead: 512, Capture: []string{"server", "a"}}
	var content []byte
	reused.Body = func(piece []byte) { content = append(content, piece...) }
	f.Fuzz(func(t *testing.T, in []byte, headOnly bool, x, y uint16) {
		fresh := func() *h1.Parser { return &h1.Parser{MaxHead: reused.MaxHead, Capture: reused.Capture} }
		want := parse(fresh(), headOnly, bytes.Clone(in))
		checkInvariants(t, want)
		content = content[:0]
		if got := parse(reused, headOnly, in); !reflect.DeepEqual(got, want) {
			t.Errorf("reused parser:\n got %+v;\nwant %+v", got, want)
		}
		whole := bytes.Clone(content)
		content = content[:0]
		i, j := int(x)%(len(in)+1), int(y)%(len(in)+1)
		if got := parse(reused, headOnly, split(in, i, j)...); !got.agrees(want) {
			t.Errorf("split at %d and %d:\n got %+v;\nwant %+v", i, j, got, want)
		}
		if int64(len(whole)) != want.Body || !bytes.Equal(content, whole) {
			t.Errorf("of %d bytes got %q, split %q", want.Body, whole, content)
		}
		if got := singly(fresh(), headOnly, in); !got.agrees(want) {
			t.Errorf("byte by byte:\n got %+v;\nwant %+v", got, want)
		}
	})
}

func checkInvariants(t *testing.T, o outcome) {
	t.Helper()
	done := o.Stage == h1.StageDone
	switch {
	case done != (o.Err == ""),
		o.KeepAlive && (!done || o.CloseDelimited),
		(o.Status != 0) != (o.Stage >= h1.StageBody),
		o.Stage == h1.StageIdle && (o.Consumed != 0 || o.Err != io.EOF.Error()),
		o.Body < 0, o.Body > 0 && o.Stage < h1.StageBody,
		o.Length >= 0 && o.Body > o.Length:
		t.Errorf("contradicts itself: %+v", o)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct {
		name    string
		capture []string
		pieces  [][]byte
	}{
		{"typical", nil, split([]byte(typical))},
		{"captured", []string{"server"}, split([]byte(typical))},
		{"straddling", nil, split([]byte(typical), 40, 90)},
		{"chunked", nil, split([]byte(chunky + "5\r\nhello\r\n0\r\n\r\n"))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			p := &h1.Parser{Capture: bench.capture}
			for b.Loop() {
				p.Reset(false)
				for _, piece := range bench.pieces {
					if _, err := p.Feed(piece); err != nil {
						b.Fatal(err)
					}
				}
				if !p.Done() {
					b.Fatal("not done")
				}
			}
		})
	}
}

// TestLongLinesAreLetGo checks that an unusually large buffer for one response
// is not kept until the end of the connection.
func TestLongLinesAreLetGo(t *testing.T) {
	p := h1.Parser{Capture: []string{"x-long"}}
	p.Reset(false)
	ordinary := "HTTP/1.1 200 OK\r\nX-Long: a\r\nContent-Length: 0\r\n\r\n"
	long := strings.Replace(ordinary, "a", strings.Repeat("a", 500_000), 1)
	for _, response := range []string{ordinary, long} {
		for i := range len(response) { // a byte at a time, so that the parser assembles lines
			if _, err := p.Feed([]byte(response[i : i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if !p.Done() || len(p.Captured(0)) == 0 {
			t.Fatalf("done %t, captured %q", p.Done(), p.Captured(0))
		}
		p.Reset(false)
	}
	if held := p.Held(); held > 64<<10 {
		t.Errorf("%d bytes held", held)
	}
	if _, err := p.Feed([]byte(ordinary)); err != nil || string(p.Captured(0)) != "a" {
		t.Errorf("after a long response: %v, captured %q", err, p.Captured(0))
	}
}
