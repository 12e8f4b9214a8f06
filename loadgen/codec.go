package loadgen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// WriteRecording writes r as one JSON document.
func WriteRecording(w io.Writer, r *Recording) error {
	return json.NewEncoder(w).Encode(r)
}

// ReadRecording reads what WriteRecording wrote, and says of anything else
// what it is: not JSON, cut short, of another tool or of a newer version.
func ReadRecording(src io.Reader) (*Recording, error) {
	data, err := io.ReadAll(src)
	if err != nil {
		return nil, err
	}
	var head struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, describeJSON(err, data)
	}
	switch {
	case head.Format == Format:
	case strings.HasPrefix(head.Format, "nodrop/"):
		return nil, fmt.Errorf("recording of format %s; this version reads %s", head.Format, Format)
	default:
		return nil, errors.New("not a nodrop recording")
	}
	var r Recording
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, describeJSON(err, data)
	}
	for i, run := range r.Runs {
		if run == nil {
			return nil, fmt.Errorf("recording: run %d is null", i)
		}
	}
	return &r, nil
}

func describeJSON(err error, data []byte) error {
	var syntax *json.SyntaxError
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		return errors.New("empty file, not a recording")
	case trimmed[0] != '{':
		return errors.New("not a nodrop recording")
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(trimmed)):
		return errors.New("recording cut short")
	}
	return fmt.Errorf("recording: %w", err)
}
