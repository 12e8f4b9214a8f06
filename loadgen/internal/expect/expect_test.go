package expect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// judged is what c says of a body that comes in pieces of size bytes.
func judged(c *Check, b *Body, body string, size int) string {
	c.Begin(b)
	for rest := []byte(body); len(rest) > 0; {
		piece := bytes.Clone(rest[:min(size, len(rest))])
		c.Feed(piece)
		clear(piece) // a Check keeps no reference
		rest = rest[len(piece):]
	}
	return c.End()
}

func TestBodies(t *testing.T) {
	long := strings.Repeat("x", MaxKept) + "end"
	var c Check // one for all, as a worker has it
	for _, tt := range []struct{ wanted, body, why string }{
		{"length:5", "hello", ""},
		{"length:5", "hell", "a body of 4 bytes, not 5 (--expect-body)"},
		{"length:5", "hello.", "a body of 6 bytes, not 5 (--expect-body)"},
		{"length:0", "", ""},
		{"length:0", "x", "a body of 1 bytes, not 0 (--expect-body)"},
		{sumOf("hello"), "hello", ""},
		{"sha256:" + strings.ToUpper(sumOf("hello")[7:]), "hello", ""},
		{sumOf("hello"), "hell", "a body with another checksum than " + sumOf("hello") + " (--expect-body)"},
		{sumOf(""), "", ""},
		{"el+", "hello", ""},
		{"^el+", "hello", "a body without a match for ^el+ (--expect-body)"},
		{`</html>\s*$`, "<html></html>\n", ""},
		{`</html>\s*$`, "<html></h", `a body without a match for </html>\s*$ (--expect-body)`},
		{"(?:sha256:)", "sha256:", ""},
		{"^$", "", ""},
		{"x$", long, ""}, // only the beginning of so long a body counts
		{"end$", long, "a body without a match for end$ (--expect-body)"},
	} {
		b, err := ParseBody(tt.wanted)
		if err != nil {
			t.Errorf("%s: %v", tt.wanted, err)
			continue
		}
		for _, size := range []int{1 << 10, 1 << 30} {
			if got := judged(&c, b, tt.body, size); got != tt.why {
				t.Errorf("%s in pieces of %d: got %q; want %q", tt.wanted, size, got, tt.why)
			}
		}
	}
}

func TestBadBodies(t *testing.T) {
	for text, want := range map[string]string{
		"sha256:":         "want sha256: and 64 hexadecimal digits",
		"sha256:abc":      "want sha256: and 64 hexadecimal digits",
		sumOf("")[:70]:    "want sha256: and 64 hexadecimal digits",
		sumOf("") + "00":  "want sha256: and 64 hexadecimal digits",
		"length:":         "want length: and a number of bytes",
		"length:-1":       "want length: and a number of bytes",
		"length:5 kB":     "want length: and a number of bytes",
		"length:" + "9e9": "want length: and a number of bytes",
		"(":               `not a regular expression: missing closing ): "("`,
		"a\n(":            `not a regular expression: missing closing ): "a\n("`,
	} {
		if _, err := ParseBody(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v; want %s", text, err, want)
		}
	}
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		wanted, name string
		value        []byte
		why          string
	}{
		{"X-Version: ^v2", "x-version", []byte("v2.1"), ""},
		{"X-Version:^v2", "x-version", []byte("v1"), "the field x-version does not match ^v2 (--expect-header)"},
		{" X-Version : ^v2", "x-version", nil, "no field x-version (--expect-header)"},
		{"X-Version:", "x-version", []byte{}, ""},
		{"X-Version:", "x-version", nil, "no field x-version (--expect-header)"},
		{"Location: ^http://a:80/", "location", []byte("http://a:80/x"), ""},
		{"Set-Cookie: session=tok1", "set-cookie", []byte("a=b"), "the field set-cookie does not match its pattern (--expect-header)"},
	} {
		f, err := ParseField(tt.wanted)
		if err != nil || f.Name != tt.name {
			t.Errorf("%s: got %q, %v", tt.wanted, f.Name, err)
			continue
		}
		if got := f.Judge(tt.value); got != tt.why {
			t.Errorf("%s: got %q; want %q", tt.wanted, got, tt.why)
		}
	}
	for text, want := range map[string]string{
		"":           errNoField.Error(),
		"X-Version":  errNoField.Error(),
		": v2":       errNoField.Error(),
		"a b: c":     errNoField.Error(),
		"X-Ä: c":     errNoField.Error(),
		"X: (":       `not a regular expression: missing closing ): "("`,
		"X: \n: [a":  `not a regular expression: missing closing ]: "[a"`,
		"GET / HTTP": errNoField.Error(),
	} {
		if _, err := ParseField(text); err == nil || err.Error() != want {
			t.Errorf("%q: got %v; want %s", text, err, want)
		}
	}
}

// TestNothingIsAllocated: once a Check has seen a body, others cost no memory.
// Package regexp has its own pool, so a pattern may cost some now and then.
func TestNothingIsAllocated(t *testing.T) {
	body := []byte(strings.Repeat("hello ", 1000))
	for _, wanted := range []string{"length:6000", sumOf(string(body))} {
		b, err := ParseBody(wanted)
		if err != nil {
			t.Fatal(err)
		}
		var c Check
		if n := testing.AllocsPerRun(100, func() {
			c.Begin(b)
			c.Feed(body[:100])
			c.Feed(body[100:])
			if why := c.End(); why != "" {
				t.Fatal(why)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations for a body; want none", wanted, n)
		}
	}
}

// TestBufferIsGivenBack: of a long body that a pattern was matched on, no Check
// keeps more than 64 KiB, neither after its end nor after a cut.
func TestBufferIsGivenBack(t *testing.T) {
	b, err := ParseBody("</html>")
	if err != nil {
		t.Fatal(err)
	}
	page := []byte(strings.Repeat("x", MaxKept-7) + "</html>")
	var c Check
	for name, end := range map[string]func() string{"end": c.End, "cut": func() string { c.Begin(b); return "" }} {
		c.Begin(b)
		c.Feed(page)
		if why := end(); why != "" || cap(c.kept) > keptBetween {
			t.Errorf("%s: %d bytes are kept, %q", name, cap(c.kept), why)
		}
	}
}

func TestShown(t *testing.T) {
	mask := func(text string) string { return strings.ReplaceAll(text, "tok1", "***") }
	for text, want := range map[string]string{
		"X-Echo: ^tok1$":           "X-Echo: ^***$",
		"X-Version: ^v2":           "X-Version: ^v2",
		"Set-Cookie: session=abcd": "Set-Cookie: ***",
		"Set-Cookie:":              "Set-Cookie:",
		"X-Auth-Token : .":         "X-Auth-Token : ***",
	} {
		if got := Shown(text, mask); got != want {
			t.Errorf("%s: got %s; want %s", text, got, want)
		}
	}
}
