package action

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"nodrop/scenario"
)

// tailBytes is how much of the end of a command's output is read.
const tailBytes = 16 << 10

// output takes what a command prints, in a file without a name. A pipe would
// end with us: what the command left in the background would be killed by the
// next line that it prints.
type output struct{ file *os.File }

func newOutput() (*output, error) {
	file, err := os.CreateTemp("", "nodrop-output-")
	if err != nil {
		return nil, fmt.Errorf("the command's output: %w", err)
	}
	_ = os.Remove(file.Name()) // where open files keep their names, close does
	return &output{file}, nil
}

func (o *output) close() {
	_ = o.file.Close()
	_ = os.Remove(o.file.Name())
}

// failed is an error with what was printed last.
func (o *output) failed(err error, of string) error {
	return &scenario.LogError{Err: err, Of: of, Lines: o.tail()}
}

// tail is the last lines that say something, as valid UTF-8; none where they
// cannot be read.
func (o *output) tail() []string {
	info, err := o.file.Stat()
	if err != nil {
		return nil
	}
	text := make([]byte, min(info.Size(), tailBytes))
	n, _ := o.file.ReadAt(text, info.Size()-int64(len(text)))
	var lines []string
	for line := range bytes.Lines(text[:n]) {
		if said := strings.TrimSpace(strings.ToValidUTF8(string(line), "\ufffd")); said != "" {
			lines = append(lines, said)
		}
	}
	return lines[max(0, len(lines)-scenario.LogLines):]
}

// has reports whether the output, as far as it has come, has a whole line with
// this in it.
func (o *output) has(text string) bool {
	lines := bufio.NewReader(io.NewSectionReader(o.file, 0, 1<<62))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		if strings.Contains(line, text) {
			return true
		}
	}
}
