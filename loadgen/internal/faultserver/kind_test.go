package faultserver

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestEveryKindHasARow(t *testing.T) {
	seen := map[string]Kind{}
	for _, k := range Kinds() {
		if k.String() == "" || kinds[k].script == nil {
			t.Errorf("kind %d (after %v) has no row in the table", k, k-1)
			continue
		}
		if other, twice := seen[k.String()]; twice {
			t.Errorf("kinds %d and %d are both named %q", other, k, k)
		}
		seen[k.String()] = k
		if _, found := wire[k]; !found {
			t.Errorf("%v: nothing tests what it sends", k)
		}
	}
	if got, want := numKinds.String(), "kind(54)"; got != want {
		t.Errorf("unknown kind: got %q; want %q", got, want)
	}
}

const (
	okWire      = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n"
	chunkedWire = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
	cutWire     = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
)

// gzipWire returns the head of a compressed response whose content lacks its
// last missing bytes.
func gzipWire(missing int) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(compressed())-missing)
}

// wire is what each kind sends: the part for every method, the part that a
// response to HEAD lacks, and the ending.
var wire = map[Kind]struct {
	head, body string
	end        ending
}{
	OK:                  {okWire, "ok\n", endKeep},
	Chunked:             {chunkedWire, "5\r\nhello\r\n6;last=no\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n", endKeep},
	CloseDelimited:      {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n", "until the end\n", endFIN},
	Split:               {chunkedWire, "5\r\nhello\r\n6;last=no\r\n world\r\n0\r\nX-Sum: 11\r\n\r\n", endKeep},
	Interim:             {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n" + okWire, "ok\n", endKeep},
	NoContent:           {"HTTP/1.1 204 No Content\r\n\r\n", "", endKeep},
	NotModified:         {"HTTP/1.1 304 Not Modified\r\nEtag: \"1\"\r\nContent-Length: 3\r\n\r\n", "", endKeep},
	Unavailable:         {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 19\r\n\r\n", "no healthy upstream", endKeep},
	EOFBeforeResponse:   {"", "", endCut},
	ResetBeforeResponse: {"", "", endRST},
	EOFInHead:           {"HTTP/1.1 200 OK\r\nContent-Le", "", endCut},
	ResetInHead:         {"HTTP/1.1 200 OK\r\nContent-Le", "", endRST},
	ResetAfterHead:      {cutWire, "", endRST},
	EOFInBody:           {cutWire, strings.Repeat("x", 400), endCut},
	ResetInBody:         {cutWire, strings.Repeat("x", 400), endRST},
	EOFInChunk:          {chunkedWire, "5\r\nhello\r\n6\r\n wo", endCut},
	EOFBeforeLastChunk:  {chunkedWire, "5\r\nhello\r\n6\r\n world\r\n", endCut},
	Silence:             {"", "", endHold},
	SilenceInBody:       {cutWire, strings.Repeat("x", 400), endHold},
	MalformedHead:       {"HTTQ/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "ok\n", endFIN},
	MalformedChunk:      {chunkedWire, "five\r\nhello\r\n0\r\n\r\n", endFIN},
	OKThenFIN:           {okWire, "ok\n", endFIN},
	OKThenRST:           {okWire, "ok\n", endRST},
	InterimFlood:        {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 1000) + okWire, "ok\n", endKeep},
	EndlessInterim:      {strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: "+strings.Repeat("x", 4096)+"\r\n\r\n", 2816) + okWire, "ok\n", endKeep},
	LongField:           {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Long: " + strings.Repeat("x", 1310720) + "\r\n\r\n", "ok\n", endKeep},
	ManyFields:          {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n" + strings.Repeat("X-Many: 0123456789abcdef0123456789abcdef\r\n", 32768) + "\r\n", "ok\n", endKeep},
	SlowHead:            {"HTTP/1.1 200 OK\r\nContent-Le", "", endDrip},
	SlowBody:            {"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", strings.Repeat("x", 400), endDrip},
	Trailers:            {chunkedWire, "5\r\nhello\r\n0\r\nX-Sum: 5\r\nX-Folded: a\r\n b\r\nX-Empty:\r\n\r\n", endKeep},
	MalformedTrailer:    {chunkedWire, "5\r\nhello\r\n0\r\nX-Sum 5\r\n\r\n", endFIN},
	Gzip:                {gzipWire(0), string(compressed()), endKeep},
	BadGzip:             {gzipWire(0), string(miscounted(compressed())), endKeep},
	ShortGzip:           {gzipWire(12), string(shortened(compressed())), endKeep},
	EOFInGzip:           {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n", string(shortened(compressed())), endCut},
	Continue:            {continues + okWire, "ok\n", endKeep},
	ExpectationFailed:   {"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 8\r\n\r\n", "no body\n", endKeep},
	EOFBeforeBody:       {"", "", endCut},
	ResetBeforeBody:     {"", "", endRST},
	EOFAfterContinue:    {continues, "", endCut},
	EOFCloseDelimited:   {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n", "until the end\n", endCut},
	LooseHead:           {"HTTP/1.1  200 OK\r\nContent-Type : text/plain\r\nContent-Length : 3\r\n\r\n", "ok\n", endKeep},
	LooseChunks:         {chunkedWire, "5\nhello\n6;last=no\n world\n0\nX-Sum: 11\n\n", endKeep},
	HugeField:           {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Huge: " + strings.Repeat("x", 11<<20) + "\r\n\r\n", "ok\n", endKeep},
	SpeaksHTTP2:         {"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", "", endHold},
	SpeaksTLS:           {"\x15\x03\x01\x00\x02\x02\x46", "", endFIN},
	BareBody:            {"<html>hello</html>", "", endFIN},
	NoEmptyLine:         {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n<html>hello</html>", "", endHold},
	PlainAsGzip:         {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n", "plain", endFIN},
	PlainAsChunked:      {chunkedWire, "plain", endFIN},
	EarlyResponse:       {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\n", "too large", endFIN},
	EarlyResponseHeld:   {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\n", "too large", endHold},
	EarlyResponseUnread: {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\n", "too large", endFIN},
	KeptOpen:            {okWire, "ok\n", endKeep},
}

// TestKinds checks every byte of every kind and what comes after the last one,
// for each method, on fresh and on reused connections, with and without TLS.
func TestKinds(t *testing.T) {
	for _, k := range Kinds() {
		for _, method := range []string{"GET", "POST", "HEAD"} {
			for _, reused := range []bool{false, true} {
				for _, secure := range []bool{false, true} {
					if huge := k == EndlessInterim || k == HugeField; huge && (method != "GET" || reused || secure) {
						continue // huge kinds: the variants differ elsewhere
					}
					t.Run(fmt.Sprintf("%v/%s/reused=%t/tls=%t", k, method, reused, secure), func(t *testing.T) {
						t.Parallel()
						testKind(t, k, method, reused, secure)
					})
				}
			}
		}
	}
}

func testKind(t *testing.T, k Kind, method string, reused, secure bool) {
	t.Helper()
	want := Counts{Connections: 1, ByKind: map[Kind]Count{}}
	plan := func(seq int64) Kind {
		if reused && seq == 0 {
			return NoContent
		}
		return k
	}
	var s *Server
	if secure {
		s = startTLS(t, faultless, plan)
		want.Handshakes = map[HandshakeFault]int64{HandshakeOK: 1}
	} else {
		s = start(t, plan)
	}
	c := dialServer(t, s)
	add := func(k Kind, n Count) {
		before := want.ByKind[k]
		want.ByKind[k] = Count{before.Fresh + n.Fresh, before.Reused + n.Reused}
		want.Requests += n.Fresh + n.Reused
	}
	if reused {
		c.send(message("POST"))
		c.expect("HTTP/1.1 204 No Content\r\n\r\n")
		add(NoContent, Count{Fresh: 1})
		add(k, Count{Reused: 1})
	} else {
		add(k, Count{Fresh: 1})
	}
	c.send(message(method))
	sent := wire[k].head + wire[k].body
	if method == "HEAD" {
		sent = wire[k].head
	}
	switch wire[k].end {
	case endKeep:
		c.expect(sent)
		c.send(message(method))
		add(k, Count{Reused: 1})
		c.expect(sent)
		c.finish() // shows that nothing else was sent
		c.expectEnd("", nil)
	case endHold:
		c.finish()             // as above: the silence ends when the client closes its side
		_ = c.tcp.CloseWrite() // a kind that reads nothing notices only the FIN
		c.expectEnd(sent, nil)
		if k == EarlyResponseHeld && method == "POST" {
			want.Unasked = messageBody
		}
	case endDrip:
		if method == "HEAD" && wire[k].body != "" {
			c.finish() // no body, so no dripped bytes
			c.expectEnd(sent, nil)
			break
		}
		c.expect(sent + "xxx")
		c.finish()
		c.expectDrops()
	case endFIN, endCut:
		c.expectEnd(sent, nil)
		if early := k == EarlyResponse || k == EarlyResponseUnread || k == EOFBeforeBody; early && method == "POST" {
			want.Unasked = messageBody
		}
	case endRST:
		c.expectEnd(sent, errReset)
	}
	c.quit()
	expectCounts(t, s, want)
}

// TestResponsesParse reads the kinds that respond with an independent parser.
func TestResponsesParse(t *testing.T) {
	for k, want := range map[Kind]struct {
		status int
		body   string
	}{
		OK:             {200, "ok\n"},
		Chunked:        {200, "hello world"},
		CloseDelimited: {200, "until the end\n"},
		Split:          {200, "hello world"},
		Interim:        {200, "ok\n"},
		NoContent:      {204, ""},
		NotModified:    {304, ""},
		Unavailable:    {503, "no healthy upstream"},
		OKThenFIN:      {200, "ok\n"},
		OKThenRST:      {200, "ok\n"},
		EarlyResponse:  {413, "too large"},
		InterimFlood:   {200, "ok\n"},
		Trailers:       {200, "hello"},
		Gzip:           {200, string(compressed())},
		Continue:       {200, "ok\n"},

		EOFCloseDelimited: {200, "until the end\n"},
		ExpectationFailed: {417, "no body\n"},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(k.String()+"/"+method, func(t *testing.T) {
				t.Parallel()
				s := start(t, Always(k))
				c := dial(t, s.Addr())
				c.send(message(method))
				status, body := readResponse(t, bufio.NewReader(c), method)
				wantBody := want.body
				if method == "HEAD" {
					wantBody = ""
				}
				if status != want.status || body != wantBody {
					t.Errorf("got %d %q; want %d %q", status, body, want.status, wantBody)
				}
			})
		}
	}
}

// readResponse reads a final response; net/http leaves interim ones to its caller.
func readResponse(t *testing.T, in *bufio.Reader, method string) (status int, body string) {
	t.Helper()
	for {
		resp, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode >= 200 {
			return resp.StatusCode, string(b)
		}
	}
}

// TestCloseIsAnnouncedAndMadeByTheServer covers Connection: close and HTTP/1.0.
func TestCloseIsAnnouncedAndMadeByTheServer(t *testing.T) {
	const closing = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
	for name, tt := range map[string]struct {
		kind          Kind
		request, want string
	}{
		"asked":              {OK, message("GET", "Connection: close"), closing},
		"asked in a list":    {OK, message("GET", "connection: foo, Close"), closing},
		"1.0":                {OK, "GET / HTTP/1.0\r\n\r\n", closing},
		"1.0 has no interim": {Interim, "GET / HTTP/1.0\r\n\r\n", closing},
		"1.0 has no chunks":  {Chunked, "GET / HTTP/1.0\r\n\r\n", wire[CloseDelimited].head + wire[CloseDelimited].body},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Always(tt.kind))
			c := dial(t, s.Addr())
			c.send(tt.request)
			c.expectEnd(tt.want, nil)
			c.quit()
			expectCounts(t, s, Counts{Connections: 1, Requests: 1, ByKind: map[Kind]Count{tt.kind: {Fresh: 1}}})
		})
	}
}

func TestCompressed(t *testing.T) {
	for want, content := range map[error][]byte{
		nil:                 compressed(),
		gzip.ErrChecksum:    miscounted(compressed()),
		io.ErrUnexpectedEOF: shortened(compressed()),
	} {
		r, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if !errors.Is(err, want) || want == nil && string(got) != strings.Repeat(plain, 300) {
			t.Errorf("got %.99q, %v; want %v", got, err, want)
		}
	}
}

// TestExpectation covers the kinds that handle a request's head before its
// body.
func TestExpectation(t *testing.T) {
	const expecting = "PUT / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"
	t.Run("continue", func(t *testing.T) {
		s := start(t, Always(Continue))
		c := dial(t, s.Addr())
		for range 2 {
			c.send(expecting)
			c.expect(continues)
			c.send("hello")
			c.expect(okWire + "ok\n")
		}
		c.quit()
		expectCounts(t, s, Counts{Connections: 1, Requests: 2, ByKind: map[Kind]Count{Continue: {Fresh: 1, Reused: 1}}})
	})
	t.Run("body never comes", func(t *testing.T) {
		s := start(t, Always(Continue))
		c := dial(t, s.Addr())
		c.send(expecting)
		c.expect(continues)
		c.quit()
		expectCounts(t, s, Counts{Connections: 1, Incomplete: 1, ByKind: map[Kind]Count{}})
	})
	t.Run("failed", func(t *testing.T) {
		s := start(t, Always(ExpectationFailed))
		c := dial(t, s.Addr())
		for range 2 {
			c.send(expecting)
			c.expect(wire[ExpectationFailed].head + wire[ExpectationFailed].body)
		}
		c.quit()
		expectCounts(t, s, Counts{Connections: 1, Requests: 2, ByKind: map[Kind]Count{ExpectationFailed: {Fresh: 1, Reused: 1}}})
	})
	t.Run("failed, and the body sent", func(t *testing.T) {
		s := start(t, Always(ExpectationFailed))
		c := dial(t, s.Addr())
		c.send(expecting + "hello\r\n")
		c.expectEnd(wire[ExpectationFailed].head+wire[ExpectationFailed].body, nil)
		c.quit()
		expectCounts(t, s, Counts{Connections: 1, Requests: 1, Malformed: 1, ByKind: map[Kind]Count{ExpectationFailed: {Fresh: 1}}})
	})
}
