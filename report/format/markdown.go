package format

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/diagnosis"
	"nodrop/report/format/streams"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

// Limits for a pull request: GitHub allows 65,536 characters, and the author
// may want to add a few of their own.
const (
	maxMarkdown  = 56_000 // bytes, without the line that lists what is left out
	maxRows      = 20     // of a list or table
	maxMarkRows  = 40
	maxRunsAside = 8   // columns of the comparison
	maxPast      = 50  // recordings of a history
	maxQuote     = 300 // characters of one text from outside
)

// Markdown writes GitHub's Markdown for a pull request or a CI job summary. Its
// length is limited, and it says what it left out.
func Markdown(w io.Writer, r *report.Report) error {
	m := &markdown{}
	m.part("the title", "## nodrop: "+titleMarkdown(r)+"\n")
	m.part("the reasons", reasonsMarkdown(r))
	if r.History != nil {
		m.history(r.History)
	}
	for _, c := range r.Compared {
		m.change(c.Change)
	}
	names, groups := runNames(r.Runs), r.Groups
	if r.Search != nil {
		m.part("the values", valuesMarkdown(r.Search))
		groups = r.Telling()
	} else {
		m.part("the comparison", comparisonMarkdown(r.Groups, names))
	}
	for _, c := range r.Changes {
		m.part("the change", "#### "+mdInline(armsOf(c))+", "+mdInline(kindOf(c))+"\n\n"+changeMarkdown(c))
	}
	m.part("what was changed", proofMarkdown(r.Proof))
	if r.Proof == nil || r.Proof.Outcome != record.Fixed {
		m.part("what to change", adviceMarkdown(adviceOf(r)))
	}
	for i := range groups {
		g := &groups[i]
		name := names[g.Worst]
		if len(g.Arm.Runs) > 1 {
			name = g.Title()
		}
		m.run(name, &r.Runs[g.Worst], len(r.Groups) > 1)
		m.part("findings of all runs of "+g.Arm.Name, recurrencesMarkdown(r.Recurrences(g), len(g.Arm.Runs)))
	}
	if len(m.left) > 0 {
		fmt.Fprintf(&m.out, "\n*Left out for length: %s. `-o text` and `-o report-json` have everything.*\n", mdInline(phrase.Shorten(strings.Join(m.left, ", "), maxQuote)))
	}
	_, err := w.Write(m.out.Bytes())
	return err
}

// markdown is a document of as many parts as there is room for.
type markdown struct {
	out  bytes.Buffer
	left []string // names of the parts that did not fit
}

// part adds a part after an empty line, if it fits.
func (m *markdown) part(name, text string) {
	switch {
	case text == "":
	case m.out.Len()+len(text) > maxMarkdown:
		m.left = append(m.left, name)
	default:
		if m.out.Len() > 0 {
			m.out.WriteByte('\n')
		}
		m.out.WriteString(text)
	}
}

// change adds the comparison of two arms.
func (m *markdown) change(c *compare.Change) {
	var arms strings.Builder
	bullets(&arms, []string{armTitle(&c.Base), armTitle(&c.New)})
	m.part("the arms"+ofStream(c), mdInline(headingOf(c))+"\n\n"+arms.String())
	m.part("the change"+ofStream(c), changeMarkdown(c))
	if len(c.Warnings) > 0 {
		var b strings.Builder
		bullets(&b, c.Warnings)
		m.part("what is not comparable"+ofStream(c), "#### Not fully comparable\n\n"+b.String())
	}
	var notes strings.Builder
	bullets(&notes, c.Notes)
	m.part("notes"+ofStream(c), details("Notes", true, notes.String()))
}

// changeMarkdown has a row for each figure.
func changeMarkdown(c *compare.Change) string {
	head := []string{""}
	for _, name := range headOf(c) {
		head = append(head, mdInline(name)+" >")
	}
	t := newMarkdownTable(head...)
	for _, row := range c.Rows {
		cells := []string{mdInline(row.Label)}
		if strings.HasPrefix(row.Label, " ") {
			cells[0] = "&nbsp; " + mdCode(row.Label)
		}
		for _, cell := range cellsOf(c, row) {
			cells = append(cells, mdInline(cell))
		}
		t.row(cells...)
	}
	return t.String()
}

func (m *markdown) run(name string, r *report.RunReport, several bool) {
	of := func(what string) string { return what }
	if several {
		of = func(what string) string { return what + " of " + name }
		m.part(name, "### "+mdInline(phrase.Shorten(name, maxQuote))+"\n")
	}
	m.part(of("settings"), settingsMarkdown(r.Run))
	for i := range r.Findings {
		if i == maxRows {
			m.left = append(m.left, of(phrase.Counted(int64(len(r.Findings)-i), "finding", "findings")))
			break
		}
		m.part(of(fmt.Sprintf("finding %d", i+1)), findingMarkdown(i, &r.Findings[i]))
	}
	m.part(of("HTTP/2"), streamsMarkdown(&r.Loss.Streams))
	m.part(of("classes"), classesMarkdown(&r.Loss))
	m.part(of("windows"), windowsMarkdown(&r.Loss))
	m.part(of("endpoints"), endpointsMarkdown(&r.Loss))
	m.part(of("errors"), errorsMarkdown(&r.Summary))
	m.part(of("marks"), marksMarkdown(r.Run.Marks))
	for _, mark := range r.Run.Marks {
		m.part(of("output"), outputsMarkdown(mark))
	}
	for i, trace := range r.Run.Traces {
		m.part(of(fmt.Sprintf("lost request %d", i+1)), traceMarkdown(i, trace))
	}
	m.part(of("notes"), notesMarkdown(r))
}

func reasonsMarkdown(r *report.Report) string {
	v := &r.Verdict
	text := v.Text()
	reasons := slices.Concat(v.Reasons, r.Passed())
	var b strings.Builder
	if text != "" {
		fmt.Fprintf(&b, "%s.\n", mdLine(phrase.Shorten(text, 3*maxQuote)))
	}
	if text != "" && len(reasons)+len(v.Hints) > 0 {
		b.WriteByte('\n')
	}
	bullets(&b, reasons)
	hints := make([]string, len(v.Hints))
	for i, h := range v.Hints {
		hints[i] = "hint: " + h
	}
	bullets(&b, hints)
	return b.String()
}

// titleMarkdown is the verdict or, without checks, the number of losses.
func titleMarkdown(r *report.Report) string {
	if r.Proof != nil {
		return titleOfProof(r.Proof)
	}
	if v := r.Verdict.Outcome; v != check.None {
		return "**" + string(v) + "**"
	}
	if r.History != nil {
		return "history in " + mdInline(r.History.Directory)
	}
	var lost, started int64
	for _, run := range r.Runs {
		lost += run.Run.Counts.Lost
		started += run.Run.Counts.Started
	}
	if lost == 0 {
		return "lost none of " + phrase.Counted(started, "request", "requests")
	}
	return fmt.Sprintf("lost %s of %s", phrase.Number(lost), phrase.Counted(started, "request", "requests"))
}

// comparisonMarkdown has a column for each group of runs.
func comparisonMarkdown(list []compare.Group, names []string) string {
	if len(list) == 0 {
		return ""
	}
	shown := list[:min(len(list), maxRunsAside)]
	var runs []analysis.Figures
	head := []string{""}
	for i, g := range shown {
		name := g.Name
		if len(g.Arm.Runs) == 1 {
			name = names[g.Worst]
		}
		head = append(head, mdCode(phrase.Shorten(name, 60))+" >")
		for _, run := range shown[i].Arm.Runs {
			runs = append(runs, run.Figures)
		}
	}
	t := newMarkdownTable(head...)
	row := func(name, mark string, m metric.Metric) {
		cells := []string{name}
		for i := range shown {
			cells = append(cells, mark+mdInline(shown[i].Arm.Spread(m).Text(m.Dimension))+mark)
		}
		t.row(cells...)
	}
	for _, of := range []struct{ name, metric, mark string }{
		{"planned", "planned", ""},
		{"started", "started", ""},
		{"ok", "ok", ""},
		{"**lost**", "lost", "**"},
		{"spoiled", "spoiled", ""},
		{"aborted", "aborted", ""},
		{"windows", "windows", ""},
		{"time with loss", "window.total", ""},
		{"requests/s", "rps", ""},
		{"p50 latency", "p50", ""},
		{"p99 latency", "p99", ""},
	} {
		m, _ := metric.Find(of.metric)
		row(of.name, of.mark, m)
		if of.metric != "lost" {
			continue
		}
		for i, class := range compare.ClassesOf(runs, false) {
			if i == maxRows {
				t.remark("other classes")
				break
			}
			row("&nbsp; "+mdCode(class), "", metric.OfClass(class))
		}
	}
	text := t.String()
	if compare.Repeated(shown) {
		text += "\nMedians (and ranges) over the runs of each variant.\n"
	}
	if n := len(list) - len(shown); n > 0 {
		text += "\n" + phrase.Counted(int64(n), "more run is", "more runs are") + " not in this table.\n"
	}
	return text
}

func settingsMarkdown(run *record.Run) string {
	s := &run.Settings
	text := fmt.Sprintf("%s, %s", mdCode(phrase.Shorten(s.Method+" "+s.URL, maxQuote)), phrase.Counted(int64(s.Workers), "worker", "workers"))
	if s.Rate > 0 {
		text += fmt.Sprintf(" at up to %s requests/s per worker", strconv.FormatFloat(s.Rate, 'f', -1, 64))
	}
	if s.KeepAlive {
		text += ", kept-alive connections"
	} else {
		text += ", a new connection for every request"
	}
	return fmt.Sprintf("%s; %s from %s\n", text, phrase.Duration(run.Duration), run.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC"))
}

// findingMarkdown writes one finding. As in the text, its remedies are in the
// list of what to change.
func findingMarkdown(i int, f *diagnosis.Finding) string {
	var b strings.Builder
	if i == 0 {
		b.WriteString("#### Findings\n\n")
	}
	fmt.Fprintf(&b, "**%d. %s** (%s)\n", i+1, mdInline(phrase.Shorten(f.Title, maxQuote)), mdInline(f.Weight()))
	if len(f.Evidence) > 0 {
		b.WriteByte('\n')
	}
	bullets(&b, f.Evidence)
	return b.String()
}

func recurrencesMarkdown(list []diagnosis.Recurrence, runs int) string {
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#### Findings of all %d runs\n\n", runs)
	texts := make([]string, len(list))
	for i := range list {
		texts[i] = list[i].String()
	}
	bullets(&b, texts)
	return b.String()
}

func remediesMarkdown(list []diagnosis.Remedy) string {
	t := newMarkdownTable("where", "what to change")
	for i, r := range list {
		if i == maxRows {
			t.remark(fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		setting := mdInline(phrase.Shorten(r.Setting, maxQuote))
		if r.Where != "any" {
			setting = mdCode(phrase.Shorten(r.Setting, maxQuote))
		}
		t.row(mdInline(phrase.Shorten(r.Where, maxQuote)), setting)
	}
	return t.String()
}

func streamsMarkdown(s *analysis.Streams) string {
	lines := streams.Lines(s)
	if len(lines) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("#### HTTP/2\n\n")
	bullets(&b, lines)
	return b.String()
}

func classesMarkdown(l *analysis.Loss) string {
	if len(l.Classes) == 0 {
		return ""
	}
	t := newMarkdownTable("class", "fresh >", "reused >", "processed by the server?")
	for i, c := range l.Classes {
		if i == maxRows {
			t.remark(fmt.Sprintf("and %d more", len(l.Classes)-i))
			break
		}
		t.row(mdCode(c.Class.String()), phrase.Number(c.Fresh), phrase.Number(c.Reused), processed(c))
	}
	return "#### By class\n\n" + t.String()
}

func windowsMarkdown(l *analysis.Loss) string {
	if len(l.Windows) == 0 {
		return ""
	}
	t := newMarkdownTable("at >", "for >", "lost >", "started in it >", "already in flight >", "endpoints >", "begins", "ends")
	for i := range l.Windows {
		if i == maxRows {
			t.remark(fmt.Sprintf("and %d more", len(l.Windows)-i))
			break
		}
		w := &l.Windows[i]
		t.row(unbroken(phrase.Moment(w.Begin)), unbroken(phrase.Duration(w.End-w.Begin)), phrase.Number(w.Lost), phrase.Number(w.Exposed), phrase.Number(w.InFlight),
			phrase.Number(int64(len(w.Endpoints))), relationMarkdown(w.BeginNear), relationMarkdown(w.EndNear))
	}
	return fmt.Sprintf("#### Windows\n\nLosses at most %s apart form one window.\n\n", phrase.Duration(l.Gap)) + t.String()
}

// unbroken keeps a number and its unit on one line.
func unbroken(text string) string { return strings.ReplaceAll(text, " ", "&nbsp;") }

func relationMarkdown(r analysis.Relation) string {
	if !r.Known {
		return ""
	}
	return mdInline(phrase.Shorten(phrase.Relation(r), maxQuote))
}

func endpointsMarkdown(l *analysis.Loss) string {
	if len(l.Endpoints) < 2 {
		return ""
	}
	t := newMarkdownTable("endpoint", "ok >", "lost >", "last connected >", "last response >", "classes")
	for i, e := range l.Endpoints {
		if i == maxRows {
			t.remark(fmt.Sprintf("and %d more", len(l.Endpoints)-i))
			break
		}
		name := "(none reached)"
		if e.Name != "" {
			name = mdCode(phrase.Shorten(e.Name, maxQuote))
		}
		t.row(name, phrase.Number(e.OK), phrase.Number(e.Lost), lastConnected(&e.Seen), phrase.Moment(e.Seen.LastResponse), mdInline(phrase.Shorten(classList(e.Classes), maxQuote)))
	}
	return "#### By endpoint\n\n" + t.String()
}

func errorsMarkdown(s *analysis.Summary) string {
	if len(s.Errors) == 0 {
		return ""
	}
	var lines []string
	for i, e := range s.Errors {
		if i == maxRows {
			lines = append(lines, fmt.Sprintf("and %d more", len(s.Errors)-i))
			break
		}
		lines = append(lines, fmt.Sprintf("%d × %s", e.Count, e.Text))
	}
	return "#### Errors\n\n" + mdFence(lines)
}

func marksMarkdown(marks []record.Mark) string {
	if len(marks) == 0 {
		return ""
	}
	t := newMarkdownTable("when", "what")
	groups := analysis.GroupMarks(marks)
	for i, g := range groups {
		if i == maxMarkRows {
			t.remark(fmt.Sprintf("and %d more", len(groups)-i))
			break
		}
		t.row(phrase.Times(g.First, g.Last), mdInline(phrase.Shorten(phrase.Marks(&g), maxQuote)))
	}
	return details("Marks", false, t.String())
}

func traceMarkdown(i int, trace record.Trace) string {
	var lines []string
	for _, s := range trace.Steps {
		lines = append(lines, "+"+phrase.Duration(s.At-trace.Start)+"  "+stepText(s))
	}
	return details(fmt.Sprintf("Lost request %d, %s, started at %s", i+1, trace.Class, phrase.Moment(trace.Start)), false, mdFence(lines))
}

// notesMarkdown opens the notes if nothing was lost: they say what a zero
// proves.
func notesMarkdown(r *report.RunReport) string {
	notes := notesOf(r)
	if len(notes) == 0 {
		return ""
	}
	var b strings.Builder
	bullets(&b, notes)
	return details("Notes", r.Run.Counts.Lost == 0, b.String())
}

// bullets writes a list of at most maxRows items.
func bullets(b *strings.Builder, list []string) {
	for i, text := range list {
		if i == maxRows {
			fmt.Fprintf(b, "- and %d more\n", len(list)-i)
			return
		}
		fmt.Fprintf(b, "- %s\n", mdLine(phrase.Shorten(text, maxQuote)))
	}
}

func details(title string, open bool, text string) string {
	tag := "<details>"
	if open {
		tag = "<details open>"
	}
	return tag + "<summary>" + mdInline(title) + "</summary>\n\n" + text + "\n</details>\n"
}

// markdownTable has cells that are already Markdown.
type markdownTable struct {
	b       strings.Builder
	columns int
}

// newMarkdownTable takes the column names; those that end in " >" are aligned
// to the right.
func newMarkdownTable(head ...string) *markdownTable {
	t := &markdownTable{columns: len(head)}
	names, rules := make([]string, len(head)), make([]string, len(head))
	for i, name := range head {
		var right bool
		names[i], right = strings.CutSuffix(name, " >")
		rules[i] = "---"
		if right {
			rules[i] = "---:"
		}
	}
	t.row(names...)
	t.row(rules...)
	return t
}

func (t *markdownTable) row(cells ...string) {
	t.b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

// remark adds a row with a single cell.
func (t *markdownTable) remark(text string) {
	t.b.WriteString("| " + text + strings.Repeat(" |", t.columns) + "\n")
}

func (t *markdownTable) String() string { return t.b.String() }

// mdFence quotes lines in a fence that is longer than any run of backticks in
// them.
func mdFence(lines []string) string {
	longest := 2
	var b strings.Builder
	for _, line := range lines {
		line = clean(phrase.Shorten(line, maxQuote))
		longest = max(longest, longestRun(line, '`'))
		b.WriteString(line + "\n")
	}
	fence := strings.Repeat("`", longest+1)
	return fence + "text\n" + b.String() + fence + "\n"
}

func longestRun(text string, of rune) int {
	longest, n := 0, 0
	for _, r := range text {
		if r != of {
			n = 0
			continue
		}
		n++
		longest = max(longest, n)
	}
	return longest
}

// mdCode formats text as code. It uses a tag and entities, because a code span
// in a table cannot hold every text.
func mdCode(text string) string { return "<code>" + mdInline(text) + "</code>" }

// mdLine is mdInline for the start of a line, where a number or a sign would
// make a list.
func mdLine(text string) string {
	text = mdInline(text)
	i := analysis.LeadingDigits(text)
	if i < len(text) && (i == 0 && strings.ContainsRune("+-=", rune(text[0])) || i > 0 && strings.ContainsRune(".)", rune(text[i]))) {
		return fmt.Sprintf("%s&#%d;%s", text[:i], text[i], text[i+1:])
	}
	return text
}

// mdInline escapes text so that it contains no Markdown, HTML, links or
// mentions.
func mdInline(text string) string {
	text = strings.TrimSpace(clean(text))
	var b strings.Builder
	for i, r := range text {
		span, isolate := isolated[r]
		switch {
		case isolate:
			b.WriteString(span)
		case strings.ContainsRune("\\`*_{}[]<>|~&!^", r) || isLink(text, i, r):
			fmt.Fprintf(&b, "&#%d;", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isolated are characters that start mentions, issue links and formulas. GitHub
// looks for these in the rendered text, where entities do not help.
var isolated = map[rune]string{'@': "<span>@</span>", '#': "<span>#</span>", '$': "<span>$</span>"}

// isLink reports whether GitHub would make a link of a bare address here.
func isLink(text string, i int, r rune) bool {
	switch r {
	case ':':
		next, _ := utf8.DecodeRuneInString(text[i+1:])
		return next == '/' || unicode.IsLetter(next)
	case '.':
		return i >= 3 && strings.EqualFold(text[i-3:i], "www")
	}
	return false
}
