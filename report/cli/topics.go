package cli

import (
	"embed"
	"io"

	"nodrop/loadgen/cli"
	"nodrop/report/format/page"
	"nodrop/report/output"
)

//go:embed help
var topicFiles embed.FS

// Topics returns the pages of nodrop help about what a report says.
func Topics() []cli.Topic {
	return cli.ReadTopics(topicFiles, "findings", "checks", "compare", "ci")
}

// widestPage is the width of help on wide terminals.
const widestPage = 80

// PrintPage writes a page of help for a terminal or a file.
func PrintPage(w io.Writer, markdown string) error {
	o := output.TextOptions(w)
	o.Width = min(o.Width, widestPage)
	p := page.New(w, o)
	p.Markdown(markdown)
	return p.Flush()
}
