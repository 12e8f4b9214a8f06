package h2_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
)

// responder makes the bytes of responses as servers send them.
type responder struct {
	frames *http2.Framer
	fields *hpack.Encoder
	block  bytes.Buffer
	out    bytes.Buffer
	body   []byte
	nginx  bool // puts every field in the table each time, and never refers to it
}

// begin sends the first SETTINGS.
func (r *responder) begin() {
	r.out.Reset()
	r.frames = http2.NewFramer(&r.out, nil)
	r.fields = hpack.NewEncoder(&r.block)
	_ = r.frames.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 128})
}

// respond sends a response to the request id.
func (r *responder) respond(id uint32, fields []hpack.HeaderField) {
	r.block.Reset()
	if r.nginx {
		r.fields = hpack.NewEncoder(&r.block)
	}
	for _, f := range fields {
		_ = r.fields.WriteField(f)
	}
	_ = r.frames.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: r.block.Bytes(), EndHeaders: true})
	_ = r.frames.WriteData(id, true, r.body)
}

// responseFields are those of nginx for a small file. never says that none is
// put in HPACK's table; date tells the responses of one
// second from those of the next.
func responseFields(never bool, date string) []hpack.HeaderField {
	fields := []hpack.HeaderField{
		{Name: ":status", Value: "200"},
		{Name: "server", Value: "nginx/1.26.3", Sensitive: never},
		{Name: "date", Value: date, Sensitive: never},
		{Name: "content-type", Value: "text/html", Sensitive: never},
		{Name: "content-length", Value: "612", Sensitive: never},
		{Name: "last-modified", Value: "Mon, 23 Nov 2026 10:00:00 GMT", Sensitive: never},
		{Name: "etag", Value: `"6743b8a0-264"`, Sensitive: never},
		{Name: "accept-ranges", Value: "bytes", Sensitive: never},
	}
	return fields
}

// BenchmarkExchange is one request and its response, 20 streams at a time.
func BenchmarkExchange(b *testing.B) {
	dates := []string{"Mon, 30 Nov 2026 19:18:53 GMT", "Mon, 30 Nov 2026 19:18:54 GMT"}
	tests := []struct {
		name    string
		never   bool
		changes bool // each head differs from the one before
		nginx   bool
		method  string
	}{
		{"literals", true, false, false, "GET"},
		{"from the table", false, false, false, "GET"},
		{"as nginx", false, false, true, "GET"},
		{"other literals", true, true, false, "GET"},
		{"other heads as nginx", false, true, true, "GET"},
		{"POST", true, false, false, "POST"},
	}
	for _, tc := range tests {
		b.Run(tc.name, func(b *testing.B) {
			heads := [][]hpack.HeaderField{responseFields(tc.never, dates[0]), responseFields(tc.never, dates[0])}
			if tc.changes {
				heads[1] = responseFields(tc.never, dates[1])
			}
			request := h2.Request{Method: tc.method, Authority: "127.0.0.1:8080", Fields: []h1.Field{{Name: "User-Agent", Value: "hey/0.0.1"}, {Name: "Content-Type", Value: "text/html"}, {Name: "Accept-Encoding", Value: "gzip"}}}
			if tc.method == "POST" {
				request.Body = []byte(strings.Repeat("x", 1000))
			}
			benchmarkExchange(b, request.Prepare(), heads, tc.nginx)
		})
	}
}

// TestAllocations: a request allocates what x/net's Framer allocates for the
// frame of its response's head, and nothing else. The fields of a head that
// differs from the one before allocate a string each, in hpack.
func TestAllocations(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		request := h2.Request{Method: method, Authority: "a"}
		if method == "POST" {
			request.Body = []byte("text")
		}
		fields := responseFields(false, "Mon, 30 Nov 2026 19:18:53 GMT")
		for _, nginx := range []bool{false, true} {
			turn := newTurn(t, request.Prepare(), [][]hpack.HeaderField{fields, fields}, nginx)
			if got := testing.AllocsPerRun(100, turn); got != inFlight {
				t.Errorf("%s, nginx %t: %v allocations for %d requests", method, nginx, got, inFlight)
			}
		}
	}
}

const inFlight = 20

func benchmarkExchange(b *testing.B, request *h2.Prepared, heads [][]hpack.HeaderField, nginx bool) {
	b.Helper()
	turn := newTurn(b, request, heads, nginx)
	b.ReportAllocs()
	for b.Loop() {
		turn()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*inFlight), "ns/request")
}

// newTurn returns a function that sends inFlight requests and receives their
// responses.
func newTurn(b testing.TB, request *h2.Prepared, heads [][]hpack.HeaderField, nginx bool) func() {
	server := responder{body: make([]byte, 612), nginx: nginx}
	server.begin()
	streams := make([]h2.Stream, inFlight)
	ended := 0
	conn := h2.Conn{Capture: []string{"location", "", "content-encoding", "server", "via"}}
	conn.Ended = func(s *h2.Stream) {
		if ended++; s.Err() != nil {
			b.Fatal(s.Err())
		}
	}
	conn.Begin()
	for i := range 4 { // for the table
		server.respond(uint32(2*i+1), heads[i%2])
		conn.Start(&streams[i], request)
	}
	_ = conn.Feed(server.out.Bytes())
	server.out.Reset()
	id := uint32(9)
	for i := range inFlight {
		server.respond(id+uint32(2*i), heads[i%2])
	}
	batch := server.out.Bytes()
	return func() {
		ended = 0
		for i := range streams {
			if !conn.Start(&streams[i], request) {
				b.Fatal("no room")
			}
		}
		conn.Sent(len(conn.Pending()))
		if err := conn.Feed(batch); err != nil {
			b.Fatal(err)
		}
		if ended != inFlight {
			b.Fatalf("%d streams ended", ended)
		}
		id += 2 * inFlight
		renumber(batch, id)
	}
}

// renumber makes the frames those of other streams, from id on.
func renumber(frames []byte, id uint32) {
	for len(frames) > 0 {
		length := int(frames[0])<<16 | int(frames[1])<<8 | int(frames[2])
		binary.BigEndian.PutUint32(frames[5:], id)
		if frames[3] == byte(http2.FrameData) {
			id += 2
		}
		frames = frames[9+length:]
	}
}

// BenchmarkBegin is the beginning of a connection. All that it allocates is
// x/net's: a Framer with its frame cache, its function for read buffers and its
// write buffer (5 allocations), and hpack's decoder and encoder with two maps
// each (6). They cannot be reused.
func BenchmarkBegin(b *testing.B) {
	var conn h2.Conn
	b.ReportAllocs()
	for b.Loop() {
		conn.Begin()
	}
}
