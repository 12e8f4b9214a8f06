package output

import (
	"io"

	"nodrop/report/format/page"
)

// widestHelp is the width of help on a wide terminal.
const widestHelp = 80

// HelpOptions returns the options for a page of help on stdout.
func HelpOptions(stdout io.Writer) page.Options {
	o := textOptions(stdout)
	o.Width = min(o.Width, widestHelp)
	return o
}
