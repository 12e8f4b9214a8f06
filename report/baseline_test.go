package report_test

import (
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/reporttest"
)

// noisy returns requests over 3 s, of which one in about a hundred gets a 500.
func noisy() []reporttest.Request {
	list := reporttest.Steady(3000, 0, ms, "gw-1")
	for at := 50 * ms; at < 3000*ms; at += 100 * ms {
		q := reporttest.Lost(at-8*ms, at, "status.500", "gw-1", "")
		q.Status = 500
		list = append(list, q)
	}
	return list
}

// lostFrom returns n losses from a time on, one each ms.
func lostFrom(at, n int64, class string) []reporttest.Request {
	var list []reporttest.Request
	for i := range n {
		q := reporttest.Lost(at+i*ms, at+i*ms+ms, class, "gw-1", reporttest.RefusedText)
		if strings.HasPrefix(class, "status.") {
			q.Status, q.Sample = 500, ""
		}
		list = append(list, q)
	}
	return list
}

// TestNoisyBaseline: the verdict is about what the event added to a target that
// failed before it.
func TestNoisyBaseline(t *testing.T) {
	const unhealthy = "the baseline was not healthy: 10 requests were lost before the event"
	rates := "1.00 % of responses were 500 before the event and 0.99 % after"
	refused := slices.Concat(noisy(), lostFrom(1020*ms, 312, "connect.refused"))
	for name, tt := range map[string]struct {
		requests []reporttest.Request
		checks   []string
		want     check.Outcome
		sentence string
		doubted  bool
	}{
		"nothing added":                         {noisy(), []string{"lost > 0"}, check.Inconclusive, rates + "; nothing shows that the event added any", true},
		"nothing added, and some are allowed":   {noisy(), []string{"loss > 5%"}, check.Pass, rates + "; nothing shows that the event added any", false},
		"refusals added":                        {refused, []string{"lost > 0"}, check.Fail, rates + "; the event added 312 × connect.refused", false},
		"refusals added, and more are allowed":  {refused, []string{"lost > 1000"}, check.Pass, rates + "; the event added 312 × connect.refused", false},
		"only with the 500s are they too many":  {refused, []string{"lost > 320"}, check.Inconclusive, rates + "; the event added 312 × connect.refused", true},
		"500s are looked at, and none added":    {refused, []string{"status.500 > 0"}, check.Inconclusive, rates + "; the event added 312 × connect.refused", true},
		"windows of 500s alone decide nothing":  {noisy(), []string{"windows > 0"}, check.Inconclusive, rates + "; nothing shows that the event added any", true},
		"as many requests as ever got through":  {noisy(), []string{"ok < 3001"}, check.Inconclusive, rates + "; nothing shows that the event added any", true},
		"latency does not depend on the losses": {noisy(), []string{"p99 > 1s"}, check.Pass, rates + "; nothing shows that the event added any", false},
		"more of the same": {
			slices.Concat(noisy(), lostFrom(1020*ms, 200, "status.500")),
			[]string{"lost > 0"},
			check.Fail,
			"1.00 % of responses were 500 before the event and 9.9 % after; the event added 198 × status.500", false,
		},
	} {
		run := reporttest.NewRun(t, tt.requests, reporttest.FailIf(tt.checks...), reporttest.Edited(func(run *record.Run) {
			run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1400 * ms}}
		}))
		r := report.Build(reporttest.Recording(run))
		v := r.Verdict
		if v.Outcome != tt.want || strings.Join(v.Beside, "; ") != tt.sentence || slices.Contains(v.Reasons, unhealthy) != tt.doubted {
			t.Errorf("%s: got %+v; want %s: %s", name, v, tt.want, tt.sentence)
		}
		if got := report.Judge(reporttest.Recording(run)).Unhealthy; got != tt.doubted {
			t.Errorf("%s: unhealthy: %v; want %v", name, got, tt.doubted)
		}
		if text := textOf(t, r); !strings.Contains(text, "\n  - "+tt.sentence+"\n") || !strings.Contains(text, "\nVerdict: "+string(tt.want)+": lost ") {
			t.Errorf("%s: no verdict in\n%s", name, text)
		}
	}
}

// TestWindowsBesideABaseline: steady errors that are closer together than the
// losses of an outage make one window of the whole run; a check of windows
// decides nothing that depends on them.
func TestWindowsBesideABaseline(t *testing.T) {
	dense := reporttest.Steady(3000, 0, ms, "gw-1")
	for at := 20 * ms; at < 3000*ms; at += 20 * ms {
		dense = append(dense, lostFrom(at, 1, "status.500")...)
	}
	dense = append(dense, lostFrom(1020*ms, 300, "connect.refused")...)
	for text, want := range map[string]check.Outcome{
		"window.longest > 1s":    check.Inconclusive, // only with the 500s
		"window.longest > 200ms": check.Fail,
		"window.longest > 5s":    check.Pass,
		"windows > 1":            check.Pass,
		"windows > 0":            check.Fail,
	} {
		run := reporttest.NewRun(t, dense, reporttest.FailIf(text), reporttest.Edited(func(run *record.Run) {
			run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1400 * ms}}
		}))
		if v := report.Build(reporttest.Recording(run)).Verdict; v.Outcome != want {
			t.Errorf("%s: got %+v; want %s", text, v, want)
		}
	}
}

// TestSoManyBefore: with enough losses before the event, it is sure that it added
// none.
func TestSoManyBefore(t *testing.T) {
	for every, want := range map[int64]string{
		5 * ms:   "; the event added no losses",
		100 * ms: "; nothing shows that the event added any",
	} {
		requests := reporttest.Steady(3000, 0, ms, "gw-1")
		for at := 2 * ms; at < 3000*ms; at += every {
			requests = append(requests, lostFrom(at, 1, "status.500")...)
		}
		run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) {
			run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1400 * ms}}
		}))
		if v := report.Build(reporttest.Recording(run)).Verdict; !strings.HasSuffix(v.Text(), want) {
			t.Errorf("one each %d ns: got %q; want %q", every, v.Text(), want)
		}
	}
}

// TestNoisyVariants: the text names the run that it is about.
func TestNoisyVariants(t *testing.T) {
	run := reporttest.NewRun(t, noisy(), reporttest.Edited(func(run *record.Run) {
		run.Variant, run.Expect = "graceful", []string{"lost == 0"}
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1400 * ms}}
	}))
	v := report.Build(reporttest.Recording(run)).Verdict
	if v.Outcome != check.Inconclusive || !strings.Contains(v.Text(), "; graceful: 1.00 % of responses were 500 before the event") {
		t.Errorf("got %+v", v)
	}
}
