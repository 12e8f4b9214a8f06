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

// Read reads what Write or NDJSON wrote, and says of anything
// else what it is: empty, foreign, of a newer version, cut short. A stream that
// was cut short is not refused: the Recording's Error tells.
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
		return nil, fmt.Errorf("stream of format %s; this version reads %s", format, Format)
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	return record.Parse(data)
}

// describeForeign says what a file is that begins like this, if it is not JSON.
func describeForeign(head []byte) error {
	trimmed := bytes.TrimSpace(head)
	switch {
	case len(trimmed) == 0:
		return errors.New("empty file, not a recording")
	case bytes.HasPrefix(trimmed, []byte("\x1f\x8b")):
		return errors.New("compressed by gzip: unpack it first")
	case bytes.HasPrefix(trimmed, []byte(csvHeader[:strings.Index(csvHeader, ",")+1])):
		return errors.New("rows of -o csv hold too little for a report; -o ndjson and -o json hold it all")
	case trimmed[0] != '{':
		return errors.New("not a nodrop recording")
	}
	return nil
}

// formatOf is the format that a file which begins like this says it has, if it
// says so first.
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
