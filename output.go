package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
	"nodrop/report"
)

func outputFlag(fs *pflag.FlagSet) *[]string {
	return fs.StringArrayP("o", "o", nil, "output, FORMAT or FORMAT=FILE: "+knownFormats()+"; repeatable")
}

// knownFormats lists what -o takes.
func knownFormats() string {
	var names []string
	for _, f := range report.Formats {
		names = append(names, f.Name)
	}
	for _, s := range stream.Streams {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// isStream tells a format that is written while a load runs.
func isStream(format string) bool {
	for _, s := range stream.Streams {
		if s.Name == format {
			return true
		}
	}
	return false
}

// outputs is where the report goes, opened before the load starts.
type outputs struct {
	list        []*output
	sinks       []record.Sink
	temporaries *temporaries
}

// output is one format and its place.
type output struct {
	format string        // its name
	render report.Format // nil for a stream
	sink   record.Sink   // nil for what is computed
	name   string        // as -o gave it
	w      io.Writer
	file   *os.File // nil for stdout
	path   string   // what file is renamed to at the end; "" when it is that already
}

// open opens every output. At most one format goes to stdout: text, unless
// another is given without a file.
func (p *program) open(formats []string) (*outputs, error) {
	out := &outputs{temporaries: &p.temporaries}
	onStdout := ""
	for _, spec := range formats {
		name, path, toFile := strings.Cut(spec, "=")
		if !toFile && onStdout != "" {
			out.discard()
			return nil, &loadgen.HintError{
				Problem: fmt.Sprintf("-o %s: stdout is taken by -o %s", spec, onStdout),
				Hint:    fmt.Sprintf("-o %s=FILE", spec),
			}
		}
		if !toFile {
			onStdout = spec
		}
		if err := out.add(name, path, toFile, p.stdout); err != nil {
			out.discard()
			return nil, err
		}
	}
	if onStdout == "" {
		return out, out.add("text", "", false, p.stdout)
	}
	return out, nil
}

func (out *outputs) add(name, path string, toFile bool, stdout io.Writer) error {
	o := &output{format: name, name: name, w: stdout}
	if toFile {
		o.name += "=" + path
	}
	stream, err := o.choose()
	if err != nil {
		return err
	}
	if name == "text" && !toFile {
		o.render = report.TextFor(textOptions(stdout))
	}
	if toFile {
		if target, err := filepath.EvalSymlinks(path); err == nil && path != "" {
			path = target // the link stays
		}
		for _, other := range out.list {
			if other.path != "" && filepath.Clean(other.path) == filepath.Clean(path) {
				return fmt.Errorf("-o %s: taken by -o %s", o.name, other.name)
			}
		}
		if err := o.create(path, out.temporaries); err != nil {
			return fmt.Errorf("-o %s: %w", o.name, err)
		}
	}
	if stream != nil {
		o.sink = stream(o.w)
		out.sinks = append(out.sinks, o.sink)
	}
	out.list = append(out.list, o)
	return nil
}

// choose finds the format: one that is computed, or how to make a stream.
func (o *output) choose() (sink func(io.Writer) record.Sink, err error) {
	for _, f := range report.Formats {
		if f.Name == o.format {
			o.render = f.Write
			return nil, nil
		}
	}
	for _, s := range stream.Streams {
		if s.Name == o.format {
			return s.New, nil
		}
	}
	if strings.Contains(o.format, "{{") {
		return nil, &loadgen.HintError{Problem: fmt.Sprintf("-o %q: templates are not taken", o.format), Hint: "-o json=FILE holds everything a template could show"}
	}
	return nil, fmt.Errorf("-o %q: unknown format; known: %s", o.format, knownFormats())
}

// textOptions are what the text report is told of stdout: on a terminal it may
// be wide and coloured, but not where the user or the terminal says no.
func textOptions(stdout io.Writer) report.Options {
	f, ok := stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return report.Options{}
	}
	o := report.Options{Colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && runtime.GOOS != "windows"}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= wideText {
		o.Width = wideText
	}
	return o
}

// wideText is the width of the text report where there is room for it: prose in
// longer lines is hard to read.
const wideText = 120

// create opens the file for writing: a temporary one beside it, so that a
// failed run leaves what was there; what is not a regular file is written to
// directly. A file that is replaced must be writable, and gives its mode.
func (o *output) create(path string, temporaries *temporaries) (err error) {
	if path == "" {
		return errors.New("no file named")
	}
	old, statErr := os.Stat(path)
	if statErr == nil {
		if o.file, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
			return unwrapPath(err)
		}
		o.w = o.file
		if !old.Mode().IsRegular() {
			return nil
		}
		_ = o.file.Close()
	}
	if o.file, err = temporaries.create(path); err != nil {
		return unwrapPath(err)
	}
	o.w, o.path = o.file, path
	if statErr == nil {
		if err = o.file.Chmod(old.Mode().Perm()); err != nil {
			_ = o.file.Close()
			temporaries.remove(o.file.Name())
		}
	}
	return unwrapPath(err)
}

// unwrapPath leaves the reason of a file error; the caller names the file.
func unwrapPath(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// write ends every output; the first error is returned, and the others are
// still written.
func (out *outputs) write(r *report.Report) error {
	var first error
	for _, o := range out.list {
		if err := o.write(r, out.temporaries); err != nil && first == nil {
			first = fmt.Errorf("-o %s: %w", o.name, unwrapPath(err))
		}
	}
	return first
}

func (o *output) write(r *report.Report, temporaries *temporaries) error {
	var err error
	if o.sink != nil {
		err = o.sink.Close(r.Recording)
	} else {
		err = o.render(o.w, r)
	}
	if o.file == nil {
		return err
	}
	if closeErr := o.file.Close(); err == nil {
		err = closeErr
	}
	if err == nil && o.path != "" {
		err = temporaries.settle(o.file.Name(), o.path)
	}
	if err == nil {
		o.path = ""
	}
	return err
}

// discard removes the temporary files that were not put in place.
func (out *outputs) discard() {
	for _, o := range out.list {
		if o.file != nil && o.path != "" {
			_ = o.file.Close()
			out.temporaries.remove(o.file.Name())
		}
	}
}
