package report

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"nodrop/report/analysis"
	"nodrop/report/compare"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

const (
	maxSentence = 160 // characters of what a verdict says
	maxArmName  = 40  // characters of a variant's name in it
)

// sentence says what each variant lost: all of them, as shortly as it has to be,
// or their sum.
func sentence(list []compare.Group) string {
	var arms []*compare.Arm
	for i := range list {
		if g := &list[i]; g.Name != "" || len(g.Arm.Runs) > 1 {
			arms = append(arms, &g.Arm)
		}
	}
	return ofArms(arms)
}

func ofArms(arms []*compare.Arm) string {
	if len(arms) == 0 {
		return ""
	}
	for _, within := range []bool{true, false} {
		var parts []string
		for i, a := range arms {
			parts = append(parts, armPhrase(a, i == 0, within))
		}
		if text := strings.Join(parts, "; "); utf8.RuneCountInString(text) <= maxSentence || len(arms) == 1 && !within {
			return text
		}
	}
	if text := variantsPhrase(arms); text != "" && utf8.RuneCountInString(text) <= maxSentence {
		return text
	}
	return sumPhrase(arms)
}

// variantsPhrase says what each variant lost, over its loads side by side; "" if
// runs were repeated, or variants have one load each.
func variantsPhrase(arms []*compare.Arm) string {
	type sum struct {
		variant       string
		lost, started int64
	}
	var sums []sum
	for _, a := range arms {
		if len(a.Runs) != 1 || a.Variant == "" {
			return ""
		}
		if n := len(sums); n == 0 || sums[n-1].variant != a.Variant {
			sums = append(sums, sum{variant: a.Variant})
		}
		of, c := &sums[len(sums)-1], a.Runs[0].Run.Counts
		of.lost, of.started = of.lost+c.Lost, of.started+c.Started
	}
	if len(sums) == len(arms) {
		return ""
	}
	var parts []string
	for i, s := range sums {
		of := phrase.Number(s.started)
		if i == 0 {
			of = phrase.Counted(s.started, "request", "requests")
		}
		parts = append(parts, phrase.Shorten(s.variant, maxArmName)+" "+someOf(s.lost, s.started, of))
	}
	return strings.Join(parts, "; ")
}

// armPhrase says what an arm lost: with the noun only where it is the first, and
// with the time that it took if there is room.
func armPhrase(a *compare.Arm, first, within bool) string {
	name := phrase.Shorten(a.Name, maxArmName)
	if len(a.Runs) == 1 {
		return name + " " + lostPhrase(&a.Runs[0].Figures, first, within)
	}
	runs := phrase.Counted(int64(len(a.Runs)), "run", "runs")
	if a.LostRuns() == 0 {
		return fmt.Sprintf("%s lost no requests in %s", name, runs)
	}
	m, _ := metric.Find("lost")
	share, _ := metric.Find("loss")
	return fmt.Sprintf("%s lost requests in %d of %s, %s per run (%s)", name, a.LostRuns(), runs, a.Spread(m).RangeText(metric.Count), a.Spread(share).RangeText(metric.Ratio))
}

func lostPhrase(r *analysis.Figures, noun, within bool) string {
	c := r.Run.Counts
	of := phrase.Number(c.Started)
	if noun {
		of = phrase.Counted(c.Started, "request", "requests")
	}
	text := someOf(c.Lost, c.Started, of)
	if within && c.Lost > 0 {
		text += " within " + timeSpan(r.Loss.Windows)
	}
	return text
}

// LostOf says how many of how many requests were lost.
func LostOf(lost, started int64) string {
	return someOf(lost, started, phrase.Counted(started, "request", "requests"))
}

func someOf(lost, started int64, of string) string {
	if lost == 0 {
		return "lost none of " + of
	}
	return fmt.Sprintf("lost %s of %s (%s)", phrase.Number(lost), of, phrase.Percentage(ratio(lost, started)))
}

// LostPhrase says what a run lost, without its name.
func LostPhrase(r *analysis.Figures) string { return lostPhrase(r, true, true) }

// sumPhrase says what many arms lost together, and which lost most.
func sumPhrase(arms []*compare.Arm) string {
	var lost, started int64
	losers, worst, most := 0, arms[0], int64(0)
	for _, a := range arms {
		var of int64
		for _, run := range a.Runs {
			of += run.Run.Counts.Lost
			started += run.Run.Counts.Started
		}
		lost += of
		if of > 0 {
			losers++
		}
		if of > most {
			worst, most = a, of
		}
	}
	if lost == 0 {
		return fmt.Sprintf("all %d %s lost none of %s", len(arms), kindOf(arms), phrase.Counted(started, "request", "requests"))
	}
	text := fmt.Sprintf("%d of %d %s lost requests: %s of %s in all (%s)", losers, len(arms), kindOf(arms), phrase.Number(lost), phrase.Number(started), phrase.Percentage(ratio(lost, started)))
	if losers > 1 {
		return text + fmt.Sprintf(", %s of them in %s", phrase.Number(most), phrase.Shorten(worst.Name, maxArmName))
	}
	return text + ", all in " + phrase.Shorten(worst.Name, maxArmName)
}

// kindOf says what arms are: variants, or loads if some ran side by side.
func kindOf(arms []*compare.Arm) string {
	if slices.ContainsFunc(arms, func(a *compare.Arm) bool { return a.Runs[0].Run.Stream != "" }) {
		return "loads"
	}
	return "variants"
}

func ratio(lost, started int64) float64 { return float64(lost) / float64(max(1, started)) }

// timeSpan formats the time from the first window's start to the last one's
// end.
func timeSpan(w []analysis.Window) string {
	if len(w) == 0 {
		return phrase.Duration(0) // the counts contradict themselves
	}
	return phrase.Duration(w[len(w)-1].End - w[0].Begin)
}
