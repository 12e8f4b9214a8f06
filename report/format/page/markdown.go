package page

import (
	"fmt"
	"strings"

	"nodrop/loadgen/pattern"
)

// Markdown writes a trusted document as a manual page: headings at the left, what
// belongs to them indented. It reads the Markdown of nodrop's own pages: headings,
// paragraphs, lists, fenced code and tables, and within a line code, emphasis and
// escapes. A whole parser would cost every run a millisecond at its start.
func (p *Page) Markdown(document string) {
	m := manual{Page: p}
	lines := strings.Split(document, "\n")
	for len(lines) > 0 {
		n := m.block(lines)
		lines = lines[n:]
	}
}

// manual is a document on its way to a page.
type manual struct {
	*Page
	indent int    // of what belongs to the last heading
	last   string // the kind of the last block
}

// step is how much deeper the text under a heading, and code, is indented.
const step = 2

// Kinds of blocks, where it matters to what follows.
const (
	heading = "heading"
	item    = "item"
	other   = "other"
)

// itemStart is the bullet or number of an item, with its indentation.
var itemStart = pattern.Lazy(`^ *(-|\d+\.) `)

// block writes the block that lines begin with, and returns how many lines it has.
func (m *manual) block(lines []string) int {
	first := lines[0]
	switch {
	case first == "":
		return 1
	case strings.HasPrefix(first, "#"):
		m.heading(first)
		return 1
	case strings.HasPrefix(first, "```"):
		n := 1 + count(lines[1:], func(line string) bool { return line != "```" })
		m.code(lines[1:n])
		return n + 1
	case strings.HasPrefix(first, "|"):
		n := count(lines, func(line string) bool { return strings.HasPrefix(line, "|") })
		m.table(lines[:n])
		return n
	}
	n := 1 + count(lines[1:], goesOn)
	if bullet := itemStart().FindString(first); bullet != "" {
		m.item(bullet, lines[:n])
	} else {
		m.gap(other)
		m.paragraph(blank(m.indent), lines[:n])
	}
	return n
}

// count returns how many lines at the start hold.
func count(lines []string, holds func(string) bool) int {
	for i, line := range lines {
		if !holds(line) {
			return i
		}
	}
	return len(lines)
}

// goesOn reports whether a line continues the paragraph or item before it.
func goesOn(line string) bool {
	return line != "" && !strings.ContainsAny(line[:1], "#|`") && !itemStart().MatchString(line)
}

// gap separates a block from the one before, unless that is a heading that it
// belongs to, or both are items.
func (m *manual) gap(kind string) {
	if m.last == other || m.last == item && kind != item {
		fmt.Fprintln(m)
	}
	m.last = kind
}

func (m *manual) heading(line string) {
	text := strings.TrimLeft(line, "#")
	level := len(line) - len(text)
	m.gap(heading)
	m.indent = max(0, level-2) * step
	m.flow(blank(m.indent), m.indent, m.bold(m.inline(text)))
	m.indent += step
	if level == 1 {
		m.last = other // below the title, a blank line
	}
}

func (m *manual) code(lines []string) {
	m.gap(other)
	for _, line := range lines {
		fmt.Fprintln(m, strings.TrimRight(blank(m.indent+step)+line, " "))
	}
}

func (m *manual) item(bullet string, lines []string) {
	m.gap(item)
	text := append([]string{lines[0][len(bullet):]}, lines[1:]...)
	m.paragraph(blank(m.indent)+bullet, text)
}

// paragraph writes lines as one, except after a backslash at the end of one.
func (m *manual) paragraph(prefix string, lines []string) {
	hang := Columns(prefix)
	text := strings.Join(lines, "\n")
	for line := range strings.SplitSeq(text, "\\\n") {
		m.flow(prefix, hang, m.inline(line))
		prefix = blank(hang)
	}
}

// table writes a table whose last column may be wrapped. The second line only says
// that there is a header. A header without text is left out.
func (m *manual) table(lines []string) {
	m.gap(other)
	table := Table{Indent: m.indent, Gap: step, Prose: true}
	if head := m.cells(lines[0]); strings.Join(head, "") != "" {
		table.Head = true
		for i := range head {
			head[i] = m.bold(head[i])
		}
		table.Row(head...)
	}
	for _, line := range lines[2:] {
		table.Row(m.cells(line)...)
	}
	table.Write(m.Page)
}

// cells returns the cells of a table's line.
func (m *manual) cells(line string) []string {
	const bar = "\x00" // stands for an escaped one
	line = strings.TrimSpace(strings.ReplaceAll(line, `\|`, bar))
	line = strings.TrimSuffix(strings.TrimPrefix(line, "|"), "|")
	var cells []string
	for cell := range strings.SplitSeq(line, "|") {
		cells = append(cells, m.inline(strings.ReplaceAll(strings.TrimSpace(cell), bar, "|")))
	}
	return cells
}

// spans are the parts of a line that are not plain text: code, emphasis, and
// characters that a backslash escapes.
var spans = pattern.Lazy("`[^`]+`|\\*\\*[^*\\s][^*]*\\*\\*|\\*[^*\\s][^*]*\\*|\\\\[|*_`<>\\[\\]\\\\]")

// inline puts styles in the place of Markdown's marks. Without colour, those around
// code stay.
func (m *manual) inline(text string) string {
	return spans().ReplaceAllStringFunc(strings.TrimSpace(text), func(span string) string {
		switch {
		case span[0] == '\\':
			return span[1:]
		case span[0] == '*':
			return m.bold(strings.Trim(span, "*"))
		case m.colour:
			return m.bold(strings.Trim(span, "`"))
		}
		return span
	})
}

// bold styles each word by itself, since lines break between words.
func (m *manual) bold(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = m.In(bold, word)
	}
	return strings.Join(words, " ")
}

func blank(columns int) string { return strings.Repeat(" ", columns) }
