package stream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"nodrop/loadgen/record"
)

// Read reads what record.Write or NDJSON wrote. For anything else, the error
// says what it is: empty, foreign, of a newer version, cut short. A stream that
// was cut short is not an error: the Recording's Error describes it.
func Read(src io.Reader) (*record.Recording, error) {
	in := bufio.NewReaderSize(src, lineBuffer)
	head, err := in.Peek(1024)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := describeForeign(head); err != nil {
		return nil, err
	}
	format := formatOf(head)
	switch {
	case format == Format:
		return readStream(in)
	case strings.HasPrefix(format, "nodrop-stream/"):
		return nil, fmt.Errorf("stream has format %s; this version reads %s", format, Format)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	return record.Parse(data)
}

// describeForeign says what a file that begins with head is, if it is not JSON.
func describeForeign(head []byte) error {
	trimmed := bytes.TrimSpace(head)
	switch {
	case len(trimmed) == 0:
		return errors.New("empty file, not a recording")
	case bytes.HasPrefix(trimmed, []byte("\x1f\x8b")):
		return errors.New("compressed with gzip: unpack it first")
	case bytes.HasPrefix(trimmed, []byte(csvHeader[:strings.Index(csvHeader, ",")+1])):
		return errors.New("-o csv holds too little for a report; use -o ndjson or -o json")
	case trimmed[0] != '{':
		return errors.New("not a nodrop recording")
	}
	return nil
}

// formatOf is the value of "format" in a file that begins with head, "" if that
// is not its first name.
func formatOf(head []byte) string {
	tokens := json.NewDecoder(bytes.NewReader(head))
	for _, want := range [...]json.Token{json.Delim('{'), "format"} {
		if got, err := tokens.Token(); err != nil || got != want {
			return ""
		}
	}
	format, _ := tokens.Token()
	name, _ := format.(string)
	return name
}
