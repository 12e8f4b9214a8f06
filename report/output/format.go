package output

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/stream"
	"nodrop/report/format"
)

// Source is what an output is made of. It decides which formats -o takes.
type Source int

// The sources.
const (
	OfLoad       Source = iota // a load under way
	OfProof                    // loads under way, and a change of their target
	OfRecording                // a saved recording, which does not hold every single request
	OfComparison               // two arms, which no recording holds
)

// patch is the format of a change that was proven.
const patch = "patch"

// Formats lists the formats that can be made of s: computed ones, then streams.
func (s Source) Formats() []string {
	var names []string
	for _, f := range format.Formats {
		if s != OfComparison || f.Name != "json" {
			names = append(names, f.Name)
		}
	}
	if s != OfLoad && s != OfProof {
		return names
	}
	for _, s := range stream.Streams {
		names = append(names, s.Name)
	}
	if s == OfProof {
		names = append(names, patch)
	}
	return names
}

// Takes reports whether the format can be made of s.
func (s Source) Takes(format string) bool { return slices.Contains(s.Formats(), format) }

// Flag defines -o on fs, for outputs made of s.
func (s Source) Flag(fs *pflag.FlagSet) *[]string {
	return fs.StringArrayP("o", "o", nil, "write the report to stdout or to FILE: "+strings.Join(s.Formats(), ", ")+"; repeatable")
}

// Check rejects outputs that cannot be made of s.
func (s Source) Check(specs []string) error {
	for _, spec := range specs {
		name, _, _ := strings.Cut(spec, "=")
		switch {
		case s.Takes(name):
		case name == patch:
			return &misuse.Error{Problem: fmt.Sprintf("-o %s: there is no patch to write", spec), Hint: "nodrop prove finds one, in a cluster"}
		case !OfLoad.Takes(name):
			return s.unknown(name)
		case s == OfComparison:
			return &misuse.Error{Problem: fmt.Sprintf("-o %s: a comparison cannot be written as %s", spec, name), Hint: s.list()}
		default:
			return &misuse.Error{Problem: fmt.Sprintf("-o %s: needs a running load; a recording does not hold every single request", spec), Hint: s.list()}
		}
	}
	return nil
}

func (s Source) list() string { return "formats: " + strings.Join(s.Formats(), ", ") }

// meant has the format that somebody means who asks for another.
var meant = []struct{ asked, format string }{
	{"md", "markdown"},
	{"html", "markdown"},
	{"txt", "text"},
	{"plain", "text"},
	{"table", "text"},
	{"stdout", "text"},
	{"yaml", "json"},
	{"yml", "json"},
	{"jsonl", "ndjson"},
	{"jsonlines", "ndjson"},
	{"stream", "ndjson"},
	{"tsv", "csv"},
	{"xml", "junit"},
	{"xunit", "junit"},
	{"report", "report-json"},
}

// unknown is the error for a format that does not exist.
func (s Source) unknown(name string) error {
	if strings.Contains(name, "{{") {
		return &misuse.Error{Problem: fmt.Sprintf("-o %q: templates are not supported", name), Hint: "use -o json=FILE, which has everything that a template could show"}
	}
	best := misuse.Nearest(strings.ToLower(name), s.Formats())
	for _, m := range meant {
		if strings.EqualFold(m.asked, name) && s.Takes(m.format) {
			best = m.format
		}
	}
	if ending := strings.TrimPrefix(filepath.Ext(name), "."); s.Takes(ending) {
		best = ending + "=" + name
	}
	err := &misuse.Error{Problem: fmt.Sprintf("-o %q: unknown format", name), Hint: s.list()}
	if best != "" {
		err.Hint = "did you mean -o " + best + "? " + err.Hint
	}
	return err
}
