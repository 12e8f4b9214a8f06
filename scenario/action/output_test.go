package action

import (
	"fmt"
	"testing"
)

// TestOutputOfOneThatGoesOn: what is printed after the command has ended is not
// part of its output, which therefore has an end.
func TestOutputOfOneThatGoesOn(t *testing.T) {
	out, err := newOutput()
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(out.file, "first")
	lines, n := out.handOver(), 0
	for line := range lines {
		if n++; line != "first" || n > 1 {
			t.Fatalf("line %d: %q", n, line)
		}
		fmt.Fprintln(out.file, "more")
	}
	if n != 1 {
		t.Errorf("%d lines; want 1", n)
	}
	if _, err := out.file.Stat(); err == nil {
		t.Error("the file is still open")
	}
}
