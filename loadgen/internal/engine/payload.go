package engine

import (
	"errors"
	"fmt"
	"io"
	"os"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// Payload is the body of a request: bytes, or a file.
type Payload struct {
	Bytes []byte
	File  *BodyFile // nil if the payload is Bytes
}

// Len returns its length in bytes.
func (p Payload) Len() int64 {
	if p.File != nil {
		return p.File.Size
	}
	return int64(len(p.Bytes))
}

// BodyFile is a file that all workers send. It stays open during the load, so a
// file that takes over its name later has no effect.
type BodyFile struct {
	file *os.File
	Name string
	Size int64 // when it was opened; every request announces it
}

// errShrunk means that the file is shorter than when it was opened.
var errShrunk = errors.New("the file shrank during the load")

// OpenBody opens a file to send as the body of requests.
func OpenBody(name string) (*BodyFile, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s: not a regular file", name)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &BodyFile{f, name, info.Size()}, nil
}

// Read fills b with the bytes at offset off.
func (f *BodyFile) Read(b []byte, off int64) *Failure {
	n, err := f.file.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		err = fmt.Errorf("%s: %w", f.Name, errShrunk)
	}
	return &Failure{Stage: record.StageClient, Err: &wire.BodyError{Err: err}, Text: "-D: " + err.Error()}
}

// Close closes the file.
func (f *BodyFile) Close() error { return f.file.Close() }
