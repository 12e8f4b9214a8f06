package diagnosis

import (
	"strings"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/report/diagnosis/remedy"
)

// Remedy is advice in words. Where it has settings, the words are rendered from
// them; Finding.Settings has them as data.
type Remedy struct {
	Where   string // the program or platform; "any" for all
	Setting string
}

// String is the advice after the name of what it belongs to.
func (r Remedy) String() string {
	switch {
	case r.Where == remedy.Everywhere:
		return r.Setting
	case r.Where == product.Lab && strings.HasPrefix(r.Setting, "--"):
		return r.Where + " " + r.Setting // as it is typed
	}
	return r.Where + ": " + r.Setting
}

// advise adds advice to f, in words and as data.
func (f *Finding) advise(list ...remedy.Advice) {
	for _, r := range inWords(list) {
		f.addRemedy(r)
	}
	f.Settings = append(f.Settings, asData(list)...)
}

// ForTarget drops the remedies for gateways and platforms that the run does not
// show to be part of its target.
func ForTarget(run *record.Run, findings []Finding) []Finding {
	seen := product.Seen(run)
	for i := range findings {
		findings[i].concern(seen)
	}
	return findings
}

// concern drops what concerns products that were not seen, and completes the
// rest. It leaves the lists as they are, since rules may share them.
func (f *Finding) concern(seen []string) {
	var remedies []Remedy
	for _, r := range f.Remedies {
		if remedy.Concerns(seen, r.Where) {
			remedies = append(remedies, r)
		}
	}
	var settings []record.Remedy
	for _, r := range f.Settings {
		if remedy.Concerns(seen, r.Object) {
			settings = append(settings, remedy.Complete(r))
		}
	}
	f.Unseen = len(seen) == 0 && len(remedies) < len(f.Remedies)
	f.Remedies, f.Settings = remedies, settings
}

// inWords returns advice in words.
func inWords(list []remedy.Advice) []Remedy {
	var words []Remedy
	for _, a := range list {
		words = append(words, Remedy{a.Where, a.String()})
	}
	return words
}

// asData returns the settings of advice.
func asData(list []remedy.Advice) []record.Remedy {
	var data []record.Remedy
	for _, a := range list {
		data = append(data, a.Data()...)
	}
	return data
}
