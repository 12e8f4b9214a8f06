package loadgen

import (
	"io"
	"os"

	"golang.org/x/term"
)

// maxBodyInMemory is the size up to which a BodyFile is read once and sent in one
// write with the head. A larger file is read again for each request.
const maxBodyInMemory = 1 << 20

// maxBodyRead limits input that cannot be read twice: standard input, a pipe, a
// device.
const maxBodyRead = 64 << 20

// readBody returns the body that BodyFile names, or only the file's name if the
// file is large and can be read again.
func (o *Options) readBody() (body []byte, file string, err error) {
	name := o.BodyFile
	if name == "-" {
		body, err = o.readStdin()
		return body, "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, "", wrong("%v: %v", OptionBodyFile, err)
	}
	defer func() { _ = f.Close() }() // opened read-only
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > maxBodyInMemory {
		return nil, name, nil
	}
	body, err = readBounded(name, f)
	return body, "", err
}

func (o *Options) readStdin() ([]byte, error) {
	if o.Stdin == nil {
		return nil, wrong("%v -: only a plain load can read its body from standard input", OptionBodyFile).try("write the body to a file and use %v FILE", OptionBodyFile)
	}
	if f, ok := o.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return nil, wrong("%v -: standard input is a terminal", OptionBodyFile).try("use %v FILE, or %v - <FILE", OptionBodyFile, OptionBodyFile)
	}
	body, err := readBounded("-", o.Stdin)
	if err == nil && len(body) == 0 {
		return nil, wrong("%v -: standard input is empty", OptionBodyFile).try("omit %v to send no body", OptionBodyFile)
	}
	return body, err
}

func readBounded(name string, r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBodyRead+1))
	switch {
	case err != nil:
		return nil, wrong("%v: %v", OptionBodyFile, err)
	case len(body) > maxBodyRead:
		return nil, wrong("%v %s: over %d MiB; a body that large must be a regular file", OptionBodyFile, name, maxBodyRead>>20).try("write the body to a file and use %v FILE", OptionBodyFile)
	}
	return body, nil
}
