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
	"nodrop/report/brief"
	"nodrop/report/compare"
	"nodrop/report/diagnosis"
	"nodrop/report/format/head"
	"nodrop/report/format/page"
	"nodrop/report/format/past"
	"nodrop/report/format/streams"
	"nodrop/report/phrase"
)

// maxEndpointLines limits the list of endpoints; those with losses come first.
const maxEndpointLines = 20

// TextOptions say how the text report looks. The zero value is for a file.
type TextOptions struct {
	page.Options
	Full bool // leave nothing out
}

// Text writes the report for people. A scenario or a comparison begins with the
// answer: what was lost, why, what to change, and when; the details follow. A
// plain load begins with hey's report in hey's words and order, and ends with
// the answer.
//
// It is 80 columns wide and has no colour; TextFor suits a terminal.
func Text(w io.Writer, r *report.Report) error { return TextFor(TextOptions{})(w, r) }

// TextFor is Text with other options.
func TextFor(o TextOptions) Format {
	return func(w io.Writer, r *report.Report) error {
		out := page.New(w, o.Options)
		t := &text{out, o.Full, nil}
		switch {
		case r.Search != nil:
			t.searched(r)
		case isPlain(r):
			t.plain(r)
		default:
			t.answered(r)
		}
		return out.Flush()
	}
}

// text is a text report under construction.
type text struct {
	*page.Page
	full   bool
	folded []string // what the run in hand does not show
}

// isPlain reports whether all of a report is plain loads, as hey sends them.
func isPlain(r *report.Report) bool {
	return len(r.Groups) > 0 && !slices.ContainsFunc(r.Groups, func(g compare.Group) bool { return g.Name != "" || len(g.Arm.Runs) > 1 })
}

func (t *text) plain(r *report.Report) {
	for i := range r.Groups {
		run := &r.Runs[r.Groups[i].Worst]
		writeSummary(t.Page, &run.Summary)
		writeDistributions(t.Page, &run.Summary)
		if len(run.Summary.Errors) == 0 {
			fmt.Fprintln(t) // hey leaves this line for errors
		}
		t.writeLoss(run)
	}
	head.Last(t.Page, r, brief.Of(r))
}

func (t *text) answered(r *report.Report) {
	b := brief.Of(r)
	head.Write(t.Page, r, b)
	if r.History != nil {
		past.Write(t.Page, r)
	}
	for _, c := range r.Compared {
		writeChange(t.Page, c.Change)
	}
	for i := range r.Groups {
		t.group(r, &r.Groups[i])
	}
	if r.Comparison != nil && t.full {
		fmt.Fprintln(t)
		writeComparison(t.Page, r.Comparison)
	}
	for _, c := range r.Changes {
		if !c.Weak() || t.full {
			writeVariantChange(t.Page, c)
		}
	}
	if len(r.Groups)+len(r.Compared) > 0 || r.History != nil {
		fmt.Fprintln(t)
		head.Again(t.Page, r, b)
	}
	if r.History != nil {
		past.Last(t.Page, r)
	}
}

// searched writes the report of a search. Of its many runs, the details have the
// one that shows why a smaller value is not enough.
func (t *text) searched(r *report.Report) {
	b := brief.Of(r)
	head.WriteSearch(t.Page, r, b)
	list := r.Telling()
	if t.full {
		list = r.Groups
	}
	for i := range list {
		t.group(r, &list[i])
	}
	if n := len(r.Groups) - len(list); n > 0 {
		fmt.Fprintln(t)
		t.Paragraph("", "Not shown: the runs of "+phrase.Counted(int64(n), "value", "values")+"; --full shows all, now or with nodrop report FILE")
	}
	fmt.Fprintln(t)
	head.AgainSearch(t.Page, r, b)
}

// group writes the details of the run that represents a group.
func (t *text) group(r *report.Report, g *compare.Group) {
	run := &r.Runs[g.Worst]
	name := clean(g.Title())
	fmt.Fprintf(t, "\n\n")
	t.Heading(name)
	t.Rule(name)
	fmt.Fprintln(t)
	writeDistributions(t.Page, &run.Summary)
	t.writeLoss(run)
	writeRecurrences(t.Page, g, r.Recurrences(g))
}

// writeRecurrences lists the findings of all runs of a group.
func writeRecurrences(out *page.Page, g *compare.Group, list []diagnosis.Recurrence) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintln(out)
	out.Heading(fmt.Sprintf("Findings of all %d runs:", len(g.Arm.Runs)))
	for i := range list {
		out.Paragraph("  - ", list[i].String())
	}
}

// writeVariantChange writes the change from one variant to another; the
// comparison has the ranges.
func writeVariantChange(out *page.Page, c *compare.Change) {
	fmt.Fprintln(out)
	out.Heading(clean(armsOf(c)) + ":")
	out.Paragraph("  ", kindOf(c))
	fmt.Fprintln(out)
	medianTable(c).Write(out)
	if len(c.Notes) > 0 {
		fmt.Fprintln(out)
	}
	for _, note := range c.Notes {
		out.Paragraph("  - ", note)
	}
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
			out.Counted(fmt.Sprintf("  [%d]", e.Count), clean(e.Text))
		}
	}
	fmt.Fprintln(out)
}

func (t *text) writeLoss(r *report.RunReport) {
	c := r.Run.Counts
	t.folded = nil
	t.Heading("Loss:")
	fmt.Fprintf(t, "  planned %d = started %d + unsent %d\n", c.Planned, c.Started, c.Unsent)
	fmt.Fprintf(t, "  started %d = ok %d + lost %s + spoiled %d + aborted %d\n", c.Started, c.OK, t.Lost(strconv.FormatInt(c.Lost, 10)), c.Spoiled, c.Aborted)
	if r.Loss.Identity != nil {
		fmt.Fprintf(t, "  %s: %v\n", t.In(page.Red, "THE COUNTS DO NOT ADD UP"), r.Loss.Identity)
	}
	writeStreams(t.Page, &r.Loss.Streams)
	writeClasses(t.Page, &r.Loss)
	writeFindings(t.Page, r.Findings)
	t.writeEndpoints(&r.Loss)
	t.writeWindows(&r.Loss)
	t.writeRunMarks(r)
	writeProbes(t.Page, r.Run)
	writeOutputs(t.Page, r.Run.Marks)
	writeTraces(t.Page, r.Run.Traces)
	t.writeNotes(r)
	if len(t.folded) > 0 {
		fmt.Fprintln(t)
		t.Paragraph("  Not shown: ", strings.Join(t.folded, ", ")+"; --full shows all, now or with nodrop report FILE")
	}
}

// fold leaves out a number of things. It says so in the run's last line.
func (t *text) fold(n int, one, many string) {
	if n > 0 {
		t.folded = append(t.folded, phrase.Counted(int64(n), one, many))
	}
}

// fewMarks is the most lines of marks that are as short as saying that they are
// left out.
const fewMarks = 3

// writeRunMarks leaves the marks out if nothing was lost beside them.
func (t *text) writeRunMarks(r *report.RunReport) {
	if n := len(analysis.GroupMarks(r.Run.Marks)); r.Run.Counts.Lost == 0 && n > fewMarks && !t.full {
		t.fold(n, "mark", "marks")
		return
	}
	writeMarks(t.Page, r.Run.Marks)
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

// writeStreams writes what HTTP/2 adds.
func writeStreams(out *page.Page, s *analysis.Streams) {
	lines := streams.Lines(s)
	if len(lines) == 0 {
		return
	}
	out.Section("HTTP/2:")
	for _, line := range lines {
		out.Paragraph("    - ", line)
	}
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

// writeFindings lists the causes with their evidence. What was not seen is no
// finding to a reader.
func writeFindings(out *page.Page, list []diagnosis.Finding) {
	list = slices.DeleteFunc(slices.Clone(list), func(f diagnosis.Finding) bool { return f.Code == diagnosis.EventNotSeen })
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

// writeEndpoints leaves out the endpoints that lost nothing.
func (t *text) writeEndpoints(l *analysis.Loss) {
	if len(l.Endpoints) < 2 {
		return
	}
	list := l.Endpoints
	if !t.full {
		list = slices.DeleteFunc(slices.Clone(list), func(e analysis.EndpointLoss) bool { return e.Lost == 0 && len(e.Classes) == 0 })
	}
	t.fold(len(l.Endpoints)-len(list), "endpoint without losses", "endpoints without losses")
	if len(list) == 0 {
		return
	}
	t.Section("By endpoint:")
	table := &page.Table{Indent: 4, Gap: 3, Head: true, Prose: true}
	table.Row("endpoint", "ok", "lost", "last connected", "last response", "classes")
	for i, e := range list {
		if i == maxEndpointLines && !t.full {
			table.Row(fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		table.Row(cmp.Or(clean(e.Name), "(none reached)"), phrase.Number(e.OK), t.Lost(phrase.Number(e.Lost)),
			lastConnected(&e.Seen), phrase.Moment(e.Seen.LastResponse), cmp.Or(classList(e.Classes), "-"))
	}
	table.Write(t.Page)
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
		parts = append(parts, c.Class.String()+" "+phrase.Number(c.Total()))
	}
	return strings.Join(parts, ", ")
}

func (t *text) writeWindows(l *analysis.Loss) {
	if len(l.Windows) == 0 {
		return
	}
	out := t.Page
	out.Section(fmt.Sprintf("Windows (losses at most %s apart):", phrase.Duration(l.Gap)))
	for i, w := range l.Windows {
		if i == maxEndpointLines && !t.full {
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
	text := fmt.Sprintf("%s lost, %s started in it", out.Lost(phrase.Number(w.Lost)), phrase.Number(w.Exposed))
	if w.Lost > w.InFlight && w.Exposed > 0 {
		text += fmt.Sprintf(", %s of them lost", phrase.Share(w.Ratio()))
	}
	if w.InFlight > 0 {
		text += fmt.Sprintf(" (%s of the lost %s already in flight)", phrase.Number(w.InFlight), phrase.Choose(w.InFlight, "was", "were"))
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
		out.Paragraph("      ", verb+" "+phrase.Relation(r))
	}
}

// writeNotes leaves out what a zero proves: the answer has it where it matters.
func (t *text) writeNotes(r *report.RunReport) {
	notes := otherNotes(r)
	if t.full {
		notes = notesOf(r)
	}
	if len(notes) == 0 {
		return
	}
	t.Section("Notes:")
	for _, n := range notes {
		t.Paragraph("    - ", n)
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
}

// comparisonTable takes as many columns as fit from one on, and at least that
// one.
func comparisonTable(out *page.Page, c *compare.Comparison, from int) (t *page.Table, until int) {
	for until = len(c.Columns); ; until-- {
		t = &page.Table{Indent: 2, Gap: 2, Right: true, Head: true}
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
