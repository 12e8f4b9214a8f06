// Package comparetest makes comparisons for the tests of verdicts and formats.
package comparetest

import (
	"fmt"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/compare"
	"nodrop/report/reporttest"
)

// Arm saves each run in a file. Runs of one arm start two hours apart, in turns
// with those of the other arm, one hour later.
func Arm(t testing.TB, name string, runs ...*record.Run) []compare.Saved {
	t.Helper()
	var list []compare.Saved
	for i, run := range runs {
		run.StartedAt = run.StartedAt.Add(time.Duration(2*i) * time.Hour)
		if name == "on" {
			run.StartedAt = run.StartedAt.Add(time.Hour)
		}
		list = append(list, compare.Saved{File: fmt.Sprintf("%s-%d.json", name, i+1), Recording: reporttest.Recording(run)})
	}
	return list
}

// Compared compares two arms, which must be possible.
func Compared(t testing.TB, base, next []compare.Saved, checks ...string) *report.Report {
	t.Helper()
	r, err := report.Compare(base, next, "", checks)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
