package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"nodrop/loadgen"
)

// maxEndpointLines bounds the list of endpoints; those that lost come first.
const maxEndpointLines = 20

// Text writes what a person reads: hey's report in hey's words and order, then
// the loss. Of a scenario's runs it writes what the document compares: each
// variant's statuses and errors, its loss, then all side by side.
func Text(w io.Writer, r *Report) error {
	if r.Change != nil {
		return textChange(w, r)
	}
	out := bufio.NewWriter(w)
	for i := range r.Runs {
		run := &r.Runs[i]
		if run.Run.Variant == "" {
			writeSummary(out, &run.Summary)
		} else {
			fmt.Fprintf(out, "\n%s\n", run.Run.Variant)
			fmt.Fprintf(out, "%s\n\n", strings.Repeat("=", len(run.Run.Variant)))
		}
		writeDistributions(out, &run.Summary)
		if run.Run.Variant == "" && len(run.Summary.Errors) == 0 {
			fmt.Fprintln(out) // where hey leaves room for errors
		}
		writeLoss(out, run)
	}
	if r.Comparison != nil {
		writeComparison(out, r.Comparison)
	}
	writeVerdict(out, &r.Verdict)
	return out.Flush()
}

// writeSummary writes hey's report down to the details; see hey's template in
// its requester/print.go.
func writeSummary(out io.Writer, s *Summary) {
	fmt.Fprintf(out, "\nSummary:\n")
	fmt.Fprintf(out, "  Total:\t%4.4f secs\n  Slowest:\t%4.4f secs\n  Fastest:\t%4.4f secs\n  Average:\t%4.4f secs\n  Requests/sec:\t%4.4f\n",
		s.Total, s.Slowest, s.Fastest, s.Average, s.PerSecond)
	fmt.Fprintf(out, "  \n")
	if s.TotalBytes > 0 {
		fmt.Fprintf(out, "  Total data:\t%d bytes\n  Size/request:\t%d bytes\n", s.TotalBytes, s.BytesPerRequest)
	}
	fmt.Fprintf(out, "\nResponse time histogram:\n")
	var most int64
	for _, b := range s.Histogram {
		most = max(most, b.Count)
	}
	for _, b := range s.Histogram {
		bar := (b.Count*40 + most/2) / most
		fmt.Fprintf(out, "  %4.3f [%d]\t|%s\n", b.Mark, b.Count, strings.Repeat("■", int(bar)))
	}
	fmt.Fprintf(out, "\n\nLatency distribution:\n")
	for _, p := range s.Percentiles {
		fmt.Fprintf(out, "  %d%% in %4.4f secs\n", p.Percent, p.Latency)
	}
	fmt.Fprintf(out, "\nDetails (average, fastest, slowest):\n")
	for _, p := range s.Phases {
		fmt.Fprintf(out, "  %s:\t%4.4f secs, %4.4f secs, %4.4f secs\n", p.Name, p.Average, p.Fastest, p.Slowest)
	}
	fmt.Fprintln(out)
}

func writeDistributions(out io.Writer, s *Summary) {
	fmt.Fprintf(out, "Status code distribution:\n")
	for _, c := range s.Statuses {
		fmt.Fprintf(out, "  [%d]\t%d responses\n", c.Status, c.Count)
	}
	fmt.Fprintf(out, "\n")
	if len(s.Errors) > 0 {
		fmt.Fprintf(out, "Error distribution:\n")
		for _, e := range s.Errors {
			fmt.Fprintf(out, "  [%d]\t%s\n", e.Count, e.Text)
		}
	}
	fmt.Fprintln(out)
}

func writeLoss(out io.Writer, r *RunReport) {
	c := r.Run.Counts
	fmt.Fprintf(out, "Loss:\n")
	fmt.Fprintf(out, "  planned %d = started %d + unsent %d\n", c.Planned, c.Started, c.Unsent)
	fmt.Fprintf(out, "  started %d = ok %d + lost %d + spoiled %d + aborted %d\n", c.Started, c.OK, c.Lost, c.Spoiled, c.Aborted)
	if r.Loss.Identity != nil {
		fmt.Fprintf(out, "  THE COUNTS CONTRADICT THEMSELVES: %v\n", r.Loss.Identity)
	}
	writeClasses(out, &r.Loss)
	writeFindings(out, r.Loss.Findings)
	writeEndpoints(out, &r.Loss)
	writeWindows(out, &r.Loss)
	writeMarks(out, r.Run.Marks)
	writeTraces(out, r.Run.Traces)
	writeNotes(out, r)
	fmt.Fprintln(out)
}

// writeTraces tells lost requests step by step: when, from each one's start,
// and what.
func writeTraces(out io.Writer, traces []loadgen.Trace) {
	for i, trace := range traces {
		fmt.Fprintf(out, "\n  Lost request %d, %s, started at %s:\n", i+1, trace.Class, moment(trace.Start))
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, s := range trace.Steps {
			what := s.What
			if s.Error != "" {
				what += ": " + s.Error
			}
			fmt.Fprintf(t, "    +%s\t%s\n", duration(s.At-trace.Start), what)
		}
		flush(t)
	}
}

func writeClasses(out io.Writer, l *Loss) {
	if len(l.Classes) == 0 {
		return
	}
	fmt.Fprintf(out, "\n  By class:\n")
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "    class\tfresh\treused\tprocessed by the server?\n")
	for _, c := range l.Classes {
		processed := string(c.Class.Info().Processed)
		if c.Spoiled {
			processed = "spoiled: failed on this machine"
		}
		fmt.Fprintf(t, "    %s\t%d\t%d\t%s\n", c.Class, c.Fresh, c.Reused, processed)
	}
	flush(t)
}

// writeFindings tells why, and what to change: in full for what cost the most.
func writeFindings(out io.Writer, list []Finding) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(out, "\n  Findings:\n")
	for i, f := range list {
		writeWrapped(out, fmt.Sprintf("    %d. ", i+1), f.Title+" ("+f.weight()+")")
		for _, e := range f.Evidence {
			writeWrapped(out, "       - ", e)
		}
		for k, r := range f.Remedies {
			if i > 0 && k > 0 && r.Where != f.Remedies[0].Where {
				break
			}
			writeWrapped(out, "       > ", r.String())
		}
	}
}

// weight is how much a finding explains, and how surely.
func (f *Finding) weight() string {
	if f.Lost == 0 {
		return string(f.Confidence)
	}
	return fmt.Sprintf("%d lost; %s", f.Lost, f.Confidence)
}

// String is the setting, behind what it belongs to.
func (r Remedy) String() string {
	if r.Where == "any" {
		return r.Setting
	}
	return r.Where + ": " + r.Setting
}

func writeEndpoints(out io.Writer, l *Loss) {
	if len(l.Endpoints) < 2 {
		return
	}
	fmt.Fprintf(out, "\n  By endpoint:\n")
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(t, "    endpoint\tok\tlost\tlast connected\tlast answer\tclasses\n")
	for i, e := range l.Endpoints {
		if i == maxEndpointLines {
			fmt.Fprintf(t, "    and %d more\n", len(l.Endpoints)-i)
			break
		}
		fmt.Fprintf(t, "    %s\t%d\t%d\t%s\t%s\t%s\n", cmp.Or(e.Name, "(none reached)"), e.OK, e.Lost,
			moment(e.Seen.LastConnect), moment(e.Seen.LastAnswer), cmp.Or(classList(e.Classes), "-"))
	}
	flush(t)
}

func classList(classes []ClassLoss) string {
	var parts []string
	for _, c := range classes {
		parts = append(parts, fmt.Sprintf("%s %d", c.Class, c.Total()))
	}
	return strings.Join(parts, ", ")
}

func writeWindows(out io.Writer, l *Loss) {
	if len(l.Windows) == 0 {
		return
	}
	fmt.Fprintf(out, "\n  Windows (losses at most %s apart):\n", duration(l.Gap))
	for i, w := range l.Windows {
		if i == maxEndpointLines {
			fmt.Fprintf(out, "    and %d more\n", len(l.Windows)-i)
			break
		}
		writeWrapped(out, "    ", fmt.Sprintf("%d. at %s for %s: %s", i+1, moment(w.Begin), duration(w.End-w.Begin), exposure(w)))
		writeRelation(out, "begins", w.BeginNear)
		writeRelation(out, "ends", w.EndNear)
	}
}

// exposure tells what was lost of what: requests that were in flight already
// are not among those started inside the window.
func exposure(w Window) string {
	text := fmt.Sprintf("%d lost, %d started in it", w.Lost, w.Exposed)
	if w.Lost > w.InFlight && w.Exposed > 0 {
		text += fmt.Sprintf(" of which %s were lost", share(w.Ratio()))
	}
	if w.InFlight > 0 {
		text += fmt.Sprintf(" (%d of the lost %s in flight before)", w.InFlight, choose(w.InFlight, "was", "were"))
	}
	if n := int64(len(w.Endpoints)); n > 0 {
		text += ", on " + counted(n, "endpoint", "endpoints")
	}
	if w.Connections > 0 {
		text += ", with " + counted(w.Connections, "connection", "connections")
	}
	return text
}

func writeRelation(out io.Writer, verb string, r Relation) {
	if !r.Known {
		return
	}
	side := "after"
	if r.Distance < 0 {
		side = "before"
	}
	fmt.Fprintf(out, "      %s %s %s %s\n", verb, duration(abs(r.Distance)), side, r.Mark.Name)
}

// writeMarks tells the run's story: steps one by one, the moments of many
// endpoints together.
func writeMarks(out io.Writer, marks []loadgen.Mark) {
	if len(marks) == 0 {
		return
	}
	fmt.Fprintf(out, "\n  Marks:\n")
	t := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, g := range groupMarks(marks) {
		when := moment(g.first)
		if last := moment(g.last); last != when {
			when += " … " + last
		}
		fmt.Fprintf(t, "    %s\t%s\n", when, g.text())
	}
	flush(t)
}

// markGroup is the same moment in the life of several endpoints, or one step.
type markGroup struct {
	mark        loadgen.Mark
	first, last int64
	endpoints   []string
}

func groupMarks(marks []loadgen.Mark) []markGroup {
	type key struct {
		kind loadgen.MarkKind
		err  string
	}
	var groups []markGroup
	places := map[key]int{} // in groups, of moments
	for _, m := range marks {
		i, known := places[key{m.Kind, m.Error}]
		if !known || m.Endpoint == "" {
			i = len(groups)
			groups = append(groups, markGroup{mark: m, first: m.Start, last: m.End})
		}
		if m.Endpoint != "" {
			places[key{m.Kind, m.Error}] = i
		}
		g := &groups[i]
		g.last = max(g.last, m.End)
		if m.Endpoint != "" {
			g.endpoints = append(g.endpoints, m.Endpoint)
		}
	}
	return groups
}

func (g markGroup) text() string {
	text := g.mark.Name
	if len(g.endpoints) > 0 {
		text = string(g.mark.Kind) + ": " + names(g.endpoints)
	}
	if g.mark.Error != "" {
		text += ": " + g.mark.Error
	}
	return text
}

func names(list []string) string {
	list = slices.Clone(list)
	slices.SortFunc(list, compareNatural)
	if len(list) > 3 {
		return fmt.Sprintf("%s … %s (%d)", list[0], list[len(list)-1], len(list))
	}
	return strings.Join(list, ", ")
}

func writeNotes(out io.Writer, r *RunReport) {
	notes := r.notes()
	if len(notes) == 0 {
		return
	}
	fmt.Fprintf(out, "\n  Notes:\n")
	for _, n := range notes {
		writeWrapped(out, "    - ", n)
	}
}

func writeComparison(out io.Writer, c *Comparison) {
	fmt.Fprintf(out, "Comparison:\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\t%s\t\n", strings.Join(c.Columns, "\t"))
	width := 0
	for _, row := range c.Rows {
		width = max(width, len(row.Name))
	}
	for _, row := range c.Rows {
		fmt.Fprintf(t, "%-*s\t%s\t\n", width, row.Name, strings.Join(row.Cells, "\t"))
	}
	flush(t)
	fmt.Fprintln(out)
}

func writeVerdict(out io.Writer, v *Verdict) {
	if v.Outcome == None {
		return
	}
	line := "Verdict: " + string(v.Outcome)
	if v.Sentence != "" {
		line += ": " + v.Sentence
	}
	fmt.Fprintf(out, "%s.\n", line)
	for _, reason := range v.Reasons {
		fmt.Fprintf(out, "  - %s\n", reason)
	}
	for _, hint := range v.Hints {
		fmt.Fprintf(out, "  hint: %s\n", hint)
	}
}

// lineWidth is what prose is wrapped to.
const lineWidth = 80

// writeWrapped writes text behind prefix, with further lines indented below it.
func writeWrapped(out io.Writer, prefix, text string) {
	line := prefix
	indent := strings.Repeat(" ", len(prefix)+2)
	if prefix != strings.TrimRight(prefix, " ") && strings.TrimSpace(prefix) != "" {
		indent = indent[2:] // below the text, not the bullet
	}
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > lineWidth:
			fmt.Fprintln(out, line)
			line = indent + word
		default:
			line += " " + word
		}
	}
	fmt.Fprintln(out, line)
}

// flush ends a table; the buffer below keeps a write error for Text's Flush.
func flush(t *tabwriter.Writer) { _ = t.Flush() }

// duration is a length of time as a person reads it.
func duration(ns int64) string {
	switch {
	case ns < 0:
		return "-" + duration(max(-ns, 0)) // of the smallest int64 there is no opposite
	case ns == 0:
		return "0 s"
	case ns < 1_000_000:
		return strconv.FormatInt(max(1, ns/1000), 10) + " µs"
	case ns < 999_950_000: // more would be rounded to 1000.0 ms
		return strconv.FormatFloat(float64(ns)/1e6, 'f', 1, 64) + " ms"
	}
	return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) + " s"
}

// moment is a time from the run's start; "never" for -1.
func moment(ns int64) string {
	if ns == -1 {
		return "never"
	}
	return strconv.FormatFloat(float64(ns)/1e9, 'f', 3, 64) + " s"
}

// share is a ratio as a whole percentage.
func share(ratio float64) string { return strconv.FormatFloat(ratio*100, 'f', 0, 64) + " %" }

// number groups digits by thousands.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted is a number and the words that go with it.
func counted(n int64, one, many string) string {
	return strconv.FormatInt(n, 10) + " " + choose(n, one, many)
}

func choose(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
