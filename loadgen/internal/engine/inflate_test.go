package engine

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// packed compresses text with a coding: gzip, deflate, or raw for the deflate
// without zlib's header.
func packed(t testing.TB, as string, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	switch as {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "raw":
		w, _ = flate.NewWriter(&b, flate.BestSpeed)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// inflateAll returns what f reports for a body that comes in pieces of size
// bytes.
func inflateAll(f *inflater, coding string, body []byte, size int) string {
	f.begin(coding)
	for piece := range slicesOf(body, size) {
		f.feed(piece)
	}
	if err := f.end(); err != nil {
		return err.Error()
	}
	return ""
}

// slicesOf yields copies, and overwrites each after its use.
func slicesOf(b []byte, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := min(size, len(b))
			piece := bytes.Clone(b[:n])
			if !yield(piece) {
				return
			}
			clear(piece)
			b = b[n:]
		}
	}
}

// noise returns bytes that do not compress, so that all of them are in the
// stream.
func noise(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestInflater(t *testing.T) {
	text := append(noise(5000), strings.Repeat("text ", 20_000)...)
	gz, zl, raw := packed(t, "gzip", text), packed(t, "deflate", text), packed(t, "raw", text)
	broken := func(b []byte, at int) []byte {
		b = bytes.Clone(b)
		b[(len(b)+at)%len(b)] ^= 0x10
		return b
	}
	with := func(b []byte, more ...byte) []byte { return append(bytes.Clone(b), more...) }
	tests := map[string]struct {
		coding string
		body   []byte
		want   string
	}{
		"gzip":                      {"gzip", gz, ""},
		"gzip of nothing":           {"gzip", packed(t, "gzip", nil), ""},
		"gzip, no body":             {"gzip", nil, ""},
		"gzip twice":                {"gzip", with(gz, gz...), ""},
		"gzip, checksum":            {"gzip", broken(gz, -8), "gzip: invalid checksum"},
		"gzip, length":              {"gzip", broken(gz, -1), "gzip: invalid checksum"},
		"gzip, head":                {"gzip", broken(gz, 0), "gzip: invalid header"},
		"gzip, no trailer":          {"gzip", gz[:len(gz)-8], "gzip: unexpected EOF"},
		"gzip, one byte short":      {"gzip", gz[:len(gz)-1], "gzip: unexpected EOF"},
		"gzip, one byte":            {"gzip", gz[:1], "gzip: unexpected EOF"},
		"gzip, then nulls":          {"gzip", with(gz, make([]byte, 32)...), "gzip: invalid header"},
		"not gzip":                  {"gzip", []byte("hello, world, this is text"), "gzip: invalid header"},
		"not gzip, short":           {"gzip", []byte("plain"), "gzip: invalid header"},
		"not gzip, one byte":        {"gzip", []byte("p"), "gzip: invalid header"},
		"not gzip, by one bit":      {"gzip", []byte("\x1f\x8a"), "gzip: invalid header"},
		"gzip, two bytes":           {"gzip", gz[:2], "gzip: unexpected EOF"},
		"not deflate, text":         {"deflate", []byte("plain"), "deflate: corrupt input"},
		"not deflate, JSON":         {"deflate", []byte(`{"a":1}`), "deflate: text that is not compressed"},
		"not deflate, two bytes":    {"deflate", []byte("[]"), "deflate: text that is not compressed"},
		"deflate, the printable":    {"deflate", []byte("x^"), "deflate: unexpected EOF"},
		"gzip, corrupt":             {"gzip", append(bytes.Clone(gz[:10]), 0xff, 0xff, 0xff, 0xff), "gzip: corrupt input"},
		"deflate":                   {"deflate", zl, ""},
		"deflate, checksum":         {"deflate", broken(zl, -1), "deflate: invalid checksum"},
		"deflate, short":            {"deflate", zl[:len(zl)-1], "deflate: unexpected EOF"},
		"deflate, one byte":         {"deflate", zl[:1], "deflate: unexpected EOF"},
		"deflate, then more":        {"deflate", with(zl, 0), "deflate: data after the end"},
		"deflate without zlib":      {"deflate", raw, ""},
		"the same, short":           {"deflate", raw[:len(raw)-1], "deflate: unexpected EOF"},
		"the same, then more":       {"deflate", with(raw, 0, 0), "deflate: data after the end"},
		"no coding, so no question": {"", []byte("hello"), ""},
	}
	var reused inflater
	defer reused.close()
	for name, tc := range tests {
		for _, size := range []int{1, 2, 3, 1000, 1 << 20} {
			var fresh inflater
			if got := inflateAll(&fresh, tc.coding, tc.body, size); got != tc.want {
				t.Errorf("%s, %d bytes at a time: got %q; want %q", name, size, got, tc.want)
			}
			fresh.close()
			reused.begin(tc.coding) // abandoned half-way
			reused.feed(tc.body[:len(tc.body)/2])
			if got := inflateAll(&reused, tc.coding, tc.body, size); got != tc.want {
				t.Errorf("%s, %d bytes at a time, reused: got %q; want %q", name, size, got, tc.want)
			}
		}
	}
}

func TestCheckable(t *testing.T) {
	for field, want := range map[string]string{
		"gzip": "gzip", "X-GZIP": "gzip", "Deflate": "deflate",
		"": "", "br": "", "zstd": "", "identity": "", "gzip, br": "", "gzip, gzip": "",
	} {
		if got := checkable([]byte(field)); got != want {
			t.Errorf("%q: got %q; want %q", field, got, want)
		}
	}
}

// TestInflaterIsBounded: neither a body that inflates without end nor many of
// them take memory.
func TestInflaterIsBounded(t *testing.T) {
	bomb := packed(t, "gzip", make([]byte, 8<<20))
	var f inflater
	defer f.close()
	inflateAll(&f, "gzip", bomb, 1<<14)
	piece := bytes.Clone(bomb)
	allocs := testing.AllocsPerRun(3, func() {
		f.begin("gzip")
		f.feed(piece)
		if err := f.end(); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for a body; want 0", allocs)
	}
}

// FuzzInflater checks that the result for a body depends on its bytes alone,
// never on where they were split, and equals that of the standard library for
// the whole body.
func FuzzInflater(f *testing.F) {
	text := []byte(strings.Repeat("text ", 100))
	for _, as := range []string{"gzip", "deflate", "raw"} {
		body := packed(f, as, text)
		for _, cut := range []int{0, 1, 8, 20} {
			f.Add(body[:len(body)-cut], as == "gzip", uint8(7))
		}
	}
	var reused inflater
	f.Cleanup(reused.close)
	f.Fuzz(func(t *testing.T, body []byte, gz bool, size uint8) {
		if len(body) == 0 || len(body) > 1<<12 {
			return
		}
		coding := "deflate"
		if gz {
			coding = "gzip"
		}
		want := inflateAll(&reused, coding, body, len(body))
		if got := inflateAll(&reused, coding, body, int(size)+1); got != want {
			t.Errorf("whole %q, split %q", want, got)
		}
		if !gz {
			return
		}
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err == nil {
			_, err = io.Copy(io.Discard, r)
		}
		if (err == nil) != (want == "") {
			t.Errorf("got %q; the standard library says %v", want, err)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	body := packed(b, "gzip", []byte(strings.Repeat("nothing is lost until it is counted\n", 100)))
	var f inflater
	defer f.close()
	b.ReportAllocs()
	for b.Loop() {
		f.begin("gzip")
		f.feed(body)
		if err := f.end(); err != nil {
			b.Fatal(err)
		}
	}
}
