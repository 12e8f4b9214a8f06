package metric

import (
	"slices"

	"nodrop/loadgen/misuse"
)

// didYouMean returns a hint: the nearest name or, if none is near, all names.
func didYouMean(name string, candidates []string, all string) string {
	if best := misuse.Nearest(name, candidates); best != "" {
		return "did you mean " + best + "?"
	}
	return "known: " + all
}

// metricNames lists the names that hints can suggest.
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
