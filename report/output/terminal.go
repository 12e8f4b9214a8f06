package output

import (
	"io"
	"os"
	"runtime"

	"nodrop/report/format/page"

	"golang.org/x/term"
)

// textOptions returns the options for the text report to stdout. On a terminal
// it has its width, and may be coloured, unless the user or the terminal says no.
func textOptions(stdout io.Writer) page.Options {
	f, ok := stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return page.Options{}
	}
	o := page.Options{Terminal: true, Colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && runtime.GOOS != "windows"}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		o.Width = min(width, wideText)
	}
	return o
}

// wideText is the width of the text report on a wide terminal: longer lines of
// prose are hard to read.
const wideText = 120
