package h2_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
)

// decoder reads the requests that a Conn sends, as a server does.
type decoder struct {
	t      *testing.T
	fields *hpack.Decoder
	list   []string
}

func newDecoder(t *testing.T) *decoder {
	d := &decoder{t: t}
	d.fields = hpack.NewDecoder(4096, func(f hpack.HeaderField) { d.list = append(d.list, f.Name+": "+f.Value) })
	return d
}

// take returns the heads of the requests in what is pending, and the length of
// their blocks.
func (d *decoder) take(c *h2.Conn) (heads []string, size int) {
	d.t.Helper()
	b, _ := bytes.CutPrefix(c.Pending(), []byte(http2.ClientPreface))
	frames := http2.NewFramer(nil, bytes.NewReader(b))
	for {
		frame, err := frames.ReadFrame()
		if err != nil {
			break
		}
		f, ok := frame.(*http2.HeadersFrame)
		if !ok {
			continue
		}
		if _, err := d.fields.Write(f.HeaderBlockFragment()); err != nil {
			d.t.Fatal(err)
		}
		if err := d.fields.Close(); err != nil {
			d.t.Fatal(err)
		}
		size += len(f.HeaderBlockFragment())
		head := strings.Join(d.list, "\n")
		if f.StreamEnded() {
			head += "\nend"
		}
		heads = append(heads, head)
		d.list = nil
	}
	c.Sent(len(c.Pending()))
	return heads, size
}

func TestPrepare(t *testing.T) {
	tests := map[string]struct {
		request h2.Request
		want    string
	}{
		"zero":      {h2.Request{}, ":method: GET\n:scheme: http\n:path: /\nend"},
		"GET":       {h2.Request{Scheme: "https", Authority: "a:1", Path: "/x?y=z"}, ":method: GET\n:authority: a:1\n:scheme: https\n:path: /x?y=z\nend"},
		"POST":      {h2.Request{Method: "POST", Authority: "a", Body: []byte("text")}, ":method: POST\n:authority: a\n:scheme: http\n:path: /\ncontent-length: 4"},
		"no body":   {h2.Request{Method: "PUT", Authority: "a"}, ":method: PUT\n:authority: a\n:scheme: http\n:path: /\ncontent-length: 0\nend"},
		"CONNECT":   {h2.Request{Method: "CONNECT", Authority: "a:1"}, ":method: CONNECT\n:authority: a:1\nend"},
		"fields":    {h2.Request{Authority: "a", Fields: []h1.Field{{Name: "X-Y", Value: " v "}, {Name: "x-y", Value: "W"}}}, ":method: GET\n:authority: a\n:scheme: http\n:path: /\nx-y: v\nx-y: W\nend"},
		"left out":  {h2.Request{Authority: "a", Fields: []h1.Field{{Name: "Connection", Value: "close, x"}, {Name: "Keep-Alive", Value: "5"}, {Name: "Proxy-Connection", Value: "close"}, {Name: "Transfer-Encoding", Value: "chunked"}, {Name: "Upgrade", Value: "h2c"}, {Name: "Host", Value: "b"}, {Name: "TE", Value: "gzip"}}}, ":method: GET\n:authority: a\n:scheme: http\n:path: /\nend"},
		"TE":        {h2.Request{Authority: "a", Fields: []h1.Field{{Name: "TE", Value: "Trailers"}}}, ":method: GET\n:authority: a\n:scheme: http\n:path: /\nte: Trailers\nend"},
		"long body": {h2.Request{Method: "POST", Authority: "a", Length: 1 << 40, Read: func([]byte, int64) error { return nil }}, ":method: POST\n:authority: a\n:scheme: http\n:path: /\ncontent-length: 1099511627776"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var conn h2.Conn
			conn.Begin()
			conn.Start(&h2.Stream{}, tc.request.Prepare())
			heads, _ := newDecoder(t).take(&conn)
			if len(heads) != 1 || heads[0] != tc.want {
				t.Errorf("got %q, want %q", heads, tc.want)
			}
		})
	}
}

func TestLeftOut(t *testing.T) {
	r := h2.Request{Fields: []h1.Field{{Name: "Accept"}, {Name: "Connection"}, {Name: "TE", Value: "trailers"}, {Name: "te", Value: "gzip"}, {Name: "HOST"}}}
	if got, want := r.LeftOut(), []string{"Connection", "te", "HOST"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestValidate(t *testing.T) {
	field := func(name, value string) h2.Request { return h2.Request{Fields: []h1.Field{{Name: name, Value: value}}} }
	tests := map[string]struct {
		request h2.Request
		want    string
	}{
		"zero":      {h2.Request{}, "<nil>"},
		"all":       {h2.Request{Method: "PATCH", Authority: "a", Path: "/", Fields: []h1.Field{{Name: "X-Y", Value: "ü\t"}}}, "<nil>"},
		"method":    {h2.Request{Method: "GE T"}, `method "GE T" is not a token`},
		"path":      {h2.Request{Path: "/a b"}, `target "/a b": ' ' must be percent-encoded`},
		"authority": {h2.Request{Authority: "a\n"}, `host "a\n": '\n' is not allowed`},
		"name":      {field("a:b", ""), `header field "a:b": its name is not a token`},
		"framing":   {field("Content-Length", "1"), `header field "Content-Length": nodrop sets this field`},
		"trailer":   {field("TRAILER", "a"), `header field "TRAILER": nodrop sets this field`},
		"value":     {field("Secret", "x\r\ny"), `header field "Secret": its value contains a line break or another control character`},
	}
	for name, tc := range tests {
		if got := fmt.Sprint(tc.request.Validate()); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

// TestTable: a repeated request takes few bytes, and the peer may change the
// size of HPACK's table at any time.
func TestTable(t *testing.T) {
	x := newExchange(whole)
	d := newDecoder(t)
	x.conn.Begin()
	requests := []*h2.Prepared{
		(&h2.Request{Authority: "a", Fields: []h1.Field{{Name: "User-Agent", Value: "hey/0.0.1"}}}).Prepare(),
		(&h2.Request{Authority: "a", Fields: []h1.Field{{Name: "X-Long", Value: strings.Repeat("x", 200)}}}).Prepare(),
	}
	wanted := []string{
		":method: GET\n:authority: a\n:scheme: http\n:path: /\nuser-agent: hey/0.0.1\nend",
		":method: GET\n:authority: a\n:scheme: http\n:path: /\nx-long: " + strings.Repeat("x", 200) + "\nend",
	}
	send := func(which int) (size int) {
		x.start(requests[which])
		heads, size := d.take(&x.conn)
		if len(heads) != 1 || heads[0] != wanted[which] {
			t.Fatalf("got %q, want %q", heads, wanted[which])
		}
		return size
	}
	for _, table := range []uint32{4096, 0, 300, 4096, 65536, 40} {
		x.settings(setting(http2.SettingHeaderTableSize, 0), setting(http2.SettingHeaderTableSize, table))
		x.feed()
		d.fields.SetAllowedMaxDynamicTableSize(table)
		for range 2 {
			send(0)
			send(1)
			send(1)
		}
		if got := send(1); got > 10 && table >= 300 {
			t.Errorf("with a table of %d bytes, a repeated request takes %d bytes", table, got)
		}
	}
}
