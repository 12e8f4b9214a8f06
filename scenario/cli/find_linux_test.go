package cli

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
	"nodrop/loadgen/stream"
)

var (
	findDraws = flag.Int("find.draws", 3, "propagation delays that TestFindsTheDelay draws")
	findSeed  = flag.Uint64("find.seed", 0, "what draws them; 0 = the time")
)

// findLab is a small fleet under a short load.
var findLab = []string{"lab", "--replicas", "3", "-n", "500", "-c", "10", "-q", "50", "--at", "20%", "--settle", "100ms"}

// found is how a search of a lab ended.
type found struct {
	*record.Recording
	code int
	text string
}

// syncBuffer is a buffer that can be read while a program writes to it.
type syncBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *syncBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// find runs a search and checks that no process is left. during, if set, is called
// while it runs.
func find(t *testing.T, program string, during func(stderr *syncBuffer, cmd *exec.Cmd), args ...string) found {
	t.Helper()
	file := filepath.Join(t.TempDir(), "search.json")
	cmd := exec.CommandContext(t.Context(), program, append(args, "-o", "text", "-o", "json="+file)...)
	var stdout bytes.Buffer
	stderr := &syncBuffer{}
	cmd.Stdout, cmd.Stderr = &stdout, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if during != nil {
		during(stderr, cmd)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	f := found{code: cmd.ProcessState.ExitCode(), text: stdout.String()}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("nodrop %s: exit %d\n%s%s", strings.Join(args, " "), f.code, f.text, stderr)
		}
	})
	if left := running(program); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
	text, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = text.Close() }()
	if f.Recording, err = stream.Read(text); err != nil {
		t.Fatal(err)
	}
	if f.Search == nil {
		t.Fatal("the recording has no search")
	}
	return f
}

// running lists the processes that run a program.
func running(program string) []string {
	var list []string
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if path, err := os.Readlink(link); err == nil && strings.TrimSuffix(path, " (deleted)") == program {
			list = append(list, filepath.Base(filepath.Dir(link)))
		}
	}
	return list
}

// delays returns the least and the most time from the termination of a replica
// until the balancer had removed it, over all runs.
func (f *found) delays() (least, most int64) {
	least = math.MaxInt64
	for _, run := range f.Runs {
		began := map[string]int64{}
		for _, m := range run.Marks {
			switch m.Kind {
			case record.MarkTerminating:
				began[m.Endpoint] = m.Start
			case record.MarkEndpointRemoved:
				took := m.End - began[m.Endpoint]
				least, most = min(least, took), max(most, took)
			default:
			}
		}
	}
	return least, most
}

// TestFindsTheDelay: the pre-stop delay that a search finds is the propagation
// delay, rounded up to a step, or one step above it.
func TestFindsTheDelay(t *testing.T) {
	clitest.NeedsTime(t)
	program := clitest.Build(t)
	seed := *findSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./scenario/cli -run %s -find.draws %d -find.seed %d", t.Name(), *findDraws, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const (
		step    = 50 * time.Millisecond
		to      = 20 * step
		confirm = 2
		// An outage that is shorter may meet none of the 500 requests per second.
		unseen = 15 * time.Millisecond
	)
	for range *findDraws {
		delay := time.Duration(random.IntN(int(to/step)-2))*step + unseen + time.Duration(random.Int64N(int64(step-unseen)))
		t.Run(delay.String(), func(t *testing.T) {
			f := find(t, program, nil, append(findLab, "--progress", "off", "--propagation", delay.String(),
				"--find", fmt.Sprintf("pre-stop=0s..%v/%v", to, step), "--confirm", fmt.Sprint(confirm))...)
			f.expectFewTrials(t, int(to/step), confirm)
			least, most := f.delays()
			up := func(ns int64) int64 { return (ns + int64(step) - 1) / int64(step) * int64(step) }
			if least < int64(delay) {
				t.Errorf("an endpoint was removed after %v, before the propagation delay of %v", time.Duration(least), delay)
			}
			got := f.Search.Value
			switch {
			case f.Search.Outcome != trials.Found && most-least > int64(step)/2:
				t.Logf("this machine was too busy: the delay was %v to %v: %s", time.Duration(least), time.Duration(most), f.Search.Outcome)
			case f.Search.Outcome != trials.Found || f.code != cli.ExitOK:
				t.Errorf("%s, exit %d", f.Search.Outcome, f.code)
			case got < up(least-int64(unseen)) || got > up(most)+int64(step):
				t.Errorf("found %v; the delay was %v to %v", time.Duration(got), time.Duration(least), time.Duration(most))
			}
			t.Logf("delay %v to %v, found %v in %d trials", time.Duration(least), time.Duration(most), time.Duration(got), len(f.Search.Trials))
		})
	}
}

// expectFewTrials checks how many trials a search made.
func (f *found) expectFewTrials(t *testing.T, steps, confirm int) {
	t.Helper()
	count := map[trials.Part]int{}
	unclear := 0
	for _, trial := range f.Search.Trials {
		if trial.Verdict == string(record.Inconclusive) {
			unclear++
			continue
		}
		count[trial.Part]++
	}
	most := 2*math.Log2(float64(steps)) + float64(max(2*confirm, count[trials.Confirm]))
	if got := float64(count[trials.Bracket] + count[trials.Confirm]); got > most {
		t.Errorf("%v trials, and %d that proved nothing; want at most %.1f", got, unclear, most)
	}
}

// TestFindInterrupted: Ctrl-C ends a search with what it has, and nothing is left.
func TestFindInterrupted(t *testing.T) {
	clitest.NeedsTime(t)
	program := clitest.Build(t)
	f := find(t, program, func(stderr *syncBuffer, cmd *exec.Cmd) {
		clitest.Await(t, "the second run has begun", func() bool { return strings.Contains(stderr.String(), "run 2 of at most") })
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
	}, append(findLab, "--progress", "plain", "--propagation", "120ms", "--find", "pre-stop=0s..1s/50ms")...)
	if f.code != cli.ExitInterrupted || f.Search.Outcome != trials.Interrupted || len(f.Search.Trials) != 2 {
		t.Errorf("exit %d, %s after %d trials; want %d, %s after 2", f.code, f.Search.Outcome, len(f.Search.Trials), cli.ExitInterrupted, trials.Interrupted)
	}
	if !strings.HasPrefix(f.text, "Verdict: inconclusive: interrupted before the search was over; so far 0 s lost ") {
		t.Error("the report does not say what is known so far")
	}
}

// TestFindNone: a search that cannot answer says why, and is inconclusive.
func TestFindNone(t *testing.T) {
	clitest.NeedsTime(t)
	program := clitest.Build(t)
	for name, tc := range map[string]struct {
		args    []string
		outcome trials.Outcome
		says    string
	}{
		"every value is safe": {
			[]string{"--propagation", "0s", "--grace", "5s", "--find", "pre-stop=300ms..400ms/50ms", "--confirm", "1"},
			trials.AlwaysSafe, "no pre-stop delay from 300 ms on lost requests",
		},
		"none is": {
			[]string{"--propagation", "700ms", "--find", "pre-stop=0s..200ms/100ms"},
			trials.NeverSafe, "no pre-stop delay up to 200 ms is safe",
		},
		"too few requests": {
			[]string{"--propagation", "50ms", "--find", "pre-stop=0s..10ms/10us"},
			trials.TooFew, "too few requests to tell values of the pre-stop delay that are 0.01 ms apart",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := find(t, program, nil, append(append(findLab, "--progress", "off"), tc.args...)...)
			if f.Search.Outcome != tc.outcome || f.code != cli.ExitInconclusive || !strings.Contains(f.text, tc.says) {
				t.Errorf("%s, exit %d; want %s, exit %d, and %q", f.Search.Outcome, f.code, tc.outcome, cli.ExitInconclusive, tc.says)
			}
		})
	}
}
