// Package format writes reports: as text, Markdown, JUnit and JSON.
//
// A Format takes a finished report and only writes: it computes nothing that another
// format would have to compute again, so that all of them say the same. Texts from
// outside are cleaned here, each in the way that its format needs.
package format

import (
	"io"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/report"
)

// Format writes a finished Report.
type Format func(io.Writer, *report.Report) error

// Formats lists the formats that are computed at the end of a run, by the name
// that -o takes. Streams written while it runs are sinks of loadgen. Text is
// for files: on a terminal, TextFor takes its place.
var Formats = []struct {
	Name  string
	Write Format
}{
	{"text", Text},
	{"json", JSON},
	{"report-json", ComputedJSON},
	{"markdown", Markdown},
	{"junit", JUnit},
}

// JSON writes the recording itself.
func JSON(w io.Writer, r *report.Report) error { return record.Write(w, r.Recording) }

// clean makes one harmless line of text from outside.
func clean(text string) string { return safetext.CleanLine(text) }
