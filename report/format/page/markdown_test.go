package page

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const document = `# Words: what they mean

A paragraph that is long enough to need
more than one line of ` + "`forty columns`" + `.\
After a hard break, with **emphasis** and a
*weak* one, and a \| pipe.

## Section

- one item that is longer than the line allows
  it to be
- two
  - nested

1. first
2. second

` + "```sh" + `
nodrop -n 100 \
  http://127.0.0.1/

nodrop lab
` + "```" + `

### Deeper

| | |
|---|---|
| ` + "`-o FORMAT`" + ` | what is written, and where it goes to |
| ` + "`a\\|b`" + ` | short |

| | what it is |
|---|---|
| x | y |
`

// TestMarkdown: a document is readable without colour, within its width.
func TestMarkdown(t *testing.T) {
	want := `Words: what they mean

  A paragraph that is long enough to
  need more than one line of ` + "`forty" + `
  columns` + "`" + `.
  After a hard break, with emphasis and
  a weak one, and a | pipe.

Section
  - one item that is longer than the
    line allows it to be
  - two
    - nested
  1. first
  2. second

    nodrop -n 100 \
      http://127.0.0.1/

    nodrop lab

  Deeper
    ` + "`-o FORMAT`" + `
      what is written, and where it goes
        to
    ` + "`a|b`" + `
      short

       what it is
    x  y
`
	if diff := cmp.Diff(want, shown(t, document, Options{Width: 40})); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}

// TestMarkdownInColour: colour replaces the marks around code, and changes nothing
// else; a style ends on the line where it begins.
func TestMarkdownInColour(t *testing.T) {
	got := shown(t, document, Options{Width: 40, Colour: true})
	for line := range strings.Lines(got) {
		if strings.Count(line, string(bold)) != strings.Count(line, string(plain)) {
			t.Errorf("a style goes on: %q", line)
		}
	}
	for _, want := range []string{"\x1b[1mforty\x1b[0m", "\x1b[1ma|b\x1b[0m", "\x1b[1mWords:\x1b[0m \x1b[1mwhat\x1b[0m"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	words := func(text string) []string {
		return strings.Fields(strings.NewReplacer("`", "", string(bold), "", string(plain), "").Replace(text))
	}
	if diff := cmp.Diff(words(shown(t, document, Options{Width: 40})), words(got)); diff != "" {
		t.Errorf("the words differ (- plain, + colour)\n%s", diff)
	}
}

func shown(t *testing.T, document string, o Options) string {
	t.Helper()
	var b strings.Builder
	p := New(&b, o)
	p.Markdown(document)
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
