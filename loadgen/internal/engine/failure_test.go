package engine

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// TestSampleText: nodrop's timeout has another text than the kernel's own.
func TestSampleText(t *testing.T) {
	home, slipped := target.Read("http://gateway/x?y=1")
	if slipped != nil {
		t.Fatal(slipped)
	}
	at := &Hop{Target: home, Method: "GET"}
	kernel := os.NewSyscallError("read", syscall.ETIMEDOUT)
	tests := map[string]struct {
		f    Failure
		want string
	}{
		"eof":            {Failure{Stage: record.StageWait, Err: io.EOF}, "EOF"},
		"cut":            {Failure{Stage: record.StageBody, Err: io.ErrUnexpectedEOF}, "unexpected EOF"},
		"-t, waiting":    {Failure{Stage: record.StageWait, Err: os.ErrDeadlineExceeded}, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"},
		"-t, body":       {Failure{Stage: record.StageBody, Err: os.ErrDeadlineExceeded}, "context deadline exceeded (Client.Timeout or context cancellation while reading body)"},
		"kernel gave up": {Failure{Stage: record.StageWait, Err: kernel, Text: "read tcp 10.0.0.1:*->10.0.0.2:80: read: connection timed out"}, "read tcp 10.0.0.1:*->10.0.0.2:80: read: connection timed out"},
		"other":          {Failure{Stage: record.StageHead, Err: errors.New("?")}, "?"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, want := sampleText(at, &tc.f, wire.Classify(tc.f.Stage, tc.f.Err)), `Get "http://gateway/x?y=1": `+tc.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
