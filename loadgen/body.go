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
	defer func() { _ = f.Close() }() // opened read-only
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > maxBodyInMemory {
		return nil, name, nil
	}
	body, err = readBounded(name, f)
	return body, "", err
}

func (v *FlagValues) readStdin() ([]byte, error) {
	if v.Stdin == nil {
		return nil, &misuse.Error{Problem: "-D -: only a plain load can read its body from standard input", Hint: "write the body to a file and use -D FILE"}
	}
	if f, ok := v.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return nil, &misuse.Error{Problem: "-D -: standard input is a terminal", Hint: "use -D FILE, or -D - <FILE"}
	}
	body, err := readBounded("-", v.Stdin)
	if err == nil && len(body) == 0 {
		return nil, &misuse.Error{Problem: "-D -: standard input is empty", Hint: "omit -D to send no body"}
	}
	return body, err
}

func readBounded(name string, r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBodyRead+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("-D: %w", err)
	case len(body) > maxBodyRead:
		return nil, &misuse.Error{Problem: fmt.Sprintf("-D %s: over %d MiB; a body that large must be a regular file", name, maxBodyRead>>20), Hint: "write the body to a file and use -D FILE"}
	}
	return body, nil
}
