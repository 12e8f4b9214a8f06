package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"nodrop/loadgen/safetext"
)

// Write writes r as one JSON document.
func Write(w io.Writer, r *Recording) error {
	return json.NewEncoder(safetext.JSONWriter{To: w}).Encode(r)
}

// Parse reads what Write wrote.
func Parse(data []byte) (*Recording, error) {
	var head struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, describeJSON(err, data)
	}
	switch {
	case head.Format == Format:
	case strings.HasPrefix(head.Format, "nodrop/"):
		return nil, fmt.Errorf("recording has format %s; this version reads %s", head.Format, Format)
	default:
		return nil, errors.New("not a nodrop recording")
	}
	var r Recording
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, describeJSON(err, data)
	}
	if len(r.Runs) > MaxRuns {
		return nil, fmt.Errorf("recording: more than %d runs", MaxRuns)
	}
	for i, run := range r.Runs {
		if run == nil {
			return nil, fmt.Errorf("recording: run %d is null", i)
		}
		if err := run.Validate(); err != nil {
			return nil, fmt.Errorf("recording: run %d: %w", i, err)
		}
	}
	if err := r.Search.Validate(len(r.Runs)); err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return &r, nil
}

func describeJSON(err error, data []byte) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if ok && syntax.Offset >= int64(len(bytes.TrimSpace(data))) {
		return errors.New("recording cut short")
	}
	return fmt.Errorf("recording: %w", err)
}
