package page

import (
	"fmt"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// Markdown writes a trusted Markdown document as a manual page: headings at the
// left, what belongs to them indented. It knows headings, paragraphs, lists, code
// blocks and tables, and within them code, emphasis and links. It leaves out HTML.
func (p *Page) Markdown(document string) {
	source := []byte(document)
	root := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(source))
	m := manual{Page: p, source: source}
	m.blocks(root, 0)
}

// manual is a document on its way to a page.
type manual struct {
	*Page
	source []byte
	indent int  // of what belongs to the last heading
	begun  bool // a block precedes, to be kept apart from the next
}

// step is how much deeper the text under a heading, and code, is indented.
const step = 2

// blocks writes the blocks within a node, indented by extra columns more than the
// section is.
func (m *manual) blocks(parent ast.Node, extra int) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		m.block(n, extra)
	}
}

func (m *manual) block(n ast.Node, extra int) {
	at := m.indent + extra
	switch n := n.(type) {
	case *ast.Heading:
		m.gap()
		m.indent = max(0, n.Level-2) * step
		m.flow(blank(m.indent), m.indent, m.emphasized(m.inline(n)))
		m.indent += step
		m.begun = n.Level == 1
	case *ast.List:
		m.list(n, extra)
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		m.gap()
		for _, line := range strings.Split(strings.TrimRight(string(n.Lines().Value(m.source)), "\n"), "\n") {
			fmt.Fprintln(m, strings.TrimRight(blank(at+step)+line, " "))
		}
	case *extast.Table:
		m.gap()
		m.table(n, at)
	case *ast.Paragraph, *ast.TextBlock:
		m.gap()
		m.paragraph(n, blank(at), at)
	}
}

// gap separates blocks. Nothing comes before the first block, or between a heading
// and what follows it, except below the title.
func (m *manual) gap() {
	if m.begun {
		fmt.Fprintln(m)
	}
	m.begun = true
}

// paragraph writes a block of text; its hard line breaks are kept.
func (m *manual) paragraph(n ast.Node, prefix string, hang int) {
	for _, line := range strings.Split(m.inline(n), "\n") {
		m.flow(prefix, hang, line)
		prefix = blank(hang)
	}
}

// list writes each item after its bullet or number.
func (m *manual) list(n *ast.List, extra int) {
	for i, item := 0, n.FirstChild(); item != nil; i, item = i+1, item.NextSibling() {
		bullet := "- "
		if n.IsOrdered() {
			bullet = fmt.Sprintf("%d. ", n.Start+i)
		}
		if i == 0 || !n.IsTight {
			m.gap()
		}
		first := item.FirstChild()
		if first == nil {
			continue
		}
		at := m.indent + extra
		m.paragraph(first, blank(at)+bullet, at+len(bullet))
		for rest := first.NextSibling(); rest != nil; rest = rest.NextSibling() {
			m.begun = !n.IsTight
			m.block(rest, extra+len(bullet))
		}
		m.begun = true
	}
}

// table writes a table whose last column may be wrapped. A header without text is
// left out.
func (m *manual) table(n *extast.Table, indent int) {
	table := Table{Indent: indent, Gap: 2, Prose: true}
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			cells = append(cells, m.inline(cell))
		}
		if _, isHead := row.(*extast.TableHeader); isHead {
			if strings.Join(cells, "") == "" {
				continue
			}
			table.Head = true
			for i := range cells {
				cells[i] = m.emphasized(cells[i])
			}
		}
		table.Row(cells...)
	}
	table.Write(m.Page)
}

// inline returns the text within a block, with styles and hard line breaks.
func (m *manual) inline(parent ast.Node) string {
	var b strings.Builder
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			b.Write(unescape(n.Value(m.source)))
			switch {
			case n.HardLineBreak():
				b.WriteByte('\n')
			case n.SoftLineBreak():
				b.WriteByte(' ')
			}
		case *ast.CodeSpan:
			b.WriteString(m.code(m.typed(n)))
		case *ast.Emphasis:
			b.WriteString(m.emphasized(m.inline(n)))
		case *ast.AutoLink:
			b.Write(n.URL(m.source))
		case *ast.Link:
			b.WriteString(m.inline(n))
		}
	}
	return b.String()
}

// typed returns the text of a code span as it is.
func (m *manual) typed(span *ast.CodeSpan) string {
	var b strings.Builder
	for n := span.FirstChild(); n != nil; n = n.NextSibling() {
		if part, ok := n.(*ast.Text); ok {
			b.Write(part.Value(m.source))
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// unescape drops the backslashes that Markdown needs before punctuation.
func unescape(value []byte) []byte {
	var b []byte
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) && strings.IndexByte("|*_`<>[]\\", value[i+1]) >= 0 {
			i++
		}
		b = append(b, value[i])
	}
	return b
}

// code marks what is to be typed as it is: with colour, as bold.
func (m *manual) code(text string) string {
	if !m.colour {
		return "`" + text + "`"
	}
	return m.emphasized(text)
}

// emphasized makes each word bold by itself, since lines break between words.
func (m *manual) emphasized(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = m.In(bold, word)
	}
	return strings.Join(words, " ")
}

func blank(columns int) string { return strings.Repeat(" ", columns) }
