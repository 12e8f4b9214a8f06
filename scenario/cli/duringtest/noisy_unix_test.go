//go:build unix

// Package duringtest holds tests of an event beside a load together with the
// report on it, which scenario/cli must not import.
package duringtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis/baseline"
	"nodrop/report/diagnosis"
	"nodrop/scenario"
	scenariocli "nodrop/scenario/cli"
	"nodrop/scenario/proc"
)

func TestMain(m *testing.M) {
	if code, handled := proc.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); handled {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// target sends a 500 to each 50th request, exactly.
type target struct {
	served  atomic.Int64
	last    int64
	reached chan struct{} // closed when it has served request number last
}

const (
	failEach   = 50
	eventAt    = 1000 // requests before the event
	afterwards = 1600 // requests served before the event is over
	refusals   = 200
)

func (s *target) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	n := s.served.Add(1)
	if n == s.last {
		close(s.reached)
	}
	if n%failEach == 0 {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// output keeps the recording, and counts refused requests as they happen.
type output struct {
	refused   atomic.Int64
	enough    chan struct{} // closed after so many refusals
	recording *record.Recording
}

func (o *output) Sinks() []record.Sink { return []record.Sink{o} }

func (o *output) StreamsToStdout() bool { return false }

func (o *output) Report(recording *record.Recording) error {
	o.recording = recording
	return nil
}

func (o *output) Discard() {}

func (o *output) Begin(*record.Run) record.RunSink { return o }

func (o *output) Close(*record.Recording) error { return nil }

func (o *output) Record(r *record.Result, _ string) {
	if r.Class == record.NewClass(record.StageConnect, record.CauseRefused) && o.refused.Add(1) == refusals {
		close(o.enough)
	}
}

func (o *output) End(*record.Run) {}

// load runs nodrop's plain load at 1,000 requests a second, on new connections,
// until the command that begins with request 1000 is over. The target counts its
// requests, so no probes are made.
func load(t *testing.T, out *output, command, url string) error {
	t.Helper()
	p := &scenariocli.Program{
		Streams: cli.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, RawErr: io.Discard},
		Reports: scenariocli.Reports{
			OutputFlag: func(*pflag.FlagSet) *[]string { return new([]string) },
			Validate:   func([]string) error { return nil },
			Formats:    func([]string) error { return nil },
			Open:       func([]string) (scenariocli.Output, error) { return out, nil },
			Judge:      report.Judge,
			Fit:        func(text string, _ int) string { return text },
		},
		Screen:     scenariocli.NewScreen(io.Discard),
		Interrupts: scenario.NewInterrupts(func(string) {}, func(bool, []string) {}),
		ByHand:     &scenario.ByHand{},
	}
	root := p.Load()
	cli.Prepare(root, &p.Streams)
	return cli.Execute(t.Context(), root, []string{
		"-n", fmt.Sprint(afterwards), "-c", "4", "-q", "250", "-disable-keepalive", "--probe", "off",
		"--settle", "20ms", "--at", fmt.Sprintf("#%d", eventAt), "--during", command, url,
	})
}

// fifo makes a named pipe that opens at once, and whose reader can be stopped.
func fifo(t *testing.T, name string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// serve starts the target. restart waits until the command has begun, stops
// listening until enough requests were refused, and lets the command end once
// enough were served.
func serve(t *testing.T, out *output, begun, done *os.File) (s *target, url string, restart func() error) {
	t.Helper()
	s = &target{last: afterwards, reached: make(chan struct{})}
	l, err := clitest.Listen()
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: s}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }()
	return s, "http://" + l.Addr().String() + "/", func() error {
		if _, err := begun.Read(make([]byte, 1)); err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
		<-out.enough
		again, err := net.Listen("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		go func() { _ = server.Serve(again) }()
		<-s.reached
		_, err = done.WriteString("\n")
		return err
	}
}

// TestRestartOfANoisyTarget: a target that always sends some 500s is restarted.
// The refusals are the event's, the 500s are not, and the run fails.
func TestRestartOfANoisyTarget(t *testing.T) {
	out := &output{enough: make(chan struct{})}
	begun, done := fifo(t, "begun"), fifo(t, "done")
	s, url, restart := serve(t, out, begun, done)
	restarted := make(chan error, 1)
	go func() { restarted <- restart() }()
	err := load(t, out, fmt.Sprintf("echo >'%s'; read line <'%s'", begun.Name(), done.Name()), url)
	if !errors.Is(err, cli.Exit(cli.ExitFail)) {
		t.Errorf("got %v; want exit code %d", err, cli.ExitFail)
	}
	if out.recording == nil {
		t.Fatal("no recording")
	}
	if err := <-restarted; err != nil {
		t.Fatal(err)
	}
	r := report.Build(out.recording)
	run := &r.Runs[0]
	served := s.served.Load()
	failed, refused := served/failEach, out.refused.Load()
	if c := run.Run.Counts; c.OK != served-failed || run.Loss.ClassTotal("status.500") != failed || run.Loss.ClassTotal("connect.refused") != refused || refused < refusals {
		t.Errorf("got %+v, %+v; the target served %d, %d of them with a 500", c, run.Loss.Classes, served, failed)
	}
	b := &run.Loss.Baseline
	if c := b.Class(record.StatusClass(500)); c == nil || c.Outcome != baseline.Steady || c.Before.Lost+c.After.Lost != failed {
		t.Errorf("500s: got %+v; want %d, steady", c, failed)
	}
	if c := b.Class(record.NewClass(record.StageConnect, record.CauseRefused)); c == nil || c.Added != refused || c.Before.Lost != 0 {
		t.Errorf("refusals: got %+v; want %d, added", c, refused)
	}
	for _, text := range []string{" of responses were 500 before the event and ", fmt.Sprintf("%d × connect.refused", refused)} {
		if !strings.Contains(r.Verdict.Text(), text) {
			t.Errorf("no %q in %q", text, r.Verdict.Text())
		}
	}
	steady := int64(0)
	for _, f := range run.Findings {
		if f.Code == diagnosis.SteadyErrors {
			steady += f.Lost
		}
	}
	if steady != failed {
		t.Errorf("%d losses were as frequent before; want the %d 500s in %+v", steady, failed, run.Findings)
	}
}

// TestNoisyTargetLeftAlone: a command that does nothing to it leaves the
// verdict open, since such a target cannot show that nothing was lost.
func TestNoisyTargetLeftAlone(t *testing.T) {
	out := &output{enough: make(chan struct{})}
	begun, done := fifo(t, "begun"), fifo(t, "done")
	s, url, _ := serve(t, out, begun, done)
	if err := load(t, out, "true", url); !errors.Is(err, cli.Exit(cli.ExitInconclusive)) {
		t.Errorf("got %v; want exit code %d", err, cli.ExitInconclusive)
	}
	if out.recording == nil {
		t.Fatal("no recording")
	}
	r := report.Build(out.recording)
	run := &r.Runs[0]
	if served := s.served.Load(); run.Run.Counts.OK != served-served/failEach || run.Run.Counts.Lost != served/failEach {
		t.Errorf("got %+v; the target served %d", run.Run.Counts, served)
	}
	if !strings.HasSuffix(r.Verdict.Text(), "; nothing shows that the event added any") {
		t.Errorf("got %q", r.Verdict.Text())
	}
}
