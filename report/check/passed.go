package check

import (
	"fmt"
	"strings"

	"nodrop/report/metric"
)

// Passed describes each of the checks, all of which passed, and the figure
// found. Repetitions of a run share a line.
func Passed(checks []Result) []string {
	var lines []string
	for _, together := range byRepetition(checks) {
		first := together[0]
		where, _, _ := strings.Cut(first.Where, " #")
		text := first.Rule.passing() + first.Check + ": " + first.Met
		switch {
		case len(together) > 1:
			name, _, _ := strings.Cut(first.Check, " ")
			text = first.Rule.passing() + first.Check + ": " + name + " " + metric.RangeOf(foundBy(together)) + fmt.Sprintf(" in %d runs", len(together))
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

// byRepetition groups the results of one check on the runs of one variant, in
// order of appearance.
func byRepetition(checks []Result) [][]Result {
	type key struct {
		where, check string
		rule         Rule
	}
	var list [][]Result
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

func foundBy(checks []Result) []metric.Figure {
	var list []metric.Figure
	for _, c := range checks {
		list = append(list, c.Found)
	}
	return list
}
