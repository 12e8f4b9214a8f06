package metric

import (
	"slices"

	"github.com/agnivade/levenshtein"
)

// nearestName is the candidate that name may have been meant for; "" for none.
func nearestName(name string, candidates []string) string {
	best, distance := "", (len(name)+1)/3+1 // beyond that it is another word
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(name, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// didYouMean is a hint: the nearest name or, without one, what there is.
func didYouMean(name string, candidates []string, all string) string {
	if best := nearestName(name, candidates); best != "" {
		return "did you mean " + best + "?"
	}
	return "known: " + all
}

// metricNames lists the names that can be spelled out, for hints.
func metricNames() []string {
	var names []string
	for _, m := range metrics {
		names = append(names, m.Name)
	}
	names = append(names, "p50", "p90", "p95", "p99", "p99.9")
	for _, phase := range phaseNames {
		names = append(names, phase.name+".p50", phase.name+".p99")
	}
	for _, class := range slices.Concat(lossStageNames(), lossClassNames()) {
		names = append(names, "lost."+class)
	}
	return names
}
