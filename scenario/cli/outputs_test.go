package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/cli"
)

// TestOutputs: whoever does not read stderr holds up nothing, and gets all of it
// in order later.
func TestOutputs(t *testing.T) {
	reader, writer := io.Pipe()
	p := &Program{
		Streams: cli.Streams{Err: writer, RawErr: writer},
		Reports: Reports{Fit: func(text string, _ int) string { return text }},
	}
	o := &outputs{program: p}
	o.wait(t.Context()) // for nothing
	var want []string
	for i := range 100 {
		lines := []string{fmt.Sprint(i), strings.Repeat("x", chunkBytes), "last"}
		for _, line := range lines {
			want = append(want, fmt.Sprintf("nodrop: command %d: %s", i, line))
		}
		o.add(fmt.Sprint("command ", i), slices.Values(lines))
	}
	o.add("silent", slices.Values([]string{}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o.wait(ctx) // for a second: nobody reads
	var got []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewReader(reader); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			got = append(got, strings.TrimSuffix(line, "\n"))
		}
	}()
	o.wait(t.Context())
	_ = writer.Close()
	<-read
	if !slices.Equal(got, want) {
		t.Errorf("got %d lines; want these %d in order", len(got), len(want))
	}
}
