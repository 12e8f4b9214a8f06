// Package history puts recordings of one scenario in a row, the oldest first:
// what each lost, whether that changes, and what a new one is judged by.
//
// The pipeline: each recording is reduced to a Recording, so that a year of
// nights fits in memory. Of picks those of the scenario in question and names
// the others; each of its loads gets a Load, with a Trend. The report judges.
//
// The invariant: a run that cannot be trusted is listed and never counted, and
// no run is counted twice or as its own past.
package history

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/compare"
)

// Recording is what a history keeps of a recording.
type Recording struct {
	File    string
	Verdict check.Outcome
	Runs    []Run // of all variants; a recording without runs has no place in a history
}

// Run is a run, and why it does not count.
type Run struct {
	compare.ArmRun
	Doubt string // "" if it counts
}

// Light returns figures without the details of the run that no metric needs.
func Light(f analysis.Figures) analysis.Figures {
	run := *f.Run
	run.Bins.List, run.Lost, run.Traces, run.Samples, run.Responses, run.Endpoints, run.Probes = nil, nil, nil, nil, nil, nil, nil
	f.Run = &run
	f.Loss.Endpoints, f.Loss.Lifecycles = nil, nil
	return f
}

// StartedAt returns when its first run started.
func (r *Recording) StartedAt() time.Time {
	first := r.Runs[0].Run.StartedAt
	for _, run := range r.Runs {
		if run.Run.StartedAt.Before(first) {
			first = run.Run.StartedAt
		}
	}
	return first
}

// copyOf reports whether a recording has the same runs as another, in another
// file.
func (r *Recording) copyOf(other *Recording) bool {
	return slices.EqualFunc(r.Runs, other.Runs, func(a, b Run) bool { return same(a.Run, b.Run) })
}

func same(a, b *record.Run) bool {
	return a.StartedAt.Equal(b.StartedAt) && a.Duration == b.Duration && a.Counts == b.Counts
}

// lastVariant returns the variant that checks apply to: the last in order of
// appearance, since repetitions alternate.
func (r *Recording) lastVariant() string {
	var seen []string
	for _, run := range r.Runs {
		if !slices.Contains(seen, run.Run.Variant) {
			seen = append(seen, run.Run.Variant)
		}
	}
	return seen[len(seen)-1]
}

// of returns the runs of a variant.
func (r *Recording) of(variant string) []Run {
	return slices.DeleteFunc(slices.Clone(r.Runs), func(run Run) bool { return run.Run.Variant != variant })
}

// streamsOf lists the names of the loads side by side, in order.
func streamsOf(runs []Run) []string {
	var list []string
	for _, run := range runs {
		if stream := run.Run.Stream; !slices.Contains(list, stream) {
			list = append(list, stream)
		}
	}
	return list
}

// ofStream returns the runs of one stream.
func ofStream(runs []Run, stream string) []Run {
	return slices.DeleteFunc(slices.Clone(runs), func(run Run) bool { return run.Run.Stream != stream })
}

// unlike says why a recording is not of the scenario of another; "" if it is.
func (r *Recording) unlike(other *Recording, variant string) string {
	mine, theirs := r.of(variant), other.of(variant)
	switch {
	case len(mine) > 0:
	case variant == "":
		return "variants, not a plain load"
	default:
		return "no variant " + variant
	}
	if a, b := slices.Sorted(slices.Values(streamsOf(mine))), slices.Sorted(slices.Values(streamsOf(theirs))); !slices.Equal(a, b) {
		return fmt.Sprintf("loads %s, not %s", namesOf(a), namesOf(b))
	}
	for _, stream := range streamsOf(mine) {
		one, two := ofStream(mine, stream)[0].Run, ofStream(theirs, stream)[0].Run
		if apart := compare.Asked(one, two); len(apart) > 0 {
			return strings.Join(apart, "; ")
		}
		for _, of := range []struct{ what, one, two string }{
			{"gateway", firstWord(one.Gateway), firstWord(two.Gateway)},
			{"event", eventOf(one), eventOf(two)},
		} {
			if of.one != of.two {
				return fmt.Sprintf("%s %s, not %s", of.what, orNone(of.one), orNone(of.two))
			}
		}
	}
	return ""
}

func namesOf(streams []string) string {
	names := slices.Clone(streams)
	for i, name := range names {
		if name == "" {
			names[i] = "without a name"
		}
	}
	return strings.Join(names, ", ")
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// eventOf describes what was done to the target, without numbers and versions:
// they differ from one release to the next.
func eventOf(run *record.Run) string {
	var steps []string
	for _, m := range run.Marks {
		if m.Kind != record.MarkStep {
			continue
		}
		var words []string
		for word := range strings.FieldsSeq(m.Name) {
			if !strings.ContainsFunc(word, unicode.IsDigit) {
				words = append(words, word)
			}
		}
		if text := strings.Join(words, " "); !slices.Contains(steps, text) {
			steps = append(steps, text)
		}
	}
	slices.Sort(steps)
	return strings.Join(steps, ", ")
}
