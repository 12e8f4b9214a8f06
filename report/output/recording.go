package output

import (
	"fmt"
	"os"

	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
)

// Read reads what -o json or -o ndjson has written.
func Read(file string) (*record.Recording, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	recording, err := stream.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return recording, nil
}
