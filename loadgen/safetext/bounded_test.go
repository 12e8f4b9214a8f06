package safetext

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestBounded(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	for name, tt := range map[string]struct{ text, begin string }{
		"short":                  {"gw-1", "gw-1"},
		"as long as may be":      {long[:MaxText], long[:MaxText]},
		"one more":               {long[:MaxText+1], long[:200]},
		"long":                   {long, long[:200]},
		"cut within a rune":      {strings.Repeat("日", 100), strings.Repeat("日", 70)},
		"no text":                {"gw-\xff", "gw-\uFFFD"},
		"long for being no text": {strings.Repeat("\xffx", 120), strings.Repeat("\uFFFDx", 50)},
		"long and no text":       {strings.Repeat("\xffx", 60_000), strings.Repeat("\uFFFDx", 50)},
	} {
		got := Bounded(tt.text)
		if !strings.HasPrefix(got, tt.begin) || len(got) > MaxText || !utf8.ValidString(got) {
			t.Errorf("%s: got %d bytes: %q", name, len(got), got)
		}
		if again := Bounded(got); again != got {
			t.Errorf("%s: %q is bounded to %q", name, got, again)
		}
		if cut := len(Valid(tt.text)) > MaxText; cut != strings.Contains(got, "…#") {
			t.Errorf("%s: cut is %t: %q", name, cut, got)
		}
	}
}

// TestBoundedTellsApart: texts that differ only after the kept part, or in
// invalid bytes, stay different.
func TestBoundedTellsApart(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	seen := map[string]string{}
	for _, text := range []string{long, long + "a", long + "b", "a" + long, long[1:], long + "\xfe", long + "\xff", long[:MaxText+1]} {
		got := Bounded(text)
		if other, ok := seen[got]; ok {
			t.Errorf("two texts of %d and %d bytes both become %q", len(other), len(text), got)
		}
		seen[got] = text
	}
}

// TestBoundedCostsNothing: a short text, which is the usual case, causes no
// allocation.
func TestBoundedCostsNothing(t *testing.T) {
	short := "a name like any other"
	if n := testing.AllocsPerRun(100, func() { Bounded(short) }); n > 0 {
		t.Errorf("%v allocations for a short text", n)
	}
}
