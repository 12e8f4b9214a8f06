package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/reporttest"
)

// limited returns requests over 3 s to a server that sends GOAWAY every so often and
// turns two away each time, and what became of its connections.
func limited(every int64) ([]reporttest.Request, []ledger.Connection) {
	list := reporttest.Steady(3000, 0, ms, "gw-1")
	var connections []ledger.Connection
	for i, at := int64(1), every; at < 3000*ms; i, at = i+1, at+every {
		list = append(list, reporttest.Streams(i, 2, at, 2*ms, "wait.goaway", "gw-1", reporttest.GoawayText)...)
		connections = append(connections, ledger.Connection{Streams: 102, Most: 20, Goaway: true, Opened: at - every, At: at, LastStream: 199, TurnedAway: 2, Finished: 18})
	}
	return list, connections
}

// TestSteadyGoaway: a server that turns requests away at a steady rate, as nginx
// does after keepalive_requests, blocks no verdict about an event that adds
// something else, or nothing.
func TestSteadyGoaway(t *testing.T) {
	steady, connections := limited(40 * ms)
	refused := slices.Concat(steady, lostFrom(1020*ms, 312, "connect.refused"))
	for name, tt := range map[string]struct {
		requests []reporttest.Request
		checks   []string
		want     check.Outcome
		beside   string
	}{
		"nothing added, and some are allowed": {steady, []string{"loss > 10%"}, check.Pass, "4.6 % of requests were lost to wait.goaway before the event and 4.7 % after; the event added no losses"},
		"refusals added":                      {refused, []string{"lost > 0"}, check.Fail, "the event added 312 × connect.refused"},
		"of other classes, none":              {steady, []string{"lost.connect.refused > 0"}, check.Pass, "wait.goaway"},
	} {
		run := reporttest.NewRun(t, tt.requests, reporttest.FailIf(tt.checks...), reporttest.HTTP2(connections...), reporttest.Edited(func(run *record.Run) {
			run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1400 * ms}}
		}))
		v := report.Build(reporttest.Recording(run)).Verdict
		if beside := strings.Join(v.Beside, "; "); v.Outcome != tt.want || !strings.Contains(beside, tt.beside) {
			t.Errorf("%s: got %s, %v, beside %q; want %s, %q", name, v.Outcome, v.Reasons, beside, tt.want, tt.beside)
		}
	}
}

// TestAcceptedGoaway: with --ok goaway, what GOAWAY turned away is ok, counted apart,
// and in the error distribution, which with the statuses adds up to what was
// started. No bound of "0 lost" rests on it.
func TestAcceptedGoaway(t *testing.T) {
	list, connections := limited(100 * ms)
	away := int64(0)
	for i := range list {
		if list[i].Class == "wait.goaway" {
			list[i].Fate = record.FateOK
			away++
		}
	}
	run := reporttest.NewRun(t, list, reporttest.FailIf("lost > 0"), reporttest.HTTP2(connections...), reporttest.Edited(func(run *record.Run) {
		run.Settings.OK = "2xx,3xx,goaway"
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1400 * ms}}
	}))
	if err := run.Validate(); err != nil {
		t.Fatal(err)
	}
	r := report.Build(reporttest.Recording(run))
	f := &r.Runs[0]
	if f.Loss.Identity != nil || r.Verdict.Outcome != check.Pass || len(f.Loss.Classes) != 0 {
		t.Errorf("identity %v, verdict %+v, lost %+v", f.Loss.Identity, r.Verdict, f.Loss.Classes)
	}
	var sum int64
	for _, s := range f.Summary.Statuses {
		sum += s.Count
	}
	for _, e := range f.Summary.Errors {
		sum += e.Count
	}
	if c := run.Counts; sum != c.Started || f.Summary.Responded != c.Started-away || c.OK != c.Started {
		t.Errorf("%d by status and error, %d responses; %+v, of which %d were turned away", sum, f.Summary.Responded, c, away)
	}
	if got, want := f.Loss.Limits.UpperBound, report.Build(reporttest.Recording(reporttest.NewRun(t, reporttest.Steady(3000, 0, ms, "gw-1")))).Runs[0].Loss.Limits.UpperBound; got != want {
		t.Errorf("the bound of 0 lost is %g; want %g, that of the responses alone", got, want)
	}
	want := fmt.Sprintf("%d of the ok were turned away by GOAWAY and not processed (--ok goaway)", away)
	if text := strings.Join(strings.Fields(textOf(t, r)), " "); !strings.Contains(text, want) {
		t.Errorf("the text lacks %q:\n%s", want, text)
	}
}
