package report

import (
	"slices"

	"nodrop/report/diagnosis"
	"nodrop/report/diagnosis/remedy"
)

// Advice is what to change, over all findings of all runs.
type Advice struct {
	Remedies []diagnosis.Remedy // each once: first those for everything, then product by product
	// Unseen: there is more for particular gateways and platforms, but a run with
	// losses shows none of them.
	Unseen bool
}

// advised is a remedy and the time that it has to cover, in ns.
type advised struct {
	diagnosis.Remedy
	needed int64
}

// Advice lists the remedies of all findings. Of remedies that differ only in a
// number, it keeps the one for the longest time, which covers the others.
func (r *Report) Advice() Advice {
	var advice Advice
	var list []advised
	at := map[diagnosis.Remedy]int{}
	for i := range r.Runs {
		for _, f := range r.Runs[i].Findings {
			advice.Unseen = advice.Unseen || f.Unseen
			for _, one := range f.Remedies {
				key := diagnosis.Remedy{Where: one.Where, Setting: remedy.Shape(one.Setting)}
				k, known := at[key]
				switch {
				case !known:
					at[key] = len(list)
					list = append(list, advised{one, f.Needed})
				case f.Needed > list[k].needed:
					list[k] = advised{one, f.Needed}
				}
			}
		}
	}
	for _, where := range placesOf(list) {
		for _, one := range list {
			if one.Where == where {
				advice.Remedies = append(advice.Remedies, one.Remedy)
			}
		}
	}
	return advice
}

// placesOf returns the places of remedies in order of appearance, everything
// first.
func placesOf(list []advised) []string {
	places := []string{remedy.Everywhere}
	for _, one := range list {
		if !slices.Contains(places, one.Where) {
			places = append(places, one.Where)
		}
	}
	return places
}
