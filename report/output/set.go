package output

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/format"
)

// Set holds all outputs of one report. It is opened before the load starts.
type Set struct {
	list        []*output
	sinks       []record.Sink
	full        bool
	temporaries *Temporaries
}

// Open opens every output that -o names. At most one format goes to stdout: the
// one given without a file, or else text. They must be formats of of. full asks for a text report that leaves
// nothing out.
func Open(of Source, formats []string, full bool, stdout io.Writer, temporaries *Temporaries) (*Set, error) {
	if err := of.Check(formats); err != nil {
		return nil, err
	}
	out := &Set{full: full, temporaries: temporaries}
	onStdout := ""
	for _, spec := range formats {
		name, path, toFile := strings.Cut(spec, "=")
		if !toFile && spec == onStdout {
			continue // a script adds what its caller gave already
		}
		if !toFile && onStdout != "" {
			out.Discard()
			return nil, &misuse.Error{
				Problem: fmt.Sprintf("-o %s: stdout is already used by -o %s", spec, onStdout),
				Hint:    fmt.Sprintf("use -o %s=FILE", spec),
			}
		}
		if !toFile {
			onStdout = spec
		}
		if err := out.add(name, path, toFile, stdout); err != nil {
			out.Discard()
			return nil, err
		}
	}
	if onStdout == "" {
		return out, out.add("text", "", false, stdout)
	}
	if full && !slices.ContainsFunc(out.list, func(o *output) bool { return o.format == "text" }) {
		out.Discard()
		return nil, &misuse.Error{Problem: "--full: only the text report leaves something out", Hint: "add -o text=FILE, or leave out --full"}
	}
	return out, nil
}

func (out *Set) add(name, path string, toFile bool, stdout io.Writer) error {
	o := &output{format: name, name: name, w: stdout}
	if toFile {
		o.name += "=" + path
	}
	stream, err := o.choose()
	if err != nil {
		return err
	}
	options := format.TextOptions{Full: out.full}
	switch {
	case toFile:
		if err := out.place(o, path); err != nil {
			return err
		}
	case name == "text":
		options.Options = textOptions(stdout)
	}
	if name == "text" {
		o.render = format.TextFor(options)
	}
	if stream != nil {
		o.sink = stream(o.w)
		out.sinks = append(out.sinks, o.sink)
	}
	out.list = append(out.list, o)
	return nil
}

// place opens the file at path for o. It fails if another output has the same
// file.
func (out *Set) place(o *output, path string) error {
	if target, err := filepath.EvalSymlinks(path); err == nil && path != "" {
		path = target // so that the link remains
	}
	for _, other := range out.list {
		if other.path != "" && filepath.Clean(other.path) == filepath.Clean(path) {
			return fmt.Errorf("-o %s: same file as -o %s", o.name, other.name)
		}
	}
	if err := o.create(path, out.temporaries); err != nil {
		return fmt.Errorf("-o %s: %w", o.name, err)
	}
	return nil
}

// Sinks returns the streams, for the load to write to.
func (out *Set) Sinks() []record.Sink { return out.sinks }

// StreamsToStdout reports whether one of them writes to stdout.
func (out *Set) StreamsToStdout() bool {
	return slices.ContainsFunc(out.list, func(o *output) bool { return o.sink != nil && o.file == nil })
}

// Write writes the report to every output and closes them all. After an error it
// still writes the others, and returns the first error.
func (out *Set) Write(r *report.Report) error {
	var first error
	for _, o := range out.list {
		if err := o.write(r, out.temporaries); err != nil && first == nil {
			first = fmt.Errorf("-o %s: %w", o.name, unwrapPath(err))
		}
	}
	return first
}

// Discard removes the temporary files that Write has not renamed.
func (out *Set) Discard() {
	for _, o := range out.list {
		o.discard(out.temporaries)
	}
}
