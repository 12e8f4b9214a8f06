package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/cli/clitest"
)

// Without flags, the lab compares abrupt with graceful.
func TestLabTellsTheStory(t *testing.T) {
	clitest.NeedsTime(t)
	o := clitest.Run(t, clitest.Build(t), "lab")
	if o.Code != cli.ExitOK {
		t.Errorf("exit code %d; want %d", o.Code, cli.ExitOK)
	}
	abrupt, graceful := o.Variant(t, "abrupt"), o.Variant(t, "graceful")
	n := abrupt.Settings.Requests // as many as this machine sends in ten seconds, at most 50,000
	for _, r := range o.Runs {
		if c := r.Counts; c.Planned != n || c.Started != n || c.Spoiled != 0 || c.Aborted != 0 {
			t.Errorf("%s: %+v; want all of %d started, none spoiled, none aborted", r.Variant, c, n)
		}
		if r.Settings.Rate != abrupt.Settings.Rate || r.Settings.Requests != n {
			t.Errorf("%s: %+v; want the load of all variants alike", r.Variant, r.Settings)
		}
	}
	told := regexp.MustCompile(`\Anodrop: (the lab sends [\d,.]+ requests/s; this machine can send [\d,.]+/s \(see -q\))\n\z`).FindStringSubmatch(o.Stderr)
	if told == nil || !slices.Contains(abrupt.Notes, told[1]) || !slices.Contains(graceful.Notes, told[1]) {
		t.Errorf("got %q on stderr, the notes %q; want the rate in both", o.Stderr, abrupt.Notes)
	}
	if abrupt.Counts.Lost == 0 || graceful.Counts.Lost != 0 {
		t.Errorf("lost: abrupt %d, graceful %d; want some, and none", abrupt.Counts.Lost, graceful.Counts.Lost)
	}
	first, second, found := strings.Cut(o.Stdout, "\ngraceful\n========\n")
	if !found {
		t.Fatal("there is no part about graceful")
	}
	refusing := map[string]bool{} // a slow machine sends so few requests that some of the nine get none
	for _, l := range abrupt.Lost {
		if l.Class.String() == "connect.refused" {
			refusing[l.Endpoint] = true
		}
	}
	if len(refusing) < 2 {
		t.Errorf("%d endpoints refused connections; want several", len(refusing))
	}
	for pattern, text := range map[string]string{
		`(?m)^  \[\d+\]\tGet "http://gateway/": dial tcp gateway:80: connect: connection refused$`:                        first,
		`(?m)^    connect\.refused +[1-9]\d* +0 +never`:                                                                   first,
		`\AVerdict: pass: abrupt lost [\d,]+ of [\d,]+ requests \([\d.]+ %\) within .*; graceful lost none of [\d,]+\.\n`: first,
		`(?m)^  abrupt +[\d,]+ +[\d,]+ \([\d.]+ %\) +[\d.]+ m?s +`:                                                        first,
		`(?m)^  graceful +[\d,]+ +none +- +`:                                                                              first,
		fmt.Sprintf(`(?m)^  abrupt, [\d,]+ of [\d,]+: %d endpoints `, len(refusing)):                                      first,
		`(?m)^  > nodrop lab --stop graceful --pre-stop [\d.]+m?s`:                                                        first,
		`(?m)^  Windows \(`:                            first,
		`(?m)^ +begins .* (before|after)\b.*\bgw-\d+ `: first,
		fmt.Sprintf(`(?m)^Status code distribution:\n  \[200\]\t%d responses\n\n`, n): second,
		`(?m)^pass: abrupt lost [\d,]+ of [\d,]+ requests `:                           second,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("no match for %s", pattern)
		}
	}
	if strings.Contains(second, "Error distribution") {
		t.Error("graceful has an error distribution")
	}
}

// The order of the delays determines what is lost.
func TestLabDelays(t *testing.T) {
	clitest.NeedsTime(t)
	program := clitest.Build(t)
	// 2,500 requests/s for 2 s, the event after 0.8 s.
	lab := func(t *testing.T, args ...string) clitest.Outcome {
		t.Helper()
		return clitest.Run(t, program, append([]string{"lab", "-n", "5000", "-c", "100", "-q", "25"}, args...)...)
	}
	t.Run("loss grows with the propagation", func(t *testing.T) {
		var lost []int64
		for _, propagation := range []string{"20ms", "300ms", "2s"} {
			o := lab(t, "--stop", "abrupt", "--propagation", propagation, "--settle", "100ms")
			o.ExpectExit(t, cli.ExitOK)
			lost = append(lost, o.Variant(t, "abrupt").Counts.Lost)
		}
		if lost[0] == 0 || lost[1] <= lost[0] || lost[2] <= lost[1] {
			t.Errorf("lost %v at 20 ms, 300 ms and 2 s; want it to grow", lost)
		}
	})
	t.Run("a pre-stop below the propagation loses", func(t *testing.T) {
		o := lab(t, "--stop", "graceful", "--propagation", "1s", "--pre-stop", "100ms")
		o.ExpectExit(t, cli.ExitFail)
		o.ExpectText(t, "Verdict: fail: graceful lost ", "connect: connection refused")
		if o.Variant(t, "graceful").Counts.Lost == 0 {
			t.Error("nothing was lost")
		}
	})
	t.Run("a pre-stop above the propagation does not", func(t *testing.T) {
		o := lab(t, "--stop", "graceful", "--propagation", "100ms", "--pre-stop", "1s", "--at", "10%")
		o.ExpectExit(t, cli.ExitOK)
		if c := o.Variant(t, "graceful").Counts; c.Lost != 0 || c.OK != 5000 {
			t.Errorf("%+v; want 5000 ok", c)
		}
	})
	t.Run("an event that outlives the load proves nothing", func(t *testing.T) {
		o := lab(t, "--stop", "graceful", "--pre-stop", "2s", "--at", "90%") // late enough for a slow machine
		o.ExpectExit(t, cli.ExitInconclusive)
		o.ExpectText(t, "Verdict: inconclusive: ", "the load ended ", "  hint: use --settle 1s to keep the load running until the event is over\n")
	})
	t.Run("unless the load waits for it", func(t *testing.T) {
		o := lab(t, "--stop", "graceful", "--pre-stop", "2s", "--settle", "1s")
		o.ExpectExit(t, cli.ExitOK)
		if c := o.Variant(t, "graceful").Counts; c.Planned <= 5000 || c.Lost != 0 {
			t.Errorf("%+v; want more than 5000 planned, none lost", c)
		}
	})
}
