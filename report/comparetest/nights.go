package comparetest

import (
	"fmt"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/history"
	"nodrop/report/reporttest"
)

// Nights saves a recording of each run, a day apart: night-01.json and so on.
func Nights(t testing.TB, runs ...*record.Run) []*history.Recording {
	t.Helper()
	var list []*history.Recording
	for i, run := range runs {
		list = append(list, Night(t, i+1, run))
	}
	return list
}

// Night saves runs of one night.
func Night(t testing.TB, day int, runs ...*record.Run) *history.Recording {
	t.Helper()
	for _, run := range runs {
		run.StartedAt = run.StartedAt.Add(time.Duration(day-1) * 24 * time.Hour)
	}
	return report.Remember(fmt.Sprintf("night-%02d.json", day), reporttest.Recording(runs...))
}

// Tonight is the recording to judge, later than 50 nights.
func Tonight(t testing.TB, runs ...*record.Run) *history.Recording {
	t.Helper()
	r := Night(t, 51, runs...)
	r.File = "new.json"
	for i := range r.Runs {
		r.Runs[i].Name = "new.json" + r.Runs[i].Name[len("night-51.json"):]
	}
	return r
}

// InHistory judges next, or only lists if it is nil. That must be possible.
func InHistory(t testing.TB, past []*history.Recording, next *history.Recording, checks ...string) *report.Report {
	t.Helper()
	r, err := report.InHistory(history.Request{Directory: "runs", Recordings: past, New: next, Judged: next != nil || len(checks) > 0}, checks)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
