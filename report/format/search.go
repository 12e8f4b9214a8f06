package format

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record/trials"
	"nodrop/report"
	"nodrop/report/sought"
)

// valuesMarkdown has a row for each value that a search tried.
func valuesMarkdown(a *sought.Answer) string {
	h := a.Head()
	t := newMarkdownTable(mdInline(h.Value)+" >", h.FailedIn+" >", h.Lost+" >", h.Exposed+" >", h.Verdict)
	for i, row := range a.Rows() {
		if i == maxRows {
			t.remark("other values")
			break
		}
		mark := ""
		if a.Outcome == trials.Found && row.Value == a.Range.Words(a.Value) {
			mark = "**"
		}
		t.row(mark+mdInline(row.Value)+mark, row.FailedIn, row.Lost, row.Exposed, row.Verdict)
	}
	return t.String()
}

// searchSuite has one case: whether the search has found a value. Trials that
// lost requests are part of the way there, and no failures.
func searchSuite(r *report.Report) *suiteXML {
	a, v := r.Search, &r.Verdict
	s := &suiteXML{Name: "search"}
	c := caseXML{Name: clean("smallest safe " + a.Title), ClassName: "nodrop.search"}
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n", v.Text())
	h := a.Head()
	for _, row := range a.Rows() {
		fmt.Fprintf(&out, "%s: %s %s, lost %s, exposed %s: %s\n", row.Value, h.FailedIn, row.FailedIn, row.Lost, row.Exposed, row.Verdict)
	}
	c.mark(v.Outcome, "search", clean(a.Sentence()), bodyText(append([]string{a.Sentence()}, v.Reasons...), v.Hints, nil))
	c.Out = out.String()
	for i := range r.Runs {
		s.Time += secondsXML(r.Runs[i].Run.Duration)
	}
	c.Time = s.Time
	if len(r.Runs) > 0 {
		s.Timestamp = r.Runs[0].Run.StartedAt.UTC().Format("2006-01-02T15:04:05")
	}
	s.Cases = []caseXML{c}
	return s
}

type (
	searchJSON struct {
		Setting string      `json:"setting"`
		Title   string      `json:"title"`
		Variant *string     `json:"variant"`
		From    string      `json:"from"`
		To      string      `json:"to"`
		Step    string      `json:"step"`
		Confirm int         `json:"confirm"`
		Outcome string      `json:"outcome"`
		Value   string      `json:"value"`
		Trials  []trialJSON `json:"trials"`
	}

	trialJSON struct {
		Value   string   `json:"value"`
		Part    string   `json:"part"`
		Runs    []string `json:"runs"`
		Verdict string   `json:"verdict"`
		Lost    int64    `json:"lost"`
		Exposed int64    `json:"exposed"`
	}
)

// searchOf returns the search of a report; nil if there is none.
func searchOf(r *report.Report, names []string) *searchJSON {
	a := r.Search
	if a == nil {
		return nil
	}
	text := a.Range.Text
	j := &searchJSON{
		Setting: a.Setting, Title: a.Title, Variant: textOrNull(a.Variant), From: text(a.Range.From), To: text(a.Range.To), Step: text(a.Range.Step),
		Confirm: a.Confirm, Outcome: string(a.Outcome), Value: text(a.Value), Trials: []trialJSON{},
	}
	for i := range a.Trials {
		t := &a.Trials[i]
		one := trialJSON{Value: text(t.Value), Part: string(t.Part), Runs: []string{}, Verdict: t.Verdict}
		one.Lost, one.Exposed = a.Counts(t)
		for _, place := range t.Runs {
			one.Runs = append(one.Runs, names[place])
		}
		j.Trials = append(j.Trials, one)
	}
	return j
}
