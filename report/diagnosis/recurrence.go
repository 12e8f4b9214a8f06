package diagnosis

import (
	"cmp"
	"fmt"
	"slices"

	"nodrop/report/phrase"
)

// Recurrence sums up a finding over the runs of a group.
type Recurrence struct {
	Rule        string
	Code        Code  // of the finding in the run In
	Runs        int   // number of runs with the finding
	Least, Most int64 // fewest and most requests that it lost in one of those runs
	In          string
	Title       string // of the finding in the run In, which lost most by it
	Confidence  Confidence
	Of          int // number of runs in the group
}

// Diagnosed holds the findings of one of several runs.
type Diagnosed struct {
	Run      string // its name
	Findings []Finding
}

// Recurrences lists the findings of several runs, most frequent first. The
// report shows only one of the runs in full, and must not hide what the others
// found. For a single run, which it does show in full, there are none.
func Recurrences(runs []Diagnosed) []Recurrence {
	if len(runs) == 1 {
		return nil
	}
	var list []Recurrence
	for _, run := range runs {
		for _, f := range run.Findings {
			at := slices.IndexFunc(list, func(r Recurrence) bool { return r.Rule == f.Rule })
			if at < 0 {
				list = append(list, Recurrence{Rule: f.Rule, Code: f.Code, Runs: 1, Least: f.Lost, Most: f.Lost, In: run.Run, Title: f.Title, Confidence: f.Confidence, Of: len(runs)})
				continue
			}
			r := &list[at]
			r.Runs++
			r.Least = min(r.Least, f.Lost)
			if f.Lost > r.Most {
				r.Most, r.In, r.Title, r.Confidence, r.Code = f.Lost, run.Run, f.Title, f.Confidence, f.Code
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Recurrence) int {
		return cmp.Or(cmp.Compare(b.Runs, a.Runs), cmp.Compare(b.Most, a.Most))
	})
	return list
}

// String describes a recurrence in one line.
func (r Recurrence) String() string {
	text := fmt.Sprintf("in %d of %d runs", r.Runs, r.Of)
	switch {
	case r.Most == 0: // a finding about the run
	case r.Runs == 1:
		text += fmt.Sprintf(", %s lost", phrase.Number(r.Most))
	case r.Least == r.Most:
		text += fmt.Sprintf(", %s lost in each", phrase.Number(r.Most))
	default:
		text += fmt.Sprintf(", %s–%s lost in each", phrase.Number(r.Least), phrase.Number(r.Most))
	}
	return fmt.Sprintf("%s; %s: %s", text, r.In, r.Title)
}
