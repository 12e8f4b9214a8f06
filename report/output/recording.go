package output

import (
	"fmt"
	"os"

	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
)

// Read reads a file written by -o json or -o ndjson.
func Read(file string) (*record.Recording, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened only for reading
	recording, err := stream.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return recording, nil
}
