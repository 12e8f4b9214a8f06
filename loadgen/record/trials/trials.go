// Package trials is the part of a recording about a search: for the smallest
// value of a setting with which a target loses nothing, it ran the target with
// one value after the other. Search lists these trials and how the search ended.
//
// The runs of the trials are those of the recording; what was lost in them is
// only there.
package trials

import (
	"errors"
	"fmt"
)

// Search is what a search tried, and how it ended.
type Search struct {
	Setting string  `json:"setting"`           // as it is written: pre-stop, PRE_STOP
	Title   string  `json:"title"`             // as people call it: pre-stop delay; the setting again if there is no better name
	Variant string  `json:"variant,omitempty"` // of the scenario; "" if it has none
	Range   Range   `json:"range"`
	Confirm int     `json:"confirm"` // planned runs at the value found, and as many one step below
	Outcome Outcome `json:"outcome"`
	Value   int64   `json:"value"` // what the outcome is about: the value found, or the one at which the search ended
	Trials  []Trial `json:"trials"`
}

// Trial is one run of the target with one value.
type Trial struct {
	Value   int64  `json:"value"`
	Part    Part   `json:"part"`
	Runs    []int  `json:"runs"`    // indexes into the recording's runs, one for each load; none if the load did not begin
	Verdict string `json:"verdict"` // pass: safe; fail: not; inconclusive: it proves nothing
}

// Part is the part of a search that a trial belongs to.
type Part string

// The parts.
const (
	Bracket Part = "bracket"      // looks for the value
	Confirm Part = "confirmation" // tries it again, in turns with the value one step below
)

// Outcome is how a search ended.
type Outcome string

// The outcomes.
const (
	Found       Outcome = "found"         // Value lost nothing in any run, one step below did
	AlwaysSafe  Outcome = "always safe"   // even the least value, Value, lost nothing
	NeverSafe   Outcome = "never safe"    // even the largest value, Value, lost requests
	NotMonotone Outcome = "not monotone"  // the largest value lost far more than a smaller one, Value, and none was safe
	Drifting    Outcome = "drifting"      // a trial at Value, or one step below, was contradicted by later ones
	Unhealthy   Outcome = "unhealthy"     // the target failed before the event, with Value
	Unclear     Outcome = "unclear"       // the trials with Value prove nothing
	TooFew      Outcome = "too few"       // too few requests to tell values one step apart
	Interrupted Outcome = "interrupted"   // stopped from outside
	Failed      Outcome = "not completed" // the trial with Value could not be run
)

var outcomes = map[Outcome]bool{
	Found: true, AlwaysSafe: true, NeverSafe: true, NotMonotone: true, Drifting: true,
	Unhealthy: true, Unclear: true, TooFew: true, Interrupted: true, Failed: true,
}

// MaxConfirm limits the runs that confirm a value.
const MaxConfirm = 100

// Validate checks what reports rely on in a search that was read from a file
// with a number of runs.
func (s *Search) Validate(runs int) error {
	switch {
	case s == nil:
		return nil
	case !outcomes[s.Outcome]:
		return fmt.Errorf("search: unknown outcome %q", s.Outcome)
	case s.Confirm < 1 || s.Confirm > MaxConfirm:
		return fmt.Errorf("search: confirm: %d is not between 1 and %d", s.Confirm, MaxConfirm)
	}
	if err := s.Range.Validate(); err != nil {
		return fmt.Errorf("search: %w", err)
	}
	if _, ok := s.Range.Index(s.Value); !ok {
		return errors.New("search: value: not a value of its range")
	}
	seen := map[int]bool{}
	for i := range s.Trials {
		t := &s.Trials[i]
		if _, ok := s.Range.Index(t.Value); !ok {
			return fmt.Errorf("search: trial %d: not a value of its range", i)
		}
		if t.Part != Bracket && t.Part != Confirm {
			return fmt.Errorf("search: trial %d: unknown part %q", i, t.Part)
		}
		for _, run := range t.Runs {
			if run < 0 || run >= runs || seen[run] {
				return fmt.Errorf("search: trial %d: run %d does not exist or belongs to another trial", i, run)
			}
			seen[run] = true
		}
	}
	return nil
}
