// Package page lays out text for a terminal: paragraphs and tables within a
// width, with or without colour.
//
// A Page never lets outside text control the terminal: it replaces every escape
// sequence except its own styles.
package page

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"nodrop/loadgen/safetext"
)

// Options describe the terminal or file for a text report. The zero value means
// 80 columns without colour, in a file.
type Options struct {
	Width    int // columns for prose and tables; 0 means 80
	Colour   bool
	Terminal bool // also wrap the lines that scripts look for: see Line
}

const defaultWidth = 80

// Style is an escape sequence for a terminal.
type Style string

// The styles, as SGR escape sequences. plain ends the others.
const (
	plain  Style = "\x1b[0m"
	bold   Style = "\x1b[1m"
	Red    Style = "\x1b[31m"
	Green  Style = "\x1b[32m"
	Yellow Style = "\x1b[33m"
)

// Page is a text report under construction. It keeps the first write error for
// Flush.
type Page struct {
	out      *bufio.Writer
	width    int
	colour   bool
	terminal bool
}

// New returns a page on w; the caller must Flush it.
func New(w io.Writer, o Options) *Page {
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	return &Page{bufio.NewWriter(w), o.Width, o.Colour, o.Terminal}
}

// Flush writes the buffered text, and returns the first write error.
func (p *Page) Flush() error { return p.out.Flush() }

// Write replaces the characters that could control a terminal, because text
// from outside may contain escape sequences. With colour, it keeps styles.
func (p *Page) Write(text []byte) (int, error) {
	rest := string(text)
	for rest != "" {
		n := strings.IndexFunc(rest, safetext.IsUnsafe)
		if n < 0 {
			_, err := p.out.WriteString(rest)
			return len(text), err
		}
		_, _ = p.out.WriteString(rest[:n])
		rest = rest[n:]
		if s := styleAt(rest); p.colour && s != "" {
			_, _ = p.out.WriteString(string(s))
			rest = rest[len(s):]
			continue
		}
		_, size := utf8.DecodeRuneInString(rest)
		_, _ = p.out.WriteRune(utf8.RuneError)
		rest = rest[size:]
	}
	return len(text), nil // Flush returns the error
}

// styleAt returns the style that text begins with; "" if there is none.
func styleAt(text string) Style {
	for _, s := range [...]Style{plain, bold, Red, Green, Yellow} {
		if strings.HasPrefix(text, string(s)) {
			return s
		}
	}
	return ""
}

// In returns text in a style, if the page has colour.
func (p *Page) In(s Style, text string) string {
	if !p.colour || text == "" {
		return text
	}
	return string(s) + text + string(plain)
}

// Lost returns a number of lost requests: in red unless it is 0.
func (p *Page) Lost(number string) string {
	if number == "0" {
		return number
	}
	return p.In(Red, number)
}

// Heading writes a heading on its own line, or on several if the page is narrow.
func (p *Page) Heading(text string) { p.headed("", text) }

// Section writes the heading of a part of a run's loss.
func (p *Page) Section(text string) {
	fmt.Fprintln(p)
	p.headed("  ", text)
}

func (p *Page) headed(indent, text string) {
	for _, line := range wrap(text, p.width-len(indent), p.width-len(indent)) {
		fmt.Fprintln(p, indent+p.In(bold, line))
	}
}

// Rule underlines a heading.
func (p *Page) Rule(text string) { fmt.Fprintln(p, strings.Repeat("=", min(Columns(text), p.width))) }

// Line is Styled for a line that scripts look for: in a file it is not wrapped.
func (p *Page) Line(prefix, text string) {
	if p.terminal {
		p.Styled(prefix, text)
		return
	}
	fmt.Fprintln(p, prefix+text)
}

// Counted writes a line of hey's that may be long: in a file with hey's tab, on a
// terminal wrapped beside the count.
func (p *Page) Counted(count, text string) {
	const tab = 8
	if !p.terminal {
		fmt.Fprintln(p, count+"\t"+text)
		return
	}
	hang := (Columns(count)/tab + 1) * tab
	p.flow(count+strings.Repeat(" ", hang-Columns(count)), hang, text)
}

// Paragraph writes text after prefix, and indents further lines to align with
// the text. It does not break words that are longer than a line.
func (p *Page) Paragraph(prefix, text string) { p.Styled(prefix, safetext.CleanLine(text)) }

// Styled is Paragraph for trusted text, which may contain styles.
func (p *Page) Styled(prefix, text string) {
	hang := Columns(prefix)
	if strings.TrimSpace(prefix) == "" {
		hang += 2
	}
	p.flow(prefix, hang, text)
}

// flow writes text after prefix, further lines after hang columns.
func (p *Page) flow(prefix string, hang int, text string) {
	for i, line := range wrap(text, p.width-Columns(prefix), p.width-hang) {
		if i > 0 {
			prefix = strings.Repeat(" ", hang)
		}
		fmt.Fprintln(p, prefix+line)
	}
}

// wrap breaks text between words into a first line and other lines of the given
// widths. There is always at least one line.
func wrap(text string, first, others int) []string {
	var lines []string
	line, used, room := "", 0, first
	for i, word := range unbroken(strings.Fields(text)) {
		n := Columns(word)
		switch {
		case i == 0:
			line, used = word, n
		case used+1+n > room:
			lines = append(lines, line)
			line, used, room = word, n, others
		default:
			line, used = line+" "+word, used+1+n
		}
	}
	return append(lines, line)
}

// unbroken joins the words between which no line may break: a number and its
// unit, and a count and what it counts.
func unbroken(words []string) []string {
	var list []string
	for i, word := range words {
		if i > 0 && (words[i-1] == times || units[strings.TrimRight(word, ".,;:)")] && endsInDigit(words[i-1])) {
			list[len(list)-1] += " " + word
			continue
		}
		list = append(list, word)
	}
	return list
}

const times = "×"

// units are the words that belong to the number before them.
var units = map[string]bool{"%": true, "pp": true, "ns": true, "µs": true, "ms": true, "s": true, "min": true, "h": true, times: true}

// endsInDigit ignores the styles of a word.
func endsInDigit(word string) bool {
	word = strings.TrimSuffix(word, string(plain))
	return word != "" && '0' <= word[len(word)-1] && word[len(word)-1] <= '9'
}

// Columns returns how many columns text takes on a terminal.
func Columns(text string) int {
	n := 0
	for i := 0; i < len(text); {
		if s := styleAt(text[i:]); s != "" {
			i += len(s)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		n += runeColumns(r)
	}
	return n
}

// Fit cuts text to at most a number of columns, and ends it with an ellipsis if
// it had to.
func Fit(text string, most int) string {
	text = safetext.CleanLine(text)
	if Columns(text) <= most {
		return text
	}
	const ellipsis = "…"
	used := Columns(ellipsis)
	if most < used {
		return ""
	}
	for i, r := range text {
		if used += runeColumns(r); used > most {
			return text[:i] + ellipsis
		}
	}
	return text
}

func runeColumns(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// Table aligns cells in columns.
type Table struct {
	Indent int
	Gap    int  // columns between cells
	Right  bool // whether cells after the first are aligned to the right
	Head   bool // whether the first row names the columns; if the page is too narrow, the cells of a row go below each other
	Prose  bool // whether the last column may be wrapped
	rows   [][]string
}

// Row adds a row. Cells may contain styles; the caller has cleaned any text
// from outside. A single cell is a remark across all columns.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, cells) }

// Fits reports whether every row fits on a line.
func (t *Table) Fits(p *Page) bool { return t.span(t.widths(0)) <= p.width }

func (t *Table) span(widths []int) int {
	n := t.Indent
	for i, width := range widths {
		if i > 0 {
			n += t.Gap
		}
		n += width
	}
	return n
}

// leastProse is the least number of columns for prose beside other cells.
const leastProse = 30

// Write writes the table. If it is wider than the page, prose is wrapped beside
// the other cells or, without enough room, below them. A first cell that is too
// long gets its own line.
func (t *Table) Write(p *Page) {
	if t.Head && t.tooWide(p) {
		t.stack(p)
		return
	}
	widths := t.widths(0)
	if t.Fits(p) {
		for _, row := range t.rows {
			fmt.Fprintln(p, t.line(row, widths))
		}
		return
	}
	var prose []string
	if t.Prose {
		prose = t.cutProse()
		widths = t.widths(0)
	}
	beside := p.width-t.span(widths)-t.Gap >= leastProse
	if most := p.width - t.span(widths) + widths[0]; widths[0] > most {
		widths = t.widths(most)
	}
	for i, row := range t.rows {
		if len(row) > 1 && Columns(row[0]) > widths[0] {
			fmt.Fprintln(p, strings.Repeat(" ", t.Indent)+row[0])
			row = slices.Concat([]string{""}, row[1:])
		}
		t.writeRow(p, row, widths, prose, i, beside)
	}
}

// leastName is the least number of columns for a first cell beside others.
const leastName = 12

// tooWide reports whether the columns do not fit, even with shorter first cells
// and prose below them.
func (t *Table) tooWide(p *Page) bool {
	widths := t.widths(0)
	if t.Prose {
		widths = widths[:len(widths)-1]
	}
	return len(widths) > 1 && t.span(widths)-widths[0]+min(widths[0], leastName) > p.width
}

// stack writes each row as lines: its first cell, then the others by their
// names.
func (t *Table) stack(p *Page) {
	indent := strings.Repeat(" ", t.Indent)
	named := 0
	for _, name := range t.rows[0][1:] {
		named = max(named, Columns(name))
	}
	for _, row := range t.rows[1:] {
		p.Styled(indent, row[0])
		for i, cell := range row[1:] {
			name := t.rows[0][i+1]
			prefix := indent + "  " + name + strings.Repeat(" ", named-Columns(name)+2)
			if Columns(prefix)+longestWord(cell) > p.width {
				p.Styled(indent+"  ", name)
				prefix = indent + "    "
			}
			p.Styled(prefix, cell)
		}
	}
}

func longestWord(text string) int {
	most := 0
	for word := range strings.FieldsSeq(text) {
		most = max(most, Columns(word))
	}
	return most
}

func (t *Table) writeRow(p *Page, row []string, widths []int, prose []string, i int, beside bool) {
	switch {
	case prose == nil || prose[i] == "":
		fmt.Fprintln(p, t.line(row, widths))
	case beside:
		line := t.line(row, widths)
		pad := t.span(widths) - Columns(line) + t.Gap
		p.Styled(line+strings.Repeat(" ", max(1, pad)), prose[i])
	default:
		fmt.Fprintln(p, t.line(row, widths))
		if (i > 0 || !t.Head) && prose[i] != "-" {
			p.Styled(strings.Repeat(" ", t.Indent+2), prose[i])
		}
	}
}

// cutProse removes and returns the last column.
func (t *Table) cutProse() []string {
	last := len(t.rows[0]) - 1
	prose := make([]string, len(t.rows))
	for i, row := range t.rows {
		if len(row) > last {
			prose[i], t.rows[i] = row[last], row[:last]
		}
	}
	return prose
}

// widths returns the widths of the columns. First cells wider than most do not
// count; a most of 0 means no limit.
func (t *Table) widths(most int) []int {
	var widths []int
	for _, row := range t.rows {
		if len(row) == 1 && len(t.rows[0]) > 1 {
			continue // a remark
		}
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if n := Columns(cell); i > 0 || most == 0 || n <= most {
				widths[i] = max(widths[i], n)
			}
		}
	}
	return widths
}

// line joins cells with padding.
func (t *Table) line(row []string, widths []int) string {
	cells := slices.Clone(row)
	for i, cell := range row {
		pad := ""
		if i < len(widths) {
			pad = strings.Repeat(" ", max(0, widths[i]-Columns(cell)))
		}
		switch {
		case t.Right && i > 0:
			cells[i] = pad + cell
		case i < len(row)-1:
			cells[i] = cell + pad
		}
	}
	return strings.Repeat(" ", t.Indent) + strings.Join(cells, strings.Repeat(" ", t.Gap))
}
