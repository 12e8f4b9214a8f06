package format

import (
	"cmp"
	"fmt"

	"nodrop/report"
	"nodrop/report/analysis"
)

// runNames gives each run a name: the one from the scenario, numbered if
// several runs share it. A plain load is "load".
func runNames(runs []report.RunReport) []string {
	list := make([]string, len(runs))
	seen := map[string]int{}
	for i, r := range runs {
		name := cmp.Or(analysis.RunName(r.Run), "load")
		seen[name]++
		list[i] = name
		if n := seen[name]; n > 1 {
			list[i] = fmt.Sprintf("%s (%d)", name, n)
		}
	}
	return list
}
