package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Only returns the recording with a single run: the one with this name
// (graceful #2, graceful/new #1) or number, counted from 1.
func Only(rec *record.Recording, run string) (*record.Recording, error) {
	var names []string
	for _, r := range rec.Runs {
		names = append(names, cmp.Or(analysis.RunName(r), "load"))
	}
	i := slices.Index(names, run)
	if n, err := strconv.Atoi(run); i < 0 && err == nil {
		i = n - 1
	}
	if i < 0 || i >= len(names) {
		return nil, &misuse.Error{
			Problem: fmt.Sprintf("there is no run %q", run),
			Hint:    fmt.Sprintf("use a number from 1 to %d, or a name: %s", len(names), strings.Join(names, ", ")),
		}
	}
	one := *rec
	one.Runs, one.Search, one.Proof = rec.Runs[i:i+1], nil, nil // a single run is no search, and proves no change
	return &one, nil
}
