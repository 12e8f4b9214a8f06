package loadgen

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// TestSampleText: a time-out of ours is told from the kernel's, which gave up
// by itself.
func TestSampleText(t *testing.T) {
	home, slipped := readTarget("http://gateway/x?y=1")
	if slipped != nil {
		t.Fatal(slipped)
	}
	at := &hop{target: home, method: "GET"}
	kernel := os.NewSyscallError("read", syscall.ETIMEDOUT)
	tests := map[string]struct {
		f    failure
		want string
	}{
		"eof":            {failure{stage: record.StageWait, err: io.EOF}, "EOF"},
		"cut":            {failure{stage: record.StageBody, err: io.ErrUnexpectedEOF}, "unexpected EOF"},
		"-t, waiting":    {failure{stage: record.StageWait, err: os.ErrDeadlineExceeded}, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"},
		"-t, body":       {failure{stage: record.StageBody, err: os.ErrDeadlineExceeded}, "context deadline exceeded (Client.Timeout or context cancellation while reading body)"},
		"kernel gave up": {failure{stage: record.StageWait, err: kernel, text: "read tcp 10.0.0.1:*->10.0.0.2:80: read: connection timed out"}, "read tcp 10.0.0.1:*->10.0.0.2:80: read: connection timed out"},
		"other":          {failure{stage: record.StageHead, err: errors.New("?")}, "?"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, want := sampleText(at, &tc.f, wire.Classify(tc.f.stage, tc.f.err)), `Get "http://gateway/x?y=1": `+tc.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}
