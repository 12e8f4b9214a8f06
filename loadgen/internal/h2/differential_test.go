package h2_test

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h2"
)

// verdict is what matters to a load generator about a response. If the response
// is not whole, all but Err is zero.
type verdict struct {
	Err    string
	Status int
	Body   int64
}

func (v verdict) accepted() bool { return v.Err == "" }

// ours is the verdict of this package on what a peer sends after the request.
func ours(in []byte, headOnly bool) (v verdict) {
	conn := h2.Conn{Ended: func(s *h2.Stream) {
		if s.Err() != nil {
			v.Err = s.Err().Error()
			if headOnly && s.Status() > 0 {
				v.Err = afterHead + v.Err
			}
			return
		}
		v.Status, v.Body = s.Status(), s.BodyBytes()
	}}
	conn.Begin()
	request := h2.Request{Authority: "a"}
	if headOnly {
		request.Method = http.MethodHead
	}
	conn.Start(&h2.Stream{}, request.Prepare())
	conn.Sent(len(conn.Pending()))
	_ = conn.Feed(in)
	conn.End(io.EOF)
	return v
}

const afterHead = "after the head of a response to HEAD: "

// theirs is the verdict of x/net's Transport, whose code net/http has, too.
func theirs(in []byte, headOnly bool) verdict {
	conn := &scripted{in: bytes.NewReader(in), asked: make(chan struct{})}
	transport := &http2.Transport{DisableCompression: true, AllowHTTP: true}
	client, err := transport.NewClientConn(conn)
	if err != nil {
		return verdict{Err: err.Error()}
	}
	defer client.Close() //nolint:errcheck // memory
	request, err := http.NewRequest(http.MethodGet, "http://a/", nil)
	if err != nil {
		return verdict{Err: err.Error()}
	}
	if headOnly {
		request.Method = http.MethodHead
	}
	response, err := client.RoundTrip(request)
	if err != nil {
		return verdict{Err: err.Error()}
	}
	defer response.Body.Close() //nolint:errcheck // memory
	n, err := io.Copy(io.Discard, response.Body)
	if err != nil {
		return verdict{Err: err.Error()}
	}
	return verdict{Status: response.StatusCode, Body: n}
}

// scripted is a connection to a peer that sends in once it has read the HEADERS
// of a request, and then closes.
type scripted struct {
	net.Conn // nil: the Transport calls nothing else
	mu       sync.Mutex
	out      []byte
	in       *bytes.Reader
	asked    chan struct{} // closed by the request, or by Close
	once     sync.Once
}

func (c *scripted) Read(b []byte) (int, error) {
	<-c.asked
	return c.in.Read(b)
}

func (c *scripted) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out = append(c.out, b...)
	if hasHeaders(c.out) {
		c.once.Do(func() { close(c.asked) })
	}
	return len(b), nil
}

func hasHeaders(out []byte) bool {
	rest, ok := bytes.CutPrefix(out, []byte(http2.ClientPreface))
	frames := http2.NewFramer(nil, bytes.NewReader(rest))
	for ok {
		frame, err := frames.ReadFrame()
		if err != nil {
			return false
		}
		if frame.Header().Type == http2.FrameHeaders {
			return true
		}
	}
	return false
}

func (c *scripted) Close() error {
	c.once.Do(func() { close(c.asked) })
	return nil
}

func (c *scripted) SetDeadline(time.Time) error      { return nil }
func (c *scripted) SetReadDeadline(time.Time) error  { return nil }
func (c *scripted) SetWriteDeadline(time.Time) error { return nil }
func (c *scripted) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *scripted) RemoteAddr() net.Addr             { return &net.TCPAddr{} }

// difference is a deliberate disagreement with net/http: the one refuses, with
// an error that matches, what the other accepts.
type difference struct {
	name   string
	reason string
	ours   string // pattern of our error; "" if we accept
	theirs string // pattern of net/http's error; "" if it accepts
}

func (d difference) applies(ours, theirs verdict) bool {
	return ours.accepted() == (d.ours == "") && theirs.accepted() == (d.theirs == "") &&
		regexp.MustCompile("^(?:"+d.ours+")").MatchString(ours.Err) && regexp.MustCompile("^(?:"+d.theirs+")").MatchString(theirs.Err)
}

var differences = []difference{
	{
		"what follows the head of a response to HEAD",
		"net/http does not wait for the end of the stream; a stream that was cut did not end as the server meant it to",
		afterHead, "",
	},
	{
		"status that is not three digits, or 101",
		"RFC 9113 §8.3.2 and §8.6; h1 refuses the same statuses below 100",
		`malformed :status `, "",
	},
	{
		"content-length that is no number, or several numbers",
		"RFC 9113 §8.1.1 makes such a response malformed; net/http ignores the field",
		`(malformed|conflicting) content-length `, "",
	},
	{
		"body that repeated content-lengths contradict",
		"RFC 9110 §8.6 lets a list of one number be that number, as h1 does; net/http ignores the fields",
		`unexpected EOF: the stream ended after|body longer than its content-length`, "",
	},
	{
		"fields about the connection",
		"RFC 9113 §8.2.2: such a response is malformed, and curl refuses it",
		`header field that HTTP/2 does not have `, "",
	},
	{
		"white space around a value",
		"RFC 9113 §8.2.1: such a response is malformed",
		`malformed value of header field `, "",
	},
	{
		"body of a 204 or 304",
		"RFC 9113 §8.1.1: these have no content; over HTTP/1 the bytes would be another response",
		`DATA frame in a response that has no body`, "",
	},
	{
		"frames of streams that were not started",
		"RFC 9113 §5.1 makes them a connection error; who sends them has lost count of streams",
		`connection error: PROTOCOL_ERROR: \w+ frame on a stream that was not started`, "",
	},
	{
		"GOAWAY that raises the last stream",
		"RFC 9113 §6.8 forbids it: streams that were lost may have been processed",
		`connection error: PROTOCOL_ERROR: GOAWAY frame with a higher stream`, "",
	},
	{
		"SETTINGS that open a stream's window too far",
		"RFC 9113 §6.9.2 makes it a connection error",
		`connection error: FLOW_CONTROL_ERROR: SETTINGS frame with INITIAL_WINDOW_SIZE`, "",
	},
	{
		"push turned on by the server",
		"RFC 9113 §6.5.2 makes it a connection error",
		`connection error: PROTOCOL_ERROR: SETTINGS frame with ENABLE_PUSH = 1`, "",
	},
	{
		"acknowledgement as the first frame",
		"RFC 9113 §3.4: the first frame is the server's own SETTINGS",
		`connection error: PROTOCOL_ERROR: acknowledgement of SETTINGS before`, "",
	},
	{
		"HEADERS with too much padding on another stream",
		"RFC 9113 §6.2 makes it a connection error: the block cannot be decoded, and later ones build on it",
		`connection error: PROTOCOL_ERROR: HEADERS frame with more padding`, "",
	},
	{
		"content-length of a 304 or 204 without a body",
		"RFC 9110 §8.6: it is that of the 200 response; net/http waits for the bytes",
		"", `unexpected EOF`,
	},
	{
		"values of SETTINGS of extensions",
		"unknown settings are ignored (RFC 9113 §6.5.2); net/http knows some more",
		"", `connection error: PROTOCOL_ERROR|http2: client connection lost`,
	},
}

// explain returns the difference that covers a disagreement, "" if the verdicts
// agree. ok is false for a disagreement that is not on the list.
func explain(ours, theirs verdict) (name string, ok bool) {
	if ours == theirs || !ours.accepted() && !theirs.accepted() {
		return "", true
	}
	for _, d := range differences {
		if d.applies(ours, theirs) {
			return d.name, true
		}
	}
	return "", false
}

// bytesOf returns what a peer sends first and then, as send says.
func bytesOf(send func(x *exchange)) []byte {
	x := newExchange(whole)
	x.settings()
	send(x)
	return bytes.Clone(x.Bytes())
}

// exotic are inputs that only show differences.
var exotic = map[string]func(x *exchange){
	"repeated content-length, short": func(x *exchange) {
		x.head(1, ":status", ok200, "content-length", "5", "content-length", "5")
		x.data(1, "text", true)
	},
	"GOAWAY raised": func(x *exchange) {
		_ = x.frames.WriteGoAway(1, 0, nil)
		_ = x.frames.WriteGoAway(3, 0, nil)
		x.all(1, ":status", ok200)
	},
	"window": func(x *exchange) {
		_ = x.frames.WriteWindowUpdate(1, 1<<31-1-1<<20)
		x.settings(setting(http2.SettingInitialWindowSize, 1<<21))
		x.all(1, ":status", ok200)
	},
	"push": func(x *exchange) {
		x.settings(setting(http2.SettingEnablePush, 1))
		x.all(1, ":status", ok200)
	},
	"acknowledgement first": func(x *exchange) {
		x.Reset()
		_ = x.frames.WriteSettingsAck()
		x.settings()
		x.all(1, ":status", ok200)
	},
	"padding": func(x *exchange) {
		x.raw(http2.FrameHeaders, http2.FlagHeadersPadded|http2.FlagHeadersEndHeaders, 3, "\x02\x88")
		x.all(1, ":status", ok200)
	},
	"idle": func(x *exchange) {
		_ = x.frames.WriteRSTStream(3, 1)
		x.all(1, ":status", ok200)
	},
	"extension": func(x *exchange) {
		x.settings(setting(http2.SettingEnableConnectProtocol, 2))
		x.all(1, ":status", ok200)
	},
}

// quiet silences the Transport's log.
func quiet(t testing.TB) {
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
}

func TestAgainstTransport(t *testing.T) {
	quiet(t)
	used := map[string]bool{}
	check := func(name string, send func(x *exchange)) {
		for _, headOnly := range []bool{false, true} {
			in := bytesOf(send)
			o, th := ours(in, headOnly), theirs(in, headOnly)
			difference, ok := explain(o, th)
			used[difference] = true
			if !ok {
				t.Errorf("%s, HEAD %t:\n ours %+v\nx/net %+v", name, headOnly, o, th)
			}
		}
	}
	for name, tc := range responses {
		check(name, tc.send)
	}
	for name, tc := range violations {
		check(name, tc.send)
	}
	for name, send := range exotic {
		check(name, send)
	}
	for _, d := range differences {
		if !used[d.name] {
			t.Errorf("no case shows difference %q", d.name)
		}
	}
}

// FuzzResponse compares what becomes of a GET or HEAD with what becomes of it in
// x/net's Transport.
func FuzzResponse(f *testing.F) {
	quiet(f)
	for _, tc := range responses {
		f.Add(bytesOf(tc.send), false)
	}
	for _, tc := range violations {
		f.Add(bytesOf(tc.send), true)
	}
	for _, send := range exotic {
		f.Add(bytesOf(send), false)
	}
	f.Fuzz(func(t *testing.T, in []byte, headOnly bool) {
		if len(in) > 1<<16 {
			return // floods have their own test
		}
		o, th := ours(in, headOnly), theirs(in, headOnly)
		if _, ok := explain(o, th); !ok {
			t.Errorf("%q\n ours %+v\nx/net %+v", in, o, th)
		}
	})
}
