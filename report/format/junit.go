package format

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/diagnosis"
	"nodrop/report/format/past"
	"nodrop/report/history"
)

// JUnit writes the verdict as a list of tests for CI: a suite for each run, and
// a case for each of its checks. A failed check is a failure; an undecided one
// is an error. The file has neither if, and only if, the verdict is pass or
// there is none.
func JUnit(w io.Writer, r *report.Report) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suitesOf(r)); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

type (
	suitesXML struct {
		XMLName  xml.Name    `xml:"testsuites"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Time     secondsXML  `xml:"time,attr"`
		Suites   []*suiteXML `xml:"testsuite"`
	}

	suiteXML struct {
		Name       string         `xml:"name,attr"`
		Tests      int            `xml:"tests,attr"`
		Failures   int            `xml:"failures,attr"`
		Errors     int            `xml:"errors,attr"`
		Skipped    int            `xml:"skipped,attr"`
		Time       secondsXML     `xml:"time,attr"`
		Timestamp  string         `xml:"timestamp,attr,omitempty"`
		Properties *propertiesXML `xml:"properties"`
		Cases      []caseXML      `xml:"testcase"`
	}

	propertiesXML struct {
		List []propertyXML `xml:"property"`
	}

	propertyXML struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}

	caseXML struct {
		Name      string     `xml:"name,attr"`
		ClassName string     `xml:"classname,attr"`
		Time      secondsXML `xml:"time,attr"`
		Failure   *unmetXML  `xml:"failure"`
		Error     *unmetXML  `xml:"error"`
		Out       string     `xml:"system-out,omitempty"` // the figure that a passed check found
	}

	unmetXML struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Body    string `xml:",cdata"`
	}

	// secondsXML is a length of time in ns, which XML holds in seconds.
	secondsXML int64
)

// MarshalXMLAttr writes three decimals, the most that Jenkins' schema accepts.
func (s secondsXML) MarshalXMLAttr(name xml.Name) (xml.Attr, error) {
	return xml.Attr{Name: name, Value: strconv.FormatFloat(analysis.Seconds(int64(s)), 'f', 3, 64)}, nil
}

func suitesOf(r *report.Report) *suitesXML {
	all := &suitesXML{Name: "nodrop"}
	if r.Recording != nil && r.Recording.Error != "" {
		all.add(unfinishedSuite(r))
	}
	if r.Search != nil {
		all.add(searchSuite(r))
		return all
	}
	names := runNames(r.Runs)
	for i := range r.Runs {
		all.add(runSuite(names[i], &r.Runs[i]))
	}
	for _, c := range r.Compared {
		all.add(changeSuite(c))
	}
	if r.History != nil {
		for _, l := range r.History.Loads {
			all.add(historySuite(r, l))
		}
	}
	if r.Proof != nil {
		all.add(proofSuite(r.Proof))
	}
	if !good(&r.Verdict) && all.Failures+all.Errors == 0 {
		all.add(verdictSuite(&r.Verdict))
	}
	return all
}

// good reports whether the verdict needs no failure or error.
func good(v *report.Verdict) bool { return v.Outcome == check.Pass || v.Outcome == check.None }

func (all *suitesXML) add(s *suiteXML) {
	for _, c := range s.Cases {
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
		if c.Error != nil {
			s.Errors++
		}
	}
	all.Suites = append(all.Suites, s)
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Errors += s.Errors
	all.Time += s.Time
}

// unfinishedSuite holds the error that prevented runs.
func unfinishedSuite(r *report.Report) *suiteXML {
	reason := clean(r.Recording.Error)
	return &suiteXML{Name: "recording", Cases: []caseXML{{
		Name: "complete", ClassName: "nodrop.recording",
		Error: &unmetXML{Message: reason, Type: string(check.Inconclusive), Body: "error: " + reason + "\n"},
	}}}
}

// verdictSuite is added if no other case shows the verdict.
func verdictSuite(v *report.Verdict) *suiteXML {
	c := caseXML{Name: "verdict", ClassName: "nodrop.verdict"}
	c.mark(v.Outcome, string(v.Outcome), strings.Join(v.Reasons, "; "), bodyText(v.Reasons, v.Hints, nil))
	return &suiteXML{Name: "verdict", Cases: []caseXML{c}}
}

// runSuite has a case for each check or, without checks, one for the identity.
// The first case has the run's time; the others took none.
func runSuite(name string, r *report.RunReport) *suiteXML {
	run := r.Run
	s := &suiteXML{
		Name: clean(name), Time: secondsXML(run.Duration), Timestamp: run.StartedAt.UTC().Format("2006-01-02T15:04:05"),
		Properties: propertiesOf(run, r.Findings),
	}
	doubts, hints := report.Distrust(&r.Figures, len(run.FailIf) > 0)
	checks := check.Run(&r.Figures)
	if len(checks) == 0 {
		checks = []check.Result{{Rule: "identity", Check: "counts add up", Outcome: check.Pass}}
	}
	unseen, hint := report.Unseen(&r.Figures)
	if unseen != "" {
		hints = append(hints, hint)
	}
	for _, one := range settle(checks, len(doubts) == 0) {
		reasons := doubts
		if one.Reason != "" {
			reasons = append([]string{one.Reason}, doubts...)
		}
		if unseen != "" && one.Outcome != check.Fail {
			one.Outcome, reasons = check.Inconclusive, append(slices.Clone(reasons), unseen)
		}
		c := newCase(name, one)
		c.mark(one.Outcome, string(one.Rule), strings.Join(reasons, "; "), bodyText(reasons, hints, r.Findings))
		s.Cases = append(s.Cases, c)
	}
	s.Cases[0].Time = s.Time
	return s
}

// changeSuite has a case for each check on the change or, without checks, one
// for the default rule.
func changeSuite(change *report.Judged) *suiteXML {
	return judgedSuite("compare "+change.Stream, "new lost no more than base", &change.Verdict, change.Checks)
}

// judgedSuite has a case for each check or, without checks, one for the rule that
// is named.
func judgedSuite(name, rule string, v *report.Verdict, checks []check.Result) *suiteXML {
	s := &suiteXML{Name: clean(strings.TrimSpace(name))}
	if len(checks) == 0 {
		kind, _, _ := strings.Cut(s.Name, " ")
		c := caseXML{Name: rule, ClassName: "nodrop." + s.Name}
		c.mark(v.Outcome, kind, strings.Join(v.Reasons, "; "), bodyText(append(slices.Clone(v.Reasons), v.Text()), v.Hints, nil))
		s.Cases = append(s.Cases, c)
		return s
	}
	doubts := slices.DeleteFunc(slices.Clone(v.Reasons), func(reason string) bool {
		return slices.ContainsFunc(checks, func(c check.Result) bool { return c.Reason == reason })
	})
	for _, one := range settle(checks, len(doubts) == 0) {
		reasons := doubts
		if one.Reason != "" {
			reasons = append([]string{one.Reason}, doubts...)
		}
		c := newCase(s.Name, one)
		c.mark(one.Outcome, string(one.Rule), strings.Join(reasons, "; "), bodyText(append(slices.Clone(reasons), v.Text()), v.Hints, nil))
		s.Cases = append(s.Cases, c)
	}
	return s
}

// historySuite judges the new runs of a load. Past recordings are judged already:
// where nothing is new, they are listed.
func historySuite(r *report.Report, l *history.Load) *suiteXML {
	if l.New == nil {
		c := caseXML{Name: "past recordings", ClassName: "nodrop.history", Out: past.Lines(l)}
		return &suiteXML{Name: clean(strings.TrimSpace("history " + l.Stream)), Cases: []caseXML{c}}
	}
	var checks []check.Result
	for _, c := range l.Checks {
		checks = append(checks, c.Result)
	}
	v := report.Verdict{Outcome: l.Judged.Outcome, Sentence: r.Verdict.Sentence, Reasons: l.Judged.Reasons, Hints: l.Judged.Hints}
	return judgedSuite("history "+l.Stream, "new lost no more than the history", &v, checks)
}

func newCase(suite string, one check.Result) caseXML {
	c := caseXML{Name: clean(string(one.Rule) + " " + one.Check), ClassName: "nodrop." + clean(suite)}
	if one.Outcome == check.Pass && one.Met != "" {
		c.Out = clean(one.Check + ": " + one.Met)
	}
	return c
}

// settle adjusts the outcomes to each other: no check is decided on a run that
// cannot be trusted, and none fails on a run where another is inconclusive.
func settle(checks []check.Result, trusted bool) []check.Result {
	decided := trusted
	for _, c := range checks {
		decided = decided && c.Outcome != check.Inconclusive
	}
	var list []check.Result
	for _, c := range checks {
		if !trusted || !decided && c.Outcome == check.Fail {
			c.Outcome = check.Inconclusive
		}
		list = append(list, c)
	}
	return list
}

func (c *caseXML) mark(outcome check.Outcome, kind, message, body string) {
	unmet := &unmetXML{Message: clean(message), Type: kind, Body: body}
	switch outcome {
	case check.Fail:
		c.Failure = unmet
	case check.Inconclusive:
		c.Error = unmet
	case check.Pass, check.None:
	}
}

// bodyText lists the reasons, the hints and the first finding.
func bodyText(reasons, hints []string, findings []diagnosis.Finding) string {
	var b strings.Builder
	for _, reason := range reasons {
		fmt.Fprintf(&b, "%s\n", clean(reason))
	}
	for _, hint := range hints {
		fmt.Fprintf(&b, "hint: %s\n", clean(hint))
	}
	if len(findings) == 0 {
		return b.String()
	}
	f := &findings[0]
	fmt.Fprintf(&b, "\n%s (%s)\n", clean(f.Title), f.Weight())
	for _, e := range f.Evidence {
		fmt.Fprintf(&b, "- %s\n", clean(e))
	}
	for _, r := range f.Remedies {
		fmt.Fprintf(&b, "> %s\n", clean(r.String()))
	}
	return b.String()
}

func propertiesOf(run *record.Run, findings []diagnosis.Finding) *propertiesXML {
	c := run.Counts
	list := []propertyXML{
		{"nodrop", clean(run.Environment.Version)},
		{"url", clean(run.Settings.URL)},
		{"planned", strconv.FormatInt(c.Planned, 10)},
		{"started", strconv.FormatInt(c.Started, 10)},
		{"ok", strconv.FormatInt(c.OK, 10)},
		{"lost", strconv.FormatInt(c.Lost, 10)},
		{"spoiled", strconv.FormatInt(c.Spoiled, 10)},
		{"aborted", strconv.FormatInt(c.Aborted, 10)},
		{"duration", time.Duration(run.Duration).String()},
	}
	if len(findings) > 0 {
		list = append(list, propertyXML{"findings", codesOf(findings)})
	}
	return &propertiesXML{list}
}

// codesOf lists the codes of findings, each once.
func codesOf(findings []diagnosis.Finding) string {
	var list []string
	for _, f := range findings {
		if code := string(f.Code); !slices.Contains(list, code) {
			list = append(list, code)
		}
	}
	return strings.Join(list, ",")
}
