package format

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/report"
	"nodrop/report/format/page"
	"nodrop/report/reporttest"
)

// crowded is hard to fit: long names, wide ones, many variants and classes.
func crowded(t testing.TB) *record.Recording {
	t.Helper()
	endpoints := []string{
		"istio-ingressgateway-7d9f8b6c5d-x2x4z", "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:8080", "入口网关之一二三四五六七八九十一二三四五六七八九十", "gw-1",
	}
	var runs []*record.Run
	for i := range 9 {
		list := reporttest.Steady(400, 0, ms, endpoints...)
		for k, name := range []string{"connect.refused", "wait.reset", "wait.eof", "body.eof", "connect.unreachable"} {
			for j, endpoint := range endpoints[:3] {
				at := int64(100+10*k+j) * ms
				list = append(list, reporttest.Lost(at, at+ms, name, endpoint, reporttest.RefusedText))
			}
		}
		marks := []record.Mark{
			{Kind: record.MarkStep, Name: "scale " + strings.Repeat("a rather long description of it ", 5), Start: 90 * ms, End: 200 * ms},
			{Kind: record.MarkExited, Name: "exited", Endpoint: endpoints[1], Start: 100 * ms, End: 100 * ms, Error: strings.Repeat("cut requests in flight ", 6)},
		}
		runs = append(runs, reporttest.NewRun(t, list, reporttest.Variant(fmt.Sprintf("variant number %d", i+1), marks)))
	}
	return reporttest.Recording(runs...)
}

// ours is the part of a text that is limited in width: without hey's report, and
// without the lines that stay to the letter.
func ours(text string) string {
	var b strings.Builder
	wide := true
	for line := range strings.Lines(text) {
		switch line {
		case "Status code distribution:\n", "Summary:\n":
			wide = false
		case "Loss:\n":
			wide = true
		}
		letter := strings.HasPrefix(line, "  planned ") || strings.Contains(line, " = ok ") || strings.Contains(line, " ADD UP")
		if wide && !letter {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestTextWidth: on a terminal no line is longer than the page, unless a single
// word is, and no word is broken.
func TestTextWidth(t *testing.T) {
	for _, f := range append(slices.Clone(reporttest.Fixtures), reporttest.Fixture{Name: "crowded", Build: crowded}) {
		if f.Name == "hostile" {
			continue // its names contain spaces
		}
		r := report.Build(f.Build(t))
		for width, full := range map[int]bool{40: true, 60: false, 80: true, 120: false, 200: true} {
			checkWidth(t, f.Name, width, render(t, TextFor(TextOptions{Options: page.Options{Width: width, Terminal: true}, Full: full}), r))
		}
	}
	for _, c := range changes {
		for _, width := range []int{40, 60, 80} {
			checkWidth(t, c.name, width, render(t, TextFor(TextOptions{Options: page.Options{Width: width, Terminal: true}}), c.build(t)))
		}
	}
}

func checkWidth(t *testing.T, name string, width int, text string) {
	t.Helper()
	for line := range strings.Lines(ours(text)) {
		line = strings.TrimSuffix(line, "\n")
		if words := strings.Fields(strings.TrimLeft(line, " ->")); page.Columns(line) > width && len(words) > 1 {
			t.Errorf("%s: %d columns, want at most %d: %q", name, page.Columns(line), width, line)
		}
	}
}

// TestTextNarrow: what does not fit beside other text goes below it, and
// nothing is lost.
func TestTextNarrow(t *testing.T) {
	text := render(t, TextFor(TextOptions{Full: true}), report.Build(crowded(t)))
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

// TestColourIsAllThatDiffers: without its styles, coloured text equals plain
// text, including hey's part, and no style spans several lines.
func TestColourIsAllThatDiffers(t *testing.T) {
	for _, f := range reporttest.Fixtures {
		r := report.Build(f.Build(t))
		for _, width := range []int{80, 120} {
			plain := render(t, TextFor(TextOptions{Options: page.Options{Width: width}}), r)
			coloured := render(t, TextFor(TextOptions{Options: page.Options{Width: width, Colour: true}}), r)
			if strings.Contains(plain, "\x1b") {
				t.Errorf("%s: got escape sequences without colour", f.Name)
			}
			if diff := cmp.Diff(plain, styles.ReplaceAllString(coloured, "")); diff != "" {
				t.Errorf("%s: differs by more than colour (- plain, + coloured)\n%s", f.Name, diff)
			}
			for line := range strings.Lines(coloured) {
				if strings.Count(line, "\x1b[0m")*2 != strings.Count(line, "\x1b[") {
					t.Errorf("%s: a style does not end: %q", f.Name, line)
				}
			}
		}
	}
	if got, want := render(t, TextFor(TextOptions{}), report.Build(reporttest.Mixed(t))), render(t, Text, report.Build(reporttest.Mixed(t))); got != want {
		t.Errorf("the zero Options are not Text (- want, + got)\n%s", cmp.Diff(want, got))
	}
}

// TestVerdictColours: each outcome has its colour.
func TestVerdictColours(t *testing.T) {
	for name, want := range map[string]string{
		"lab":               "Verdict: \x1b[32mpass\x1b[0m: ",
		"lab-graceful-lost": "Verdict: \x1b[31mfail\x1b[0m: ",
		"lab-outlived":      "Verdict: \x1b[33minconclusive\x1b[0m: ",
	} {
		i := slices.IndexFunc(reporttest.Fixtures, func(f reporttest.Fixture) bool { return f.Name == name })
		if text := render(t, TextFor(TextOptions{Options: page.Options{Colour: true}}), report.Build(reporttest.Fixtures[i].Build(t))); !strings.Contains(text, want) {
			t.Errorf("%s: got no %q", name, want)
		}
	}
}

// TestTerminalIsSafe: text from a server cannot control the terminal or add
// lines.
func TestTerminalIsSafe(t *testing.T) {
	for _, colour := range []bool{false, true} {
		text := render(t, TextFor(TextOptions{Options: page.Options{Colour: colour}}), report.Build(reporttest.Hostile(t)))
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

// TestHeadingsApart: an empty line comes before every heading.
func TestHeadingsApart(t *testing.T) {
	heading := regexp.MustCompile(`^[A-Z][^:]*:$`)
	seen := map[string]bool{}
	for _, f := range reporttest.Fixtures {
		for _, full := range []bool{false, true} {
			lines := strings.Split(unwrapped(t, report.Build(f.Build(t)), full), "\n")
			for i, line := range lines {
				if !heading.MatchString(line) {
					continue
				}
				seen[strings.Fields(line)[0]] = true
				if i > 0 && lines[i-1] != "" {
					t.Errorf("%s, full %t: no empty line between\n%s\n%s", f.Name, full, lines[i-1], line)
				}
			}
		}
	}
	for _, want := range []string{"Loss:", "Findings", "From", "Comparison:"} {
		if !seen[want] {
			t.Errorf("no fixture has the heading %s", want)
		}
	}
}
