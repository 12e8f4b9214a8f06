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

// PrintPage writes a page of help for a terminal or a file.
func PrintPage(w io.Writer, markdown string) error {
	p := page.New(w, output.HelpOptions(w))
	p.Markdown(markdown)
	return p.Flush()
}
