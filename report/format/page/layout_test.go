package page

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFit(t *testing.T) {
	for _, tt := range []struct {
		text string
		most int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"a\x1b[2Jb", 5, "a\ufffd[2…"},
		{"a\nb", 5, "a b"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{"", 0, ""},
	} {
		got := Fit(tt.text, tt.most)
		if got != tt.want || Columns(got) > max(0, tt.most) {
			t.Errorf("Fit(%q, %d): got %q; want %q", tt.text, tt.most, got, tt.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "gw-1": 4, "52.0 ms": 7, "µ…×→": 4, "日本": 4, "e\u0301": 1, "한국어 gw": 9, "\x1b[31m7\x1b[0m": 1,
	} {
		if got := Columns(text); got != want {
			t.Errorf("columns(%q): got %d; want %d", text, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, tt := range []struct {
		text          string
		first, others int
		want          []string
	}{
		{"", 10, 10, []string{""}},
		{"one two three", 7, 9, []string{"one two", "three"}},
		{"one two three", 3, 9, []string{"one", "two three"}},
		{"a " + strings.Repeat("x", 20) + " b", 10, 10, []string{"a", strings.Repeat("x", 20), "b"}},
		{"took 2.2 ms, or (5.4 %)", 8, 8, []string{"took", "2.2 ms,", "or", "(5.4 %)"}},
		{"lost 3 × wait.eof s", 6, 6, []string{"lost", "3 × wait.eof", "s"}},
		{"\x1b[31m12\x1b[0m ms late", 6, 6, []string{"\x1b[31m12\x1b[0m ms", "late"}},
		{"日本 日本 日本", 9, 9, []string{"日本 日本", "日本"}},
		{"\x1b[31m12\x1b[0m lost here", 7, 7, []string{"\x1b[31m12\x1b[0m lost", "here"}},
	} {
		if diff := cmp.Diff(tt.want, wrap(tt.text, tt.first, tt.others)); diff != "" {
			t.Errorf("wrap(%q) differs (- want, + got)\n%s", tt.text, diff)
		}
	}
}

// TestStack: where the columns of a table do not fit, the cells of a row go
// below each other.
func TestStack(t *testing.T) {
	for width, want := range map[int]string{
		30: "        sent          lost\n  v1   4,679   253 (5.4 %)\n",
		20: "  v1\n    sent  4,679\n    lost  253\n          (5.4 %)\n",
	} {
		var b strings.Builder
		p := New(&b, Options{Width: width})
		table := &Table{Indent: 2, Gap: 3, Right: true, Head: true}
		table.Row("", "sent", "lost")
		table.Row("v1", "4,679", "253 (5.4 %)")
		table.Write(p)
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("%d columns: got\n%s\nwant\n%s", width, b.String(), want)
		}
	}
}

// TestLine: what scripts look for is one line in a file, and wrapped on a
// terminal.
func TestLine(t *testing.T) {
	for terminal, want := range map[bool]string{false: "Verdict: pass: v lost none of 9.\n", true: "Verdict: pass: v\n  lost none of 9.\n"} {
		var b strings.Builder
		p := New(&b, Options{Width: 20, Terminal: terminal})
		p.Line("", "Verdict: pass: v lost none of 9.")
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("terminal %t: got %q; want %q", terminal, b.String(), want)
		}
	}
}

// TestCounted: a line of hey's has its tab in a file, and breaks between words on
// a terminal.
func TestCounted(t *testing.T) {
	for terminal, want := range map[bool]string{
		false: "  [305]\tdial tcp: connection refused\n",
		true:  "  [305] dial tcp:\n        connection\n        refused\n",
	} {
		var b strings.Builder
		p := New(&b, Options{Width: 20, Terminal: terminal})
		p.Counted("  [305]", "dial tcp: connection refused")
		if err := p.Flush(); err != nil {
			t.Fatal(err)
		}
		if b.String() != want {
			t.Errorf("terminal %t: got %q; want %q", terminal, b.String(), want)
		}
	}
}
