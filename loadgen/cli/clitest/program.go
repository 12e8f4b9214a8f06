package clitest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
)

// Build compiles nodrop without the race detector, which would be too slow for the
// loads of the longer tests.
func Build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "nodrop")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "nodrop").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// Outcome is how one invocation went.
type Outcome struct {
	Code           int
	Stdout, Stderr string
	*record.Recording
}

// Run runs program without progress and reads the recording it makes. It checks
// the identity.
func Run(t *testing.T, program string, args ...string) Outcome {
	t.Helper()
	file := filepath.Join(t.TempDir(), "recording.json")
	args = append(slices.Clone(args), "--progress", "off", "-o", "json="+file)
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	o := Outcome{Code: cmd.ProcessState.ExitCode(), Stdout: stdout.String(), Stderr: stderr.String()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("nodrop %s: exit %d\n%s%s", strings.Join(args, " "), o.Code, o.Stdout, o.Stderr)
		}
	})
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if o.Recording, err = stream.Read(f); err != nil {
		t.Fatal(err)
	}
	o.expectIdentity(t)
	return o
}

// expectIdentity checks that the identity holds in every run and is printed.
func (o Outcome) expectIdentity(t *testing.T) {
	t.Helper()
	for _, r := range o.Runs {
		c := r.Counts
		if c.Planned != c.Started+c.Unsent || c.Started != c.OK+c.Lost+c.Spoiled+c.Aborted {
			t.Errorf("%s: the identity does not hold: %+v", r.Variant, c)
		}
		for _, line := range []string{
			fmt.Sprintf("  planned %d = started %d + unsent %d\n", c.Planned, c.Started, c.Unsent),
			fmt.Sprintf("  started %d = ok %d + lost %d + spoiled %d + aborted %d\n", c.Started, c.OK, c.Lost, c.Spoiled, c.Aborted),
		} {
			if !strings.Contains(o.Stdout, line) {
				t.Errorf("%s: the report lacks %q", r.Variant, line)
			}
		}
	}
}

// ExpectExit checks the exit code, and that nothing was printed on stderr.
func (o Outcome) ExpectExit(t *testing.T, code int) {
	t.Helper()
	if o.Code != code {
		t.Errorf("exit code %d; want %d", o.Code, code)
	}
	if o.Stderr != "" {
		t.Errorf("on stderr: %s", o.Stderr)
	}
}

// ExpectText checks that the report contains each text.
func (o Outcome) ExpectText(t *testing.T, text ...string) {
	t.Helper()
	for _, s := range text {
		if !strings.Contains(o.Stdout, s) {
			t.Errorf("the report lacks %q", s)
		}
	}
}

// Variant returns the run of one variant.
func (o Outcome) Variant(t *testing.T, name string) *record.Run {
	t.Helper()
	i := slices.IndexFunc(o.Runs, func(r *record.Run) bool { return r.Variant == name })
	if i < 0 {
		t.Fatalf("there is no run of variant %q", name)
	}
	return o.Runs[i]
}
