// Package format writes reports as text, Markdown, JUnit and JSON.
//
// A Format takes a finished report and only writes it. What several formats
// need is computed before, so that all of them say the same. Each format
// escapes text from outside in the way that it needs.
//
// To add a format: a function and a row in Formats, a row in goldens
// (golden_test.go), its files with make golden. One that is written while the load
// runs is a Sink and a row in Streams (loadgen/stream/csv.go). A field of
// report-json is in its type (reportjson.go) and in report.schema.json, which a
// test compares.
package format

import (
	"errors"
	"io"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/report"
)

// Format writes a finished Report.
type Format func(io.Writer, *report.Report) error

// Formats lists the formats that are written at the end of a run, under the
// names that -o takes. Streams, written during the run, are sinks of loadgen.
// Text is for files: on a terminal, TextFor takes its place.
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

// ErrNothing is the error of a format that has nothing to write. Its file is left
// as it was.
var ErrNothing = errors.New("nothing to write")

// Patch writes the change that a proof found, as kubectl patch --patch-file takes
// it.
func Patch(w io.Writer, r *report.Report) error {
	text := ""
	if r.Proof != nil {
		text = r.Proof.Patch()
	}
	if text == "" {
		return ErrNothing
	}
	_, err := io.WriteString(w, text)
	return err
}

// JSON writes the recording itself.
func JSON(w io.Writer, r *report.Report) error { return record.Write(w, r.Recording) }

// clean turns text from outside into one harmless line.
func clean(text string) string { return safetext.CleanLine(text) }
