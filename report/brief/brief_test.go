package brief

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/diagnosis"
	"nodrop/report/reporttest"
)

const ms = int64(1_000_000)

// TestMoments: at most five, in order of time; the losses and the marks beside
// them come before others.
func TestMoments(t *testing.T) {
	kinds := func(run *record.Run) (kinds []MomentKind, marks []record.MarkKind) {
		b := Of(report.Build(reporttest.Recording(run)))
		last := int64(-1)
		for _, m := range b.Arms[0].Moments {
			if m.At < last {
				t.Errorf("%s: %d after %d", run.Variant, m.At, last)
			}
			last = m.At
			kinds = append(kinds, m.Kind)
			if m.Kind == Marked {
				marks = append(marks, m.Group.Mark.Kind)
			}
		}
		return kinds, marks
	}
	step := record.Mark{Kind: record.MarkStep, Name: "restart", Start: 10 * ms, End: 20 * ms}
	lost := func(at ...int64) []reporttest.Request {
		list := reporttest.Steady(100, 0, ms, "gw-1")
		for _, at := range at {
			list = append(list, reporttest.Lost(at*ms, at*ms+ms, "connect.refused", "gw-1", reporttest.RefusedText))
		}
		return list
	}
	plain := func(marks []record.Mark, at ...int64) *record.Run {
		return reporttest.NewRun(t, lost(at...), reporttest.Edited(func(run *record.Run) { run.Marks = marks }))
	}
	for name, tt := range map[string]struct {
		run   *record.Run
		kinds []MomentKind
		marks []record.MarkKind
	}{
		"abrupt":                      {reporttest.Abrupt(t), []MomentKind{EventBegins, Marked, FirstLoss, LastLoss, Marked}, []record.MarkKind{record.MarkExited, record.MarkEndpointRemoved}},
		"graceful":                    {reporttest.Graceful(t), []MomentKind{EventBegins, Marked, Marked, Marked, Marked}, []record.MarkKind{record.MarkEndpointRemoved, record.MarkSignalled, record.MarkListenerClosed, record.MarkExited}},
		"no event, nothing lost":      {plain(nil), nil, nil},
		"no event":                    {plain(nil, 10, 20), []MomentKind{FirstLoss, LastLoss}, nil},
		"one loss":                    {plain(nil, 10), []MomentKind{OnlyLoss}, nil},
		"a step that nothing follows": {plain([]record.Mark{step}), []MomentKind{EventBegins, EventEnds}, nil},
		"losses around a step":        {plain([]record.Mark{step}, 5, 15, 50), []MomentKind{FirstLoss, EventBegins, EventEnds, LastLoss}, nil},
	} {
		got, marks := kinds(tt.run)
		if diff := cmp.Diff(tt.kinds, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(tt.marks, marks, cmp.Transformer("set", func(list []record.MarkKind) map[record.MarkKind]bool {
			set := map[record.MarkKind]bool{}
			for _, kind := range list {
				set[kind] = true
			}
			return set
		})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestCauses: those of each arm with their counts; of several runs, with the
// number of runs that have them.
func TestCauses(t *testing.T) {
	type cause struct {
		arm         string
		code        diagnosis.Code
		least, most int64
		runs, of    int
	}
	list := func(rec *record.Recording) (list []cause) {
		for _, c := range Of(report.Build(rec)).Causes {
			list = append(list, cause{c.Arm, c.Code, c.Least, c.Most, c.Runs, c.OfAll})
		}
		return list
	}
	for name, tt := range map[string]struct {
		rec  *record.Recording
		want []cause
	}{
		"one run of each": {reporttest.Recording(reporttest.Abrupt(t), reporttest.Graceful(t)), []cause{
			{"abrupt", diagnosis.ClosedBeforeRemoved, 244, 244, 1, 1}, {"abrupt", diagnosis.CutAtExit, 9, 9, 1, 1},
		}},
		"several": {reporttest.Repetitions(t, 4), []cause{
			{"abrupt", diagnosis.ClosedBeforeRemoved, 244, 244, 4, 4}, {"abrupt", diagnosis.CutAtExit, 3, 9, 3, 4},
		}},
		"a plain load": {reporttest.Recording(reporttest.Lossy(t, 100, 5, 0)), []cause{{"", diagnosis.Refused, 5, 5, 1, 1}}},
	} {
		if diff := cmp.Diff(tt.want, list(tt.rec), cmp.AllowUnexported(cause{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestLoads: runs that sent alike are one load, whatever they sent in the end.
func TestLoads(t *testing.T) {
	edited := func(n int, edit func(*record.Run)) *record.Run {
		return reporttest.NewRun(t, reporttest.Steady(n, 0, ms, "gw-1"), reporttest.Edited(edit))
	}
	at := func(rate float64, late int64) func(*record.Run) {
		return func(run *record.Run) { run.Settings.Rate, run.Late = rate, late }
	}
	loads := Of(report.Build(reporttest.Recording(edited(1001, at(100, 0)), edited(1101, at(100, 1)), edited(1001, at(250, 1500))))).Loads
	if len(loads) != 2 || loads[0].Started != [2]float64{1001, 1101} || loads[0].Asked != 1000 || loads[0].Slow {
		t.Errorf("got %+v; want two loads, the first of 1,001 to 1,101 requests at the rate that was asked for", loads)
	}
	if last := loads[len(loads)-1]; last.Asked != 2500 || last.Sent[1] > 1100 || !last.Slow {
		t.Errorf("got %+v; want about 1,000/s of 2,500/s", last)
	}
}

// TestUnasked: nobody asked about the losses.
func TestUnasked(t *testing.T) {
	for name, tt := range map[string]struct {
		lost int
		edit func(*record.Run)
		want bool
	}{
		"lost, unasked":     {3, func(*record.Run) {}, true},
		"nothing lost":      {0, func(*record.Run) {}, false},
		"lost, and checked": {3, func(run *record.Run) { run.FailIf = []string{"lost > 9"} }, false},
		"interrupted":       {3, func(run *record.Run) { run.Interrupted = true }, false},
	} {
		run := reporttest.Lossy(t, 100, tt.lost, 0, reporttest.Edited(tt.edit))
		if got := Of(report.Build(reporttest.Recording(run))).Unasked; got != tt.want {
			t.Errorf("%s: got %t", name, got)
		}
	}
}
