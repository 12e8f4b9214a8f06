package action

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"nodrop/scenario"
)

// tailBytes is how much is read from the end of a command's output.
const tailBytes = 16 << 10

// output collects what a command prints in an unnamed file. A pipe would end
// with nodrop, and its next line would kill what the command left in the
// background.
type output struct{ file *os.File }

func newOutput() (*output, error) {
	file, err := os.CreateTemp("", "nodrop-output-")
	if err != nil {
		return nil, fmt.Errorf("the command's output: %w", err)
	}
	_ = os.Remove(file.Name()) // fails where open files cannot be removed; close removes them there
	return &output{file}, nil
}

func (o *output) close() {
	_ = o.file.Close()
	_ = os.Remove(o.file.Name())
}

// failed adds the last lines of output to an error.
func (o *output) failed(err error, of string) error {
	return &scenario.LogError{Err: err, Of: of, Lines: o.tail()}
}

// tail returns the last non-blank lines as valid UTF-8, or none if the file
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

// longestLine is the length in bytes from which a line of output is split.
const longestLine = 16 << 10

// soFar reads the output up to now: what a command has left in the background
// may go on printing.
func (o *output) soFar() io.Reader {
	info, err := o.file.Stat()
	if err != nil {
		return strings.NewReader("")
	}
	return io.NewSectionReader(o.file, 0, info.Size())
}

// handOver returns every line of the output so far, as valid UTF-8, and closes
// it when they have been read, which can be once.
func (o *output) handOver() iter.Seq[string] {
	lines := bufio.NewReaderSize(o.soFar(), longestLine)
	return func(yield func(string) bool) {
		defer o.close()
		for {
			line, _, err := lines.ReadLine()
			if err != nil || !yield(strings.ToValidUTF8(string(line), "\ufffd")) {
				return
			}
		}
	}
}

// has reports whether a complete line of the output so far contains text.
func (o *output) has(text string) bool {
	lines := bufio.NewReader(o.soFar())
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
