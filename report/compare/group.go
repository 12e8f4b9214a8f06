package compare

import (
	"cmp"
	"fmt"
	"slices"

	"nodrop/report/analysis"
)

// Group holds the runs of one variant and stream, over all repetitions.
type Group struct {
	Name string // as users name it: graceful, graceful/new
	Arm  Arm
	// Places are the indexes of the runs in Report.Runs. Worst is the first of
	// those that lost most.
	Places []int
	Worst  int
}

// Groups lists the groups of runs, in order of appearance.
func Groups(runs []analysis.Figures) []Group {
	var list []Group
	for i := range runs {
		r := runs[i]
		name := analysis.GroupName(r.Run)
		at := slices.IndexFunc(list, func(g Group) bool { return g.Name == name && r.Run.Repetition > 0 })
		if at < 0 {
			at = len(list)
			list = append(list, Group{Name: name, Worst: i, Arm: Arm{Name: cmp.Or(name, "load"), Variant: r.Run.Variant}})
		}
		g := &list[at]
		g.Places = append(g.Places, i)
		g.Arm.Runs = append(g.Arm.Runs, ArmRun{analysis.RunName(r.Run), r})
		if r.Run.Counts.Lost > runs[g.Worst].Run.Counts.Lost {
			g.Worst = i
		}
	}
	return list
}

// Title is the heading of the run that represents the group.
func (g *Group) Title() string {
	if len(g.Arm.Runs) == 1 {
		return g.Arm.Runs[0].Name
	}
	worst := slices.MaxFunc(g.Arm.Runs, func(a, b ArmRun) int {
		// MaxFunc returns the first of equal elements.
		return cmp.Compare(a.Run.Counts.Lost, b.Run.Counts.Lost)
	})
	if g.Arm.LostRuns() == 0 {
		return fmt.Sprintf("%s, the first of %d runs; none lost requests", worst.Name, len(g.Arm.Runs))
	}
	return fmt.Sprintf("%s, which had the most losses of %d runs", worst.Name, len(g.Arm.Runs))
}

// Repeated reports whether a group has several runs.
func Repeated(list []Group) bool {
	return slices.ContainsFunc(list, func(g Group) bool { return len(g.Arm.Runs) > 1 })
}

// Missing says which groups have fewer runs than others: a missing run proves
// nothing.
func Missing(list []Group) []string {
	most := 0
	for _, g := range list {
		most = max(most, len(g.Arm.Runs))
	}
	var texts []string
	for _, g := range list {
		if n := len(g.Arm.Runs); n < most {
			texts = append(texts, fmt.Sprintf("%s: %d of %d runs are missing", g.Arm.Name, most-n, most))
		}
	}
	return texts
}

// VariantChanges compares the variants of each stream with the first one, over
// repetitions. Without repetitions it returns nil, since the comparison shows
// the single runs.
func VariantChanges(list []Group) []*Change {
	if !Repeated(list) {
		return nil
	}
	var found []*Change
	first := map[string]*Group{} // by stream
	for i := range list {
		g := &list[i]
		stream := g.Arm.Runs[0].Run.Stream
		base := first[stream]
		if base == nil {
			first[stream] = g
			continue
		}
		c := &Change{Stream: stream, Base: base.Arm, New: g.Arm, Repeated: true}
		c.Rows, c.Notes = c.rows(), c.notes()
		found = append(found, c)
	}
	return found
}
