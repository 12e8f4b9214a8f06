package report_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestSentence: what a verdict says stays short, however many variants there are
// and whatever they are called.
func TestSentence(t *testing.T) {
	for name, tt := range map[string]struct {
		lost []int
		name string
		want string
	}{
		"one":               {[]int{7}, "v", "v1 lost 7 of 1,000 requests (0.70 %) within 1.6 ms"},
		"two":               {[]int{7, 0}, "v", "v1 lost 7 of 1,000 requests (0.70 %) within 1.6 ms; v2 lost none of 1,000"},
		"without the times": {[]int{7, 8, 9, 10}, "v", "v1 lost 7 of 1,000 requests (0.70 %); v2 lost 8 of 1,000 (0.80 %); v3 lost 9 of 1,000 (0.90 %); v4 lost 10 of 1,000 (1.0 %)"},
		"many":              {[]int{7, 0, 9, 0, 0, 0, 0, 0}, "v", "2 of 8 variants lost requests: 16 of 8,000 in all (0.20 %), 9 of them in v3"},
		"many, one lost":    {[]int{7, 0, 0, 0, 0, 0, 0, 0}, "v", "1 of 8 variants lost requests: 7 of 8,000 in all (0.088 %), all in v1"},
		"many, none lost":   {[]int{0, 0, 0, 0, 0, 0, 0, 0}, "v", "all 8 variants lost none of 8,000 requests"},
		"a long name":       {[]int{7}, strings.Repeat("long ", 50), "long long long long long long long long … lost 7 of 1,000 requests (0.70 %) within 1.6 ms"},
	} {
		var runs []*record.Run
		for i, n := range tt.lost {
			runs = append(runs, reporttest.Lossy(t, 1000, n, 0, reporttest.Edited(func(run *record.Run) { run.Variant = fmt.Sprintf("%s%d", tt.name, i+1) })))
		}
		got := report.Build(reporttest.Recording(runs...)).Verdict.Sentence
		if got != tt.want {
			t.Errorf("%s: got %q; want %q", name, got, tt.want)
		}
		if n := utf8.RuneCountInString(got); n > 160 {
			t.Errorf("%s: %d characters", name, n)
		}
	}
}

// TestSentenceNeverRounds: nearly all and hardly any do not become all and none.
func TestSentenceNeverRounds(t *testing.T) {
	run := reporttest.Lossy(t, 1000, 0, 0)
	for lost, want := range map[int64]string{
		1:          "lost 1 of 10,000,000 requests (0.000010 %) within ",
		9_999_999:  "lost 9,999,999 of 10,000,000 requests (99.99999 %) within ",
		10_000_000: "lost 10,000,000 of 10,000,000 requests (100 %) within ",
		0:          "lost none of 10,000,000 requests",
	} {
		run.Counts.Started, run.Counts.Lost = 10_000_000, lost
		r := report.Build(reporttest.Recording(run))
		if got := report.LostPhrase(&r.Runs[0].Figures); !strings.HasPrefix(got, want) {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

// TestSentenceOfLoads: loads side by side are summed for each variant if there are
// too many of them for a sentence; a verdict is about variants.
func TestSentenceOfLoads(t *testing.T) {
	for name, tt := range map[string]struct {
		variants, loads int
		lost            int
		want            string
	}{
		"few":       {1, 2, 7, "v1/l1 lost 7 of 1,000 requests (0.70 %) within 1.6 ms; v1/l2 lost 7 of 1,000 (0.70 %) within 1.6 ms"},
		"many":      {2, 3, 7, "v1 lost 21 of 3,000 requests (0.70 %); v2 lost 21 of 3,000 (0.70 %)"},
		"none lost": {3, 3, 0, "v1 lost none of 3,000 requests; v2 lost none of 3,000; v3 lost none of 3,000"},
		"too many":  {6, 3, 7, "18 of 18 loads lost requests: 126 of 18,000 in all (0.70 %), 7 of them in v1/l1"},
	} {
		var runs []*record.Run
		for v := range tt.variants {
			for l := range tt.loads {
				runs = append(runs, reporttest.Lossy(t, 1000, tt.lost, 0, reporttest.Edited(func(run *record.Run) {
					run.Variant, run.Stream = fmt.Sprintf("v%d", v+1), fmt.Sprintf("l%d", l+1)
				})))
			}
		}
		if got := report.Build(reporttest.Recording(runs...)).Verdict.Sentence; got != tt.want {
			t.Errorf("%s: got %q; want %q", name, got, tt.want)
		}
	}
}
