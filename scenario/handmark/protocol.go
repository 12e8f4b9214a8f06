package handmark

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Variable is the environment variable that holds the path of a run's socket.
const Variable = "NODROP_MARKS"

// version is that of the protocol. Both sides state it.
const version = 1

const (
	maxLine      = 4096             // bytes of a line; a name has at most safetext.MaxText
	patience     = 10 * time.Second // how long a peer may take to send its line, or to read ours
	answerWithin = time.Minute      // how long Send waits: a busy nodrop still answers
)

// request asks to add a mark.
type request struct {
	Version  int    `json:"version"`
	Kind     string `json:"kind"`
	Endpoint string `json:"endpoint"`
}

// answer says what became of a request.
type answer struct {
	Version int    `json:"version"`
	Error   string `json:"error,omitempty"` // "" if the mark was taken
}

var errTooLong = fmt.Errorf("a line of more than %d bytes", maxLine)

// readLine reads the one line of a peer into v.
func readLine(from io.Reader, v any) error {
	line, err := bufio.NewReader(io.LimitReader(from, maxLine)).ReadBytes('\n')
	switch {
	case errors.Is(err, io.EOF) && len(line) == maxLine:
		return errTooLong
	case err != nil:
		return err
	}
	return json.Unmarshal(line, v)
}

// writeLine writes v as one line.
func writeLine(to io.Writer, v any) error { return json.NewEncoder(to).Encode(v) }
