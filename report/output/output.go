package output

import (
	"errors"
	"io"
	"os"

	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
	"nodrop/report"
	"nodrop/report/format"
)

// output is one format and its destination.
type output struct {
	format string        // its name
	render format.Format // nil for a stream
	sink   record.Sink   // nil for a computed format
	name   string        // as given to -o
	w      io.Writer
	file   *os.File // nil for stdout
	path   string   // what file is renamed to at the end; "" if file needs no rename
}

// choose looks up the format. It sets render for a computed format, and returns
// the constructor for a stream.
func (o *output) choose() (sink func(io.Writer) record.Sink, err error) {
	for _, f := range format.Formats {
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
	if o.format == patch {
		o.render = format.Patch
		return nil, nil
	}
	return nil, OfLoad.unknown(o.format)
}

// create opens the file for writing. A regular file is written to a temporary
// file beside it, so that a failed run leaves the old one untouched; anything
// else, such as a device, is written directly. An old file must be writable,
// and the new one gets its mode.
func (o *output) create(path string, temporaries *Temporaries) (err error) {
	if path == "" {
		return errors.New("missing file name")
	}
	if path == "-" {
		return errors.New("not a file name; -o " + o.format + " alone writes to stdout")
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

// unwrapPath strips the path from a file error: the caller names the file.
func unwrapPath(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// discard removes what is in no place yet.
func (o *output) discard(temporaries *Temporaries) {
	if o.file != nil && o.path != "" {
		_ = o.file.Close()
		temporaries.remove(o.file.Name())
	}
}

func (o *output) write(r *report.Report, temporaries *Temporaries) error {
	var err error
	if o.sink != nil {
		err = o.sink.Close(r.Recording)
	} else {
		err = o.render(o.w, r)
	}
	if errors.Is(err, format.ErrNothing) {
		o.discard(temporaries)
		return nil
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
