package loadgen

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"nodrop/loadgen/misuse"
)

// maxBodyInMemory is the size up to which the file of -D is read once and sent in
// one write with the head. A larger file is read again for each request.
const maxBodyInMemory = 1 << 20

// maxBodyRead limits input that cannot be read twice: standard input, a pipe, a
// device.
const maxBodyRead = 64 << 20

// readBody returns the body that -D names, or only the file's name if the file is
// large and can be read again.
func (o *Options) readBody() (body []byte, file string, err error) {
	name := o.BodyFile
	if name == "-" {
		body, err = o.readStdin()
		return body, "", err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, "", fmt.Errorf("-D: %w", err)
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
		return nil, &misuse.Error{Problem: "-D -: only a plain load reads its body from standard input", Hint: "write it to a file, and name that"}
	}
	if f, ok := o.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return nil, &misuse.Error{Problem: "-D -: standard input is a terminal", Hint: "-D - <FILE, or -D FILE"}
	}
	body, err := readBounded("-", o.Stdin)
	if err == nil && len(body) == 0 {
		return nil, &misuse.Error{Problem: "-D -: standard input is empty", Hint: "leave -D out to send no body"}
	}
	return body, err
}

func readBounded(name string, r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBodyRead+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("-D: %w", err)
	case len(body) > maxBodyRead:
		return nil, &misuse.Error{Problem: fmt.Sprintf("-D %s: more than %d MiB, and it cannot be read again for each request", name, maxBodyRead>>20), Hint: "write it to a file, and name that"}
	}
	return body, nil
}
