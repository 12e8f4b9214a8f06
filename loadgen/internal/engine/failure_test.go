package engine

import (
	"errors"
	"io"
	"os"
	"syscall"
	"testing"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h2"
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

// TestAcceptedGoaway: --ok goaway accepts requests that GOAWAY turned away, and
// nothing else that fails.
func TestAcceptedGoaway(t *testing.T) {
	home, slipped := target.Read("http://gateway/")
	if slipped != nil {
		t.Fatal(slipped)
	}
	goaway, refused := &h2.GoAwayError{}, &h2.StreamError{Code: http2.ErrCodeRefusedStream}
	for _, tc := range []struct {
		ok    record.StatusSet
		stage record.Stage
		err   error
		fate  record.Fate
		class string
	}{
		{"2xx", record.StageWait, goaway, record.FateLost, "wait.goaway"},
		{"goaway", record.StageWait, goaway, record.FateOK, "wait.goaway"},
		{"2xx,goaway", record.StageSend, goaway, record.FateOK, "send.goaway"},
		{"goaway", record.StageBody, goaway, record.FateLost, "body.other"},
		{"goaway", record.StageWait, refused, record.FateLost, "wait.refused-stream"},
		{"goaway", record.StageWait, io.EOF, record.FateLost, "wait.eof"},
		{"goaway", record.StageConnect, syscall.EMFILE, record.FateSpoiled, "client.files"},
	} {
		bits, err := tc.ok.Compile()
		if err != nil {
			t.Fatal(err)
		}
		j, r := Job{Responses: Responses{OK: bits}}, record.Result{Status: 200}
		j.FailResult(&r, &Hop{Target: home, Method: "GET"}, &Failure{Stage: tc.stage, Err: tc.err})
		if r.Fate != tc.fate || r.Class.String() != tc.class || r.Status != 0 || !r.Fate.Of(r.Class) || r.Responded() {
			t.Errorf("--ok %s, %v: got %s, %s; want %s, %s", tc.ok, tc.err, r.Fate, r.Class, tc.fate, tc.class)
		}
	}
}
