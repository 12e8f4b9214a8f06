package format

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/diagnosis"
	"nodrop/report/format/page"
	"nodrop/report/phrase"
)

// maxEndpointLines limits the list of endpoints; those with losses come first.
const maxEndpointLines = 20

// Text writes the report for people: hey's report in hey's words and order,
// then the loss. For a scenario it writes each variant's statuses and errors,
// its loss, then all variants side by side. What to change comes after that,
// once for all of them.
//
// It is 80 columns wide and has no colour; TextFor suits a terminal.
func Text(w io.Writer, r *report.Report) error { return writeText(page.New(w, page.Options{}), r) }

// TextFor is Text with other page options.
func TextFor(o page.Options) Format {
	return func(w io.Writer, r *report.Report) error { return writeText(page.New(w, o), r) }
}

func writeText(out *page.Page, r *report.Report) error {
	for _, c := range r.Compared {
		writeChange(out, c.Change)
	}
	for i := range r.Groups {
		g := &r.Groups[i]
		run := &r.Runs[g.Worst]
		if g.Name == "" && len(g.Arm.Runs) == 1 {
			writeSummary(out, &run.Summary)
		} else {
			name := clean(g.Title())
			fmt.Fprintln(out)
			out.Heading(name)
			fmt.Fprintf(out, "%s\n\n", strings.Repeat("=", page.Columns(name)))
		}
		writeDistributions(out, &run.Summary)
		if g.Name == "" && len(run.Summary.Errors) == 0 {
			fmt.Fprintln(out) // hey leaves this line for errors
		}
		writeLoss(out, run)
		writeRecurrences(out, g, r.Recurrences(g))
	}
	if r.Comparison != nil {
		writeComparison(out, r.Comparison)
	}
	for _, c := range r.Changes {
		writeVariantChange(out, c)
	}
	writeAdvice(out, r)
	writeVerdict(out, r)
	return out.Flush()
}

// writeRecurrences lists the findings of all runs of a group.
func writeRecurrences(out *page.Page, g *compare.Group, list []diagnosis.Recurrence) {
	if len(list) == 0 {
		return
	}
	out.Heading(fmt.Sprintf("Findings of all %d runs:", len(g.Arm.Runs)))
	for i := range list {
		out.Paragraph("  - ", list[i].String())
	}
	fmt.Fprintln(out)
}

// writeVariantChange writes the change from one variant to another; the
// comparison has the ranges.
func writeVariantChange(out *page.Page, c *compare.Change) {
	out.Heading(clean(armsOf(c)) + ":")
	out.Paragraph("  ", kindOf(c))
	fmt.Fprintln(out)
	medianTable(c).Write(out)
	fmt.Fprintln(out)
	for _, note := range c.Notes {
		out.Paragraph("  - ", note)
	}
	fmt.Fprintln(out)
}

// writeSummary writes hey's report down to the details; see hey's template in
// its requester/print.go.
func writeSummary(out *page.Page, s *analysis.Summary) {
	fmt.Fprintln(out)
	out.Heading("Summary:")
	fmt.Fprintf(out, "  Total:\t%4.4f secs\n  Slowest:\t%4.4f secs\n  Fastest:\t%4.4f secs\n  Average:\t%4.4f secs\n  Requests/sec:\t%4.4f\n",
		s.Total, s.Slowest, s.Fastest, s.Average, s.PerSecond)
	fmt.Fprintf(out, "  \n")
	if s.TotalBytes > 0 {
		fmt.Fprintf(out, "  Total data:\t%d bytes\n  Size/request:\t%d bytes\n", s.TotalBytes, s.BytesPerRequest)
	}
	fmt.Fprintln(out)
	out.Heading("Response time histogram:")
	var most int64
	for _, b := range s.Histogram {
		most = max(most, b.Count)
	}
	for _, b := range s.Histogram {
		bar := (b.Count*40 + most/2) / most
		fmt.Fprintf(out, "  %4.3f [%d]\t|%s\n", b.Mark, b.Count, strings.Repeat("■", int(bar)))
	}
	fmt.Fprintf(out, "\n\n")
	out.Heading("Latency distribution:")
	for _, p := range s.Percentiles {
		fmt.Fprintf(out, "  %d%% in %4.4f secs\n", p.Percent, p.Latency)
	}
	fmt.Fprintln(out)
	out.Heading("Details (average, fastest, slowest):")
	for _, p := range s.Phases {
		fmt.Fprintf(out, "  %s:\t%4.4f secs, %4.4f secs, %4.4f secs\n", p.Name, p.Average, p.Fastest, p.Slowest)
	}
	fmt.Fprintln(out)
}

func writeDistributions(out *page.Page, s *analysis.Summary) {
	out.Heading("Status code distribution:")
	for _, c := range s.Statuses {
		fmt.Fprintf(out, "  [%d]\t%d responses\n", c.Status, c.Count)
	}
	fmt.Fprintf(out, "\n")
	if len(s.Errors) > 0 {
		out.Heading("Error distribution:")
		for _, e := range s.Errors {
			fmt.Fprintf(out, "  [%d]\t%s\n", e.Count, clean(e.Text))
		}
	}
	fmt.Fprintln(out)
}

func writeLoss(out *page.Page, r *report.RunReport) {
	c := r.Run.Counts
	out.Heading("Loss:")
	fmt.Fprintf(out, "  planned %d = started %d + unsent %d\n", c.Planned, c.Started, c.Unsent)
	fmt.Fprintf(out, "  started %d = ok %d + lost %s + spoiled %d + aborted %d\n", c.Started, c.OK, out.Lost(c.Lost), c.Spoiled, c.Aborted)
	if r.Loss.Identity != nil {
		fmt.Fprintf(out, "  %s: %v\n", out.In(page.Red, "THE COUNTS DO NOT ADD UP"), r.Loss.Identity)
	}
	writeClasses(out, &r.Loss)
	writeFindings(out, r.Findings)
	writeEndpoints(out, &r.Loss)
	writeWindows(out, &r.Loss)
	writeMarks(out, r.Run.Marks)
	writeProbes(out, r.Run)
	writeOutputs(out, r.Run.Marks)
	writeTraces(out, r.Run.Traces)
	writeNotes(out, r)
	fmt.Fprintln(out)
}

// writeTraces lists the steps of lost requests, with times since each request's
// start.
func writeTraces(out *page.Page, traces []record.Trace) {
	for i, trace := range traces {
		out.Section(fmt.Sprintf("Lost request %d, %s, started at %s:", i+1, trace.Class, phrase.Moment(trace.Start)))
		t := &page.Table{Indent: 4, Gap: 2, Prose: true}
		for _, s := range trace.Steps {
			t.Row("+"+phrase.Duration(s.At-trace.Start), clean(stepText(s)))
		}
		t.Write(out)
	}
}

func stepText(s record.TraceStep) string {
	if s.Error == "" {
		return s.What
	}
	return s.What + ": " + s.Error
}

func writeClasses(out *page.Page, l *analysis.Loss) {
	if len(l.Classes) == 0 {
		return
	}
	out.Section("By class:")
	t := &page.Table{Indent: 4, Gap: 3, Head: true, Prose: true}
	t.Row("class", "fresh", "reused", "processed by the server?")
	for _, c := range l.Classes {
		t.Row(c.Class.String(), strconv.FormatInt(c.Fresh, 10), strconv.FormatInt(c.Reused, 10), processed(c))
	}
	t.Write(out)
}

// writeFindings lists the causes; writeAdvice says what to change.
func writeFindings(out *page.Page, list []diagnosis.Finding) {
	if len(list) == 0 {
		return
	}
	out.Section("Findings:")
	for i, f := range list {
		out.Paragraph(fmt.Sprintf("    %d. ", i+1), f.Title+" ("+f.Weight()+")")
		for _, e := range f.Evidence {
			out.Paragraph("       - ", e)
		}
	}
}

func writeEndpoints(out *page.Page, l *analysis.Loss) {
	if len(l.Endpoints) < 2 {
		return
	}
	out.Section("By endpoint:")
	t := &page.Table{Indent: 4, Gap: 3, Head: true, Prose: true}
	t.Row("endpoint", "ok", "lost", "last connected", "last response", "classes")
	for i, e := range l.Endpoints {
		if i == maxEndpointLines {
			t.Row(fmt.Sprintf("and %d more", len(l.Endpoints)-i))
			break
		}
		t.Row(cmp.Or(clean(e.Name), "(none reached)"), strconv.FormatInt(e.OK, 10), out.Lost(e.Lost),
			lastConnected(&e.Seen), phrase.Moment(e.Seen.LastResponse), cmp.Or(classList(e.Classes), "-"))
	}
	t.Write(out)
}

// lastConnected is "-" for an endpoint that responded but has no connections:
// behind a virtual address, it is unknown which replica a connection reached.
func lastConnected(e *record.EndpointSeen) string {
	if e.LastConnect == -1 && e.LastResponse != -1 {
		return "-"
	}
	return phrase.Moment(e.LastConnect)
}

func classList(classes []analysis.ClassLoss) string {
	var parts []string
	for _, c := range classes {
		parts = append(parts, fmt.Sprintf("%s %d", c.Class, c.Total()))
	}
	return strings.Join(parts, ", ")
}

func writeWindows(out *page.Page, l *analysis.Loss) {
	if len(l.Windows) == 0 {
		return
	}
	out.Section(fmt.Sprintf("Windows (losses at most %s apart):", phrase.Duration(l.Gap)))
	for i, w := range l.Windows {
		if i == maxEndpointLines {
			fmt.Fprintf(out, "    and %d more\n", len(l.Windows)-i)
			break
		}
		out.Styled("    ", fmt.Sprintf("%d. at %s for %s: %s", i+1, phrase.Moment(w.Begin), phrase.Duration(w.End-w.Begin), exposure(out, w)))
		writeRelation(out, "begins", w.BeginNear)
		writeRelation(out, "ends", w.EndNear)
	}
}

// exposure says how many of how many requests were lost. Requests already in
// flight are not among those started inside the window.
func exposure(out *page.Page, w analysis.Window) string {
	text := fmt.Sprintf("%s lost, %d started in it", out.Lost(w.Lost), w.Exposed)
	if w.Lost > w.InFlight && w.Exposed > 0 {
		text += fmt.Sprintf(", %s of them lost", phrase.Share(w.Ratio()))
	}
	if w.InFlight > 0 {
		text += fmt.Sprintf(" (%d of the lost %s already in flight)", w.InFlight, phrase.Choose(w.InFlight, "was", "were"))
	}
	if n := int64(len(w.Endpoints)); n > 0 {
		text += ", on " + phrase.Counted(n, "endpoint", "endpoints")
	}
	if w.Connections > 0 {
		text += ", with " + phrase.Counted(w.Connections, "connection", "connections")
	}
	return text
}

func writeRelation(out *page.Page, verb string, r analysis.Relation) {
	if r.Known {
		out.Paragraph("      ", verb+" "+relation(r))
	}
}

func relation(r analysis.Relation) string {
	side := "after"
	if r.Distance < 0 {
		side = "before"
	}
	return fmt.Sprintf("%s %s %s", phrase.Duration(max(r.Distance, -r.Distance)), side, r.Mark.Name)
}

func writeNotes(out *page.Page, r *report.RunReport) {
	notes := notesOf(r)
	if len(notes) == 0 {
		return
	}
	out.Section("Notes:")
	for _, n := range notes {
		out.Paragraph("    - ", n)
	}
}

// writeComparison writes as many variants side by side as fit on the page, then
// the next ones.
func writeComparison(out *page.Page, c *compare.Comparison) {
	out.Heading("Comparison:")
	for from := 0; from < len(c.Columns); {
		t, until := comparisonTable(out, c, from)
		if from > 0 {
			fmt.Fprintln(out)
		}
		t.Write(out)
		from = until
	}
	fmt.Fprintln(out)
}

// comparisonTable takes as many columns as fit from one on, and at least that
// one.
func comparisonTable(out *page.Page, c *compare.Comparison, from int) (t *page.Table, until int) {
	for until = len(c.Columns); ; until-- {
		t = &page.Table{Indent: 2, Gap: 2, Right: true}
		head := []string{""}
		for _, name := range c.Columns[from:until] {
			head = append(head, clean(name))
		}
		t.Row(head...)
		for _, row := range c.Rows {
			cells := slices.Clone(row.Cells[from:until])
			for i, cell := range cells {
				if row.Name == "lost" && cell != "0" {
					cells[i] = out.In(page.Red, cell)
				}
			}
			t.Row(append([]string{row.Name}, cells...)...)
		}
		if until == from+1 || t.Fits(out) {
			return t, until
		}
	}
}

func writeVerdict(out *page.Page, r *report.Report) {
	v := &r.Verdict
	if v.Outcome == check.None {
		return
	}
	line := "Verdict: " + out.In(outcomeStyles[v.Outcome], string(v.Outcome))
	if v.Sentence != "" {
		line += ": " + clean(v.Sentence)
	}
	// Not wrapped, because scripts look for this line.
	fmt.Fprintf(out, "%s.\n", line)
	for _, reason := range slices.Concat(v.Reasons, r.Passed()) {
		fmt.Fprintf(out, "  - %s\n", clean(reason))
	}
	for _, hint := range v.Hints {
		fmt.Fprintf(out, "  hint: %s\n", clean(hint))
	}
}

var outcomeStyles = map[check.Outcome]page.Style{check.Pass: page.Green, check.Fail: page.Red, check.Inconclusive: page.Yellow}
