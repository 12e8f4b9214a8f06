package loadgen

import (
	"errors"
	"fmt"
	"io"
	"os"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// payload is what a request carries: bytes, or a file.
type payload struct {
	bytes []byte
	file  *bodyFile // nil for bytes
}

func (p payload) len() int64 {
	if p.file != nil {
		return p.file.size
	}
	return int64(len(p.bytes))
}

// bodyFile is a file that all workers send, open for as long as the load is:
// one that takes its name later is another file.
type bodyFile struct {
	file *os.File
	name string
	size int64 // when it was opened, and what every request announces
}

// errShrunk: the file is shorter than it was when it was opened.
var errShrunk = errors.New("file has become shorter")

func openBody(name string) (*bodyFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-D: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", name)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("-D: %w", err)
	}
	return &bodyFile{f, name, info.Size()}, nil
}

// read fills b with what stands at off.
func (f *bodyFile) read(b []byte, off int64) *failure {
	n, err := f.file.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("%s: %w", f.name, errShrunk)
	}
	return &failure{stage: record.StageClient, err: &wire.BodyError{Err: err}, text: "-D: " + err.Error()}
}

func (f *bodyFile) close() error { return f.file.Close() }
