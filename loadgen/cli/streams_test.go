package cli

import (
	"bytes"
	"fmt"
	"testing"

	"nodrop/loadgen"
)

// TestComplain: an error about an option names its flag, wherever it comes from.
func TestComplain(t *testing.T) {
	_, err := loadgen.New(t.Context(), loadgen.Config{URL: "http://127.0.0.1:1/", Workers: 300})
	var stderr bytes.Buffer
	(&Streams{Err: &stderr}).Complain(fmt.Errorf("slow: %w", err))
	if got, want := stderr.String(), "nodrop: slow: -n 200: cannot be less than -c 300\nhint: -c 200\n"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	stderr.Reset()
	o := loadgen.DefaultOptions()
	o.Headers = []string{"Host:"}
	_, err = o.Config("http://127.0.0.1:1/")
	(&Streams{Err: &stderr}).Complain(err)
	if got, want := stderr.String(), "nodrop: -H \"Host:\": a request needs a Host header\nhint: -H \"Host: NAME\"\n"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}
