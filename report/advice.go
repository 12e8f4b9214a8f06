package report

import (
	"slices"
	"strings"

	"nodrop/loadgen/record/product"
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

// Advice lists the remedies of all findings.
func (r *Report) Advice() Advice { return AdviceOf(r.Runs) }

// AdviceOf lists the remedies of the findings of some runs. Of remedies that
// differ only in a number, it keeps the one for the longest time, which covers
// the others. What is for the lab becomes one command line.
func AdviceOf(runs []RunReport) Advice {
	var advice Advice
	var list []advised
	at := map[diagnosis.Remedy]int{}
	for i := range runs {
		for _, f := range runs[i].Findings {
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
	list = oneCommand(list)
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

// oneCommand merges the remedies that are flags of the lab, in place of the
// first. A flag that several have gets the value for the longest time.
func oneCommand(list []advised) []advised {
	var merged []advised
	type option struct {
		text   string // "--grace 215ms"
		needed int64
	}
	var options []option
	place := -1
	for _, one := range list {
		if one.Where != product.Lab || !strings.HasPrefix(one.Setting, "--") {
			merged = append(merged, one)
			continue
		}
		if place < 0 {
			place = len(merged)
			merged = append(merged, one)
		}
		for _, text := range optionsIn(one.Setting) {
			name, _, _ := strings.Cut(text, " ")
			i := slices.IndexFunc(options, func(o option) bool { return o.text == name || strings.HasPrefix(o.text, name+" ") })
			switch {
			case i < 0:
				options = append(options, option{text, one.needed})
			case one.needed > options[i].needed:
				options[i] = option{text, one.needed}
			}
		}
	}
	if place >= 0 {
		var typed, open []string
		for _, o := range options {
			if isTyped(o.text) {
				typed = append(typed, o.text)
			} else {
				open = append(open, o.text)
			}
		}
		merged[place].Setting = strings.Join(append(typed, open...), " ")
	}
	return merged
}

// isTyped reports whether all of an option is typed: "--grace 45ms or more" is not,
// and can only end a command line.
func isTyped(option string) bool { return strings.Count(option, " ") <= 1 }

// optionsIn splits a command line before each flag.
func optionsIn(line string) []string {
	list := strings.Split(line, " --")
	for i := 1; i < len(list); i++ {
		list[i] = "--" + list[i]
	}
	return list
}
