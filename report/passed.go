package report

import (
	"fmt"
	"strings"
)

// passed tells each of those checks, which passed, and what it found. The
// repetitions of a run are told together.
func passed(checks []CheckResult) []string {
	var lines []string
	for _, together := range byRepetition(checks) {
		first := together[0]
		where, _, _ := strings.Cut(first.Where, " #")
		text := first.Rule.passing() + first.Check + ": " + first.Met
		switch {
		case len(together) > 1:
			name, _, _ := strings.Cut(first.Check, " ")
			text = first.Rule.passing() + first.Check + ": " + name + " " + rangeOf(foundBy(together)) + fmt.Sprintf(" in %d runs", len(together))
		case where != first.Where:
			where = first.Where
		}
		if where != "" {
			text = where + ": " + text
		}
		lines = append(lines, text)
	}
	return lines
}

// byRepetition puts the results of one check on the runs of one variant together,
// in order of appearance.
func byRepetition(checks []CheckResult) [][]CheckResult {
	type key struct {
		where, check string
		rule         Rule
	}
	var list [][]CheckResult
	places := map[key]int{}
	for _, c := range checks {
		where, _, _ := strings.Cut(c.Where, " #")
		k := key{where, c.Check, c.Rule}
		i, known := places[k]
		if !known {
			i = len(list)
			places[k] = i
			list = append(list, nil)
		}
		list[i] = append(list[i], c)
	}
	return list
}

func foundBy(checks []CheckResult) []Figure {
	var list []Figure
	for _, c := range checks {
		list = append(list, c.Found)
	}
	return list
}
