package format

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

func toHTML(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	tag  = regexp.MustCompile(`<[^>]*>`)
	pre  = regexp.MustCompile(`(?s)<pre>.*?</pre>`)
	span = regexp.MustCompile(`<span>.</span>`)
)

// TestMarkdownOfHostileTexts: hostile texts produce the same elements as
// harmless ones, mention nobody, and appear as they are.
func TestMarkdownOfHostileTexts(t *testing.T) {
	var harmless []string
	for i := range reporttest.Nasty {
		harmless = append(harmless, fmt.Sprint("word", i))
	}
	page := toHTML(t, render(t, Markdown, report.Build(reporttest.Hostile(t))))
	elements := func(page string) []string { return tag.FindAllString(span.ReplaceAllString(page, ""), -1) }
	want := elements(toHTML(t, render(t, Markdown, report.Build(reporttest.OutsideTexts(t, harmless)))))
	if diff := cmp.Diff(want, elements(page)); diff != "" {
		t.Errorf("elements differ (- of harmless texts, + of hostile ones)\n%s", diff)
	}
	page = pre.ReplaceAllString(page, "") // GitHub looks for nothing in pre
	for _, bad := range []string{"@everyone", "#1", "me@evil", "\x1b", "\u202e", "<a "} {
		if strings.Contains(page, bad) {
			t.Errorf("got %q in the page", bad)
		}
	}
	for _, good := range []string{"&lt;script&gt;alert(1)&lt;/script&gt;", "```", "*bold* _it_ ~~no~~"} {
		if !strings.Contains(page, good) {
			t.Errorf("got no %q in the page", good)
		}
	}
}

// TestMarkdownRows: every row of a table has as many cells as its head.
func TestMarkdownRows(t *testing.T) {
	pages := map[string]string{}
	for _, f := range append(slices.Clone(reporttest.Fixtures), reporttest.Fixture{Name: "crowded", Build: crowded}) {
		pages[f.Name] = render(t, Markdown, report.Build(f.Build(t)))
	}
	for _, c := range changes {
		pages["change "+c.name] = render(t, Markdown, c.build(t))
	}
	for name, page := range pages {
		head := 0
		for line := range strings.Lines(page) {
			if !strings.HasPrefix(line, "|") {
				head = 0
				continue
			}
			if head == 0 {
				head = strings.Count(line, "|")
			}
			if got := strings.Count(line, "|"); got != head {
				t.Errorf("%s: %d cells, want %d: %s", name, got-1, head-1, line)
			}
		}
	}
}

// TestMarkdownIsBounded: the length is limited for any report, and the text
// says what it left out.
func TestMarkdownIsBounded(t *testing.T) {
	many := func(t testing.TB) *record.Recording {
		t.Helper()
		var list []reporttest.Request
		var marks []record.Mark
		for i := range int64(10_000) {
			name := fmt.Sprintf("gw-%d-%x", 7*i, i*i)
			q := reporttest.Lost(i*100*ms, i*100*ms+ms, "wait.reset", name, fmt.Sprintf("%d %s", i%500, strings.Repeat("<&|`", 200)))
			if i%2 == 0 {
				q.Status = 500 + int(i%100)
				q.Class = fmt.Sprintf("status.%d", q.Status)
			}
			list = append(list, q)
			if i%20 == 0 {
				marks = append(marks, record.Mark{Kind: record.MarkExited, Name: name, Endpoint: name, Start: i * 100 * ms, End: i * 100 * ms, Error: strings.Repeat("@#$", 300)})
			}
		}
		return reporttest.Recording(reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) { run.Marks = marks })))
	}
	runs := func(t testing.TB) *record.Recording {
		t.Helper()
		var list []*record.Run
		for range 40 {
			list = append(list, reporttest.Hostile(t).Runs[0])
		}
		return reporttest.Recording(list...)
	}
	for name, build := range map[string]func(testing.TB) *record.Recording{"10,000 endpoints": many, "40 runs": runs, "variants": crowded} {
		text := render(t, Markdown, report.Build(build(t)))
		if len(text) > 60_000 {
			t.Errorf("%s: got %d bytes; want at most 60,000", name, len(text))
		}
		if !strings.Contains(text, "more") && !strings.Contains(text, "Left out for length") {
			t.Errorf("%s: nothing says that something was left out", name)
		}
		if !strings.HasPrefix(text, "## nodrop: ") || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s: got %.60q…; want a title", name, text)
		}
		if got, want := strings.Count(text, "\n<details"), strings.Count(text, "\n</details>\n"); got != want {
			t.Errorf("%s: %d details begin, %d end", name, got, want)
		}
	}
}
