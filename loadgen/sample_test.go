package loadgen

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

// TestSampleText: a time-out of ours is told from the kernel's, which gave up
// by itself.
func TestSampleText(t *testing.T) {
	target, err := parseTarget("http://gateway/x?y=1")
	if err != nil {
		t.Fatal(err)
	}
	at := &hop{target: target, method: "GET"}
	kernel := os.NewSyscallError("read", syscall.ETIMEDOUT)
	tests := map[string]struct {
		f    failure
		want string
	}{
		"eof":            {failure{stage: StageWait, err: io.EOF}, "EOF"},
		"cut":            {failure{stage: StageBody, err: io.ErrUnexpectedEOF}, "unexpected EOF"},
		"-t, waiting":    {failure{stage: StageWait, err: os.ErrDeadlineExceeded}, "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"},
		"-t, body":       {failure{stage: StageBody, err: os.ErrDeadlineExceeded}, "context deadline exceeded (Client.Timeout or context cancellation while reading body)"},
		"kernel gave up": {failure{stage: StageWait, err: kernel, text: "read tcp 10.0.0.1:*->10.0.0.2:80: read: connection timed out"}, "read tcp 10.0.0.1:*->10.0.0.2:80: read: connection timed out"},
		"other":          {failure{stage: StageHead, err: errors.New("?")}, "?"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got, want := sampleText(at, &tc.f, classify(tc.f.stage, tc.f.err)), `Get "http://gateway/x?y=1": `+tc.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// TestSamplesKeepClassesApart: a reset has the same text wherever it strikes,
// and is still counted under its own class.
func TestSamplesKeepClassesApart(t *testing.T) {
	r := newRecorder(1)
	const text = "read: connection reset by peer"
	classes := []Class{newClass(StageWait, CauseReset), newClass(StageBody, CauseReset)}
	for i := range 6 {
		r.shards[i%len(r.shards)].finish(&Result{Endpoint: -1, Fate: FateLost, Class: classes[i%2], Sample: text})
	}
	run := &Run{}
	r.merge(run)
	got := map[Class]int64{}
	for _, s := range run.Samples {
		got[s.Class] += s.Count
	}
	if len(run.Samples) != 2 || got[classes[0]] != 3 || got[classes[1]] != 3 {
		t.Errorf("got %+v; want 3 of each class", run.Samples)
	}
	for _, l := range run.Lost {
		if s := run.Samples[l.Sample]; s.Class != l.Class {
			t.Errorf("a request lost as %s points at a sample of %s", l.Class, s.Class)
		}
	}
}
