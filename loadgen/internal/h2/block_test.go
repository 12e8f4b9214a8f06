package h2_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"nodrop/loadgen/internal/h2"
)

// TestRepeatedBlocks: blocks that come again are not decoded again. Whatever
// comes between them, the fields are the same as for a decoder that decodes all.
func TestRepeatedBlocks(t *testing.T) {
	names := []string{"a", "b", "server"}
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		blocks := make([]string, 4)
		for i := range blocks {
			blocks[i] = randomBlock(r, names)
		}
		x := newExchange(whole)
		x.conn.Capture = names
		x.conn.Begin()
		opened(x, 0)
		plain := hpack.NewDecoder(4096, nil)
		for n, block := 0, blocks[0]; n < 300 && x.conn.Err() == nil; n++ {
			if r.IntN(10) < 3 {
				block = blocks[r.IntN(len(blocks))]
			}
			s := &h2.Stream{}
			x.conn.Ended = func(*h2.Stream) {}
			x.conn.Start(s, get())
			x.flush()
			x.raw(http2.FrameHeaders, http2.FlagHeadersEndHeaders|http2.FlagHeadersEndStream, s.ID(), block)
			x.feed()
			if got, want := capturedOf(s, len(names)), decodePlainly(plain, block, names); got != want {
				t.Fatalf("seed %d, block %d %q: got %s, want %s", seed, n, block, got, want)
			}
		}
	}
}

// randomBlock returns a block that has a :status and then adds to the table,
// refers to it, does neither, or changes its size first.
func randomBlock(r *rand.Rand, names []string) string {
	block := "\x88"
	if r.IntN(6) == 0 {
		block = string([]byte{0x3f, 0xe1, byte(r.IntN(0x20))}) + block // 128 to 4096 bytes
	}
	for range 1 + r.IntN(4) {
		name, value := names[r.IntN(len(names))], strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(60))
		literal := string([]byte{byte(len(name))}) + name + string([]byte{byte(len(value))}) + value
		switch r.IntN(5) {
		case 0, 1:
			block += "\x40" + literal
		case 2:
			block += "\x00" + literal
		case 3:
			block += string([]byte{0x80 | byte(62+r.IntN(3))})
		case 4:
			block += string([]byte{0x40 | 54, byte(len(value))}) + value // server
		}
	}
	return block
}

func decodePlainly(d *hpack.Decoder, block string, names []string) string {
	values := make([]string, len(names))
	d.SetEmitFunc(func(f hpack.HeaderField) {
		for i, name := range names {
			if f.Name == name && values[i] == "" {
				values[i] = fmt.Sprintf("%q", f.Value)
			}
		}
	})
	_, err := d.Write([]byte(block))
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		return "connection error: COMPRESSION_ERROR: header fields: " + err.Error()
	}
	return strings.Join(values, " ")
}

func capturedOf(s *h2.Stream, n int) string {
	if s.Err() != nil {
		return s.Err().Error()
	}
	values := make([]string, n)
	for i := range values {
		if v := s.Captured(i); v != nil {
			values[i] = fmt.Sprintf("%q", v)
		}
	}
	return strings.Join(values, " ")
}
