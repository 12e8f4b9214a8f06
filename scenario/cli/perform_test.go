package cli

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// TestThreads: every loop gets its own threads, so their numbers add up.
func TestThreads(t *testing.T) {
	stream := func(engine record.Engine) scenario.Stream {
		cfg := loadgen.Config{URL: "http://127.0.0.1:1/", Engine: engine, CPUs: 2}
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		return scenario.Stream{Load: cfg}
	}
	loop := stream(record.EngineAuto)
	one := loop.Load.Threads()
	if got := threads([]scenario.Stream{loop, loop, stream(record.EnginePool)}); got != 2*one+2 {
		t.Errorf("%d threads, of %d for a loop and 2 for a pool", got, one)
	}
}

// spy is an Output that keeps the recording it is given.
type spy struct {
	err       error // of Report
	recording *record.Recording
	discarded bool
}

func (s *spy) Sinks() []record.Sink  { return nil }
func (s *spy) StreamsToStdout() bool { return false }

func (s *spy) Report(recording *record.Recording) error {
	s.recording = recording
	return s.err
}

func (s *spy) Discard() { s.discarded = true }

// testProgram returns a Program that reports to out and uses nothing of the
// test process.
func testProgram(out Output) (p *Program, stderr *bytes.Buffer) {
	stderr = &bytes.Buffer{}
	return &Program{
		Streams: cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: stderr, RawErr: stderr},
		Reports: Reports{
			OutputFlag: func(*pflag.FlagSet) *[]string { return new([]string) },
			Validate:   func([]string) error { return nil },
			Formats:    func([]string) error { return nil },
			Open:       func([]string) (Output, error) { return out, nil },
			Judge:      func(*record.Recording) record.Judgement { return record.Judgement{Verdict: record.Fail} },
			Fit:        func(text string, _ int) string { return text },
		},
		Screen:     NewScreen(stderr),
		Interrupts: scenario.NewInterrupts(func(string) {}, func(bool, []string) {}),
		ByHand:     &scenario.ByHand{},
	}, stderr
}

func execute(t *testing.T, p *Program, args ...string) error {
	t.Helper()
	root := p.Load()
	cli.Prepare(root, &p.Streams)
	return cli.Execute(t.Context(), root, args)
}

// TestLoad: the command reports its load and exits with the code of the verdict,
// unless the report cannot be written.
func TestLoad(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for _, tt := range []struct {
		err  error
		code int
		says string
	}{{nil, cli.ExitFail, ""}, {errors.New("disk full"), cli.ExitMisuse, "nodrop: disk full\n"}} {
		out := &spy{err: tt.err}
		p, stderr := testProgram(out)
		if err := execute(t, p, "-n", "3", "-c", "1", server.URL); !errors.Is(err, cli.Exit(tt.code)) {
			t.Errorf("got %v; want exit code %d", err, tt.code)
		}
		if out.recording == nil || out.recording.Runs[0].Counts.Lost != 3 || !out.discarded {
			t.Errorf("%+v", out)
		}
		if stderr.String() != tt.says {
			t.Errorf("on stderr: %q; want %q", stderr, tt.says)
		}
	}
}

func TestLoadNotBegun(t *testing.T) {
	out := &spy{}
	p, _ := testProgram(out)
	if err := execute(t, p, "http://127.0.0.1:1/", "http://127.0.0.1:1/"); err == nil || out.recording != nil {
		t.Errorf("got %v and %+v; want an error and no report", err, out.recording)
	}
}
