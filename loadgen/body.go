package loadgen

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"nodrop/loadgen/record"
)

// maxBodyInMemory is the size up to which the file of -D is read once, and sent
// in one write with the head. A larger one is read anew for each request.
const maxBodyInMemory = 1 << 20

// sendBufferSize is what a worker takes of a file at a time.
const sendBufferSize = 64 << 10

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

// bodyError is a file that could not be sent, which is no fault of the peer's.
type bodyError struct{ err error }

func (e *bodyError) Error() string { return e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

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
	return &failure{stage: record.StageClient, err: &bodyError{err}, text: "-D: " + err.Error()}
}

// maxBodyRead is how much is read of what cannot be read again: standard input,
// a pipe, a device.
const maxBodyRead = 64 << 20

// readBody is the body that -D names: its bytes, or, where they are too many to
// be kept and can be read again, its name alone.
func (v *FlagValues) readBody() (body []byte, file string, err error) {
	name := v.bodyFile
	if name == "-" {
		body, err = v.readStdin()
		return body, "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, "", fmt.Errorf("-D: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > maxBodyInMemory {
		return nil, name, nil
	}
	body, err = readBounded(name, f)
	return body, "", err
}

// readStdin is what -D - names.
func (v *FlagValues) readStdin() ([]byte, error) {
	if v.Stdin == nil {
		return nil, &HintError{Problem: "-D -: only a plain load reads its body from standard input", Hint: "write it to a file, and name that"}
	}
	if f, ok := v.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return nil, &HintError{Problem: "-D -: standard input is a terminal", Hint: "-D - <FILE, or -D FILE"}
	}
	body, err := readBounded("-", v.Stdin)
	if err == nil && len(body) == 0 {
		return nil, &HintError{Problem: "-D -: standard input is empty", Hint: "leave -D out to send no body"}
	}
	return body, err
}

// readBounded reads r, and no more than may be kept.
func readBounded(name string, r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBodyRead+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("-D: %w", err)
	case len(body) > maxBodyRead:
		return nil, &HintError{Problem: fmt.Sprintf("-D %s: more than %d MiB, and it cannot be read again for each request", name, maxBodyRead>>20), Hint: "write it to a file, and name that"}
	}
	return body, nil
}
