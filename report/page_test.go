package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
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
		if got != tt.want || columns(got) > max(0, tt.most) {
			t.Errorf("Fit(%q, %d): got %q; want %q", tt.text, tt.most, got, tt.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "gw-1": 4, "52.0 ms": 7, "µ…×→": 4, "日本": 4, "e\u0301": 1, "한국어 gw": 9, "\x1b[31m7\x1b[0m": 1,
	} {
		if got := columns(text); got != want {
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
		{"日本 日本 日本", 9, 9, []string{"日本 日本", "日本"}},
		{"\x1b[31m12\x1b[0m lost here", 7, 7, []string{"\x1b[31m12\x1b[0m lost", "here"}},
	} {
		if diff := cmp.Diff(tt.want, wrap(tt.text, tt.first, tt.others)); diff != "" {
			t.Errorf("wrap(%q) differs (- want, + got)\n%s", tt.text, diff)
		}
	}
}

// crowded is hard to fit: long names, wide ones, many variants and classes.
func crowded(t testing.TB) *record.Recording {
	t.Helper()
	endpoints := []string{
		"istio-ingressgateway-7d9f8b6c5d-x2x4z", "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:8080", "入口网关之一二三四五六七八九十一二三四五六七八九十", "gw-1",
	}
	var runs []*record.Run
	for i := range 9 {
		list := steady(400, 0, ms, endpoints...)
		for k, name := range []string{"connect.refused", "wait.reset", "wait.eof", "body.eof", "connect.unreachable"} {
			for j, endpoint := range endpoints[:3] {
				at := int64(100+10*k+j) * ms
				list = append(list, lost(at, at+ms, name, endpoint, refusedText))
			}
		}
		marks := []record.Mark{
			{Kind: record.MarkStep, Name: "scale " + strings.Repeat("a rather long description of it ", 5), Start: 90 * ms, End: 200 * ms},
			{Kind: record.MarkExited, Name: "exited", Endpoint: endpoints[1], Start: 100 * ms, End: 100 * ms, Error: strings.Repeat("cut requests in flight ", 6)},
		}
		runs = append(runs, newRun(t, list, variant(fmt.Sprintf("variant number %d", i+1), marks)))
	}
	return recording(runs...)
}

// ours is the part of a text that has a width: without hey's, and without what
// is not wrapped for scripts.
func ours(text string) string {
	text, _, _ = strings.Cut(text, "\nVerdict: ")
	var b strings.Builder
	wide := false
	for line := range strings.Lines(text) {
		switch {
		case line == "Loss:\n":
			wide = true
		case line == "Status code distribution:\n" || line == "Summary:\n":
			wide = false
		case strings.HasPrefix(line, "Comparison:"):
			wide = true
		}
		if wide {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestTextWidth: no line is longer than the page, unless a word is.
func TestTextWidth(t *testing.T) {
	for _, f := range append(slices.Clone(fixtures), fixture{"crowded", crowded}) {
		if f.name == "hostile" {
			continue // its names are no words
		}
		r := Build(f.build(t))
		for _, width := range []int{80, 120, 200} {
			text := render(t, TextFor(Options{Width: width}), r)
			for line := range strings.Lines(ours(text)) {
				line = strings.TrimSuffix(line, "\n")
				if strings.Contains(line, " = ok ") || strings.Contains(line, " CONTRADICT ") {
					continue // the identity is one line
				}
				bullet := strings.TrimLeft(line, " ->")
				if columns(line) > width && strings.Contains(bullet, " ") {
					t.Errorf("%s: %d columns, want at most %d: %q", f.name, columns(line), width, line)
				}
			}
		}
	}
}

// TestTextNarrow: what has no room beside goes below, and nothing is lost.
func TestTextNarrow(t *testing.T) {
	text := render(t, Text, Build(crowded(t)))
	for _, want := range []string{
		"    [2001:db8:85a3:8d3:1319:8a2e:370:7348]:8080\n",
		"\n      connect.refused 1, connect.unreachable 1, wait.reset 1, wait.eof 1,\n        body.eof 1\n",
		"variant number 9\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got no %q in\n%s", want, text)
		}
	}
	if got := strings.Count(text, "\n  time with loss"); got < 2 {
		t.Errorf("got %d tables of nine variants; want several", got)
	}
}

var styles = regexp.MustCompile(`\x1b\[\d*m`)

// TestColourIsAllThatDiffers: without its styles a coloured text is the plain
// one, hey's part included, and styles do not reach over lines.
func TestColourIsAllThatDiffers(t *testing.T) {
	for _, f := range fixtures {
		r := Build(f.build(t))
		for _, width := range []int{80, 120} {
			plain := render(t, TextFor(Options{Width: width}), r)
			coloured := render(t, TextFor(Options{Width: width, Colour: true}), r)
			if strings.Contains(plain, "\x1b") {
				t.Errorf("%s: got escape sequences without colour", f.name)
			}
			if diff := cmp.Diff(plain, styles.ReplaceAllString(coloured, "")); diff != "" {
				t.Errorf("%s: differs by more than colour (- plain, + coloured)\n%s", f.name, diff)
			}
			for line := range strings.Lines(coloured) {
				if strings.Count(line, "\x1b[0m")*2 != strings.Count(line, "\x1b[") {
					t.Errorf("%s: a style does not end: %q", f.name, line)
				}
			}
		}
	}
	if got, want := render(t, TextFor(Options{}), Build(mixed(t))), render(t, Text, Build(mixed(t))); got != want {
		t.Errorf("the zero Options are not Text (- want, + got)\n%s", cmp.Diff(want, got))
	}
}

// TestVerdictColours: the outcome has the colour of what it means.
func TestVerdictColours(t *testing.T) {
	for name, want := range map[string]string{
		"lab":               "Verdict: \x1b[32mpass\x1b[0m: ",
		"lab-graceful-lost": "Verdict: \x1b[31mfail\x1b[0m: ",
		"lab-outlived":      "Verdict: \x1b[33minconclusive\x1b[0m: ",
	} {
		i := slices.IndexFunc(fixtures, func(f fixture) bool { return f.name == name })
		if text := render(t, TextFor(Options{Colour: true}), Build(fixtures[i].build(t))); !strings.Contains(text, want) {
			t.Errorf("%s: got no %q", name, want)
		}
	}
}

// TestTerminalIsSafe: what a server sends cannot drive the terminal, nor make
// lines of its own.
func TestTerminalIsSafe(t *testing.T) {
	for _, colour := range []bool{false, true} {
		text := render(t, TextFor(Options{Colour: colour}), Build(hostile(t)))
		for _, r := range styles.ReplaceAllString(text, "") {
			if r != '\n' && r != '\t' && safetext.IsUnsafe(r) && r != '\ufffd' {
				t.Errorf("got %q in the text", r)
			}
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "Verdict: pass") {
				t.Errorf("got a line that an error text made: %q", line)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		list []string
		want string
	}{
		{[]string{"gw-2"}, "gw-2"},
		{[]string{"gw-10", "gw-2", "gw-9"}, "gw-2, gw-9, gw-10"},
		{replicas(2, 4), "gw-2, gw-3, gw-4"},
		{replicas(2, 10), "gw-2 … gw-10 (9)"},
		{append(replicas(2, 5), replicas(7, 10)...), "gw-2 … gw-5 (4), gw-7 … gw-10 (4)"},
		{[]string{"gw-4", "gw-5", "gw-7", "gw-8"}, "gw-4, gw-5, gw-7, gw-8"},
		{[]string{"gw-1", "gw-3", "gw-5", "gw-7", "gw-9", "gw-11", "gw-13"}, "gw-1, gw-3, gw-5, gw-7, gw-9 and 2 more"},
		{[]string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"}, "10.0.0.1:80 … 10.0.0.4:80 (4)"},
		{[]string{"10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:82", "10.0.0.1:83"}, "10.0.0.1:80 … 10.0.0.1:83 (4)"},
		{[]string{"10.0.0.9:80", "10.0.1.10:80", "10.0.2.11:80", "10.0.3.12:80"}, "10.0.0.9:80, 10.0.1.10:80, 10.0.2.11:80, 10.0.3.12:80"},
		{[]string{"gw-08", "gw-09", "gw-10", "gw-11"}, "gw-08 … gw-11 (4)"},
		{[]string{"a", "b", "c", "d"}, "a, b, c, d"},
		{[]string{"n99999999999999999999", "n99999999999999999998"}, "n99999999999999999998, n99999999999999999999"},
	} {
		if got := names(tt.list); got != tt.want {
			t.Errorf("names(%v): got %q; want %q", tt.list, got, tt.want)
		}
	}
}
