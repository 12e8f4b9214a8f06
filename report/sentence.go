package report

import (
	"fmt"
	"strings"

	"nodrop/report/analysis"
	"nodrop/report/compare"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

// sentence says what each variant lost, then what else there is to say.
func sentence(list []compare.Group, more []string) string {
	var parts []string
	for i := range list {
		if g := &list[i]; g.Name != "" {
			parts = append(parts, armPhrase(&g.Arm))
		}
	}
	return strings.Join(append(parts, more...), "; ")
}

func lostPhrase(r *analysis.Figures) string {
	c := r.Run.Counts
	if c.Lost == 0 {
		return "lost none of " + phrase.Counted(c.Started, "request", "requests")
	}
	var classes []string
	for _, l := range r.Loss.Classes {
		if !l.Spoiled {
			classes = append(classes, fmt.Sprintf("%d × %s", l.Total(), l.Class))
		}
	}
	return fmt.Sprintf("lost %d of %s (%s) within %s", c.Lost, phrase.Counted(c.Started, "request", "requests"), strings.Join(classes, ", "), timeSpan(r.Loss.Windows))
}

// timeSpan formats the time from the first window's start to the last one's
// end.
func timeSpan(w []analysis.Window) string {
	if len(w) == 0 {
		return phrase.Duration(0) // the counts contradict themselves
	}
	return phrase.Duration(w[len(w)-1].End - w[0].Begin)
}

// armPhrase says what an arm lost.
func armPhrase(a *compare.Arm) string {
	if len(a.Runs) == 1 {
		return a.Name + " " + lostPhrase(&a.Runs[0].Figures)
	}
	m, _ := metric.Find("lost")
	lost := a.Spread(m)
	switch a.LostRuns() {
	case 0:
		return fmt.Sprintf("%s lost no requests in %d runs", a.Name, len(a.Runs))
	default:
		return fmt.Sprintf("%s lost requests in %d of %d runs, %s per run", a.Name, a.LostRuns(), len(a.Runs), lost.RangeText(metric.Count))
	}
}
