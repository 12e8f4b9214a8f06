package diagnosis

import (
	"slices"

	"nodrop/loadgen/record"
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
	if r.Where == remedy.Everywhere {
		return r.Setting
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

// concern drops what concerns products that were not seen, and completes the
// rest.
func (f *Finding) concern(seen []string) {
	all := len(f.Remedies)
	f.Remedies = slices.DeleteFunc(f.Remedies, func(r Remedy) bool { return !remedy.Concerns(seen, r.Where) })
	f.Settings = slices.DeleteFunc(f.Settings, func(r record.Remedy) bool { return !remedy.Concerns(seen, r.Object) })
	for i := range f.Settings {
		f.Settings[i] = remedy.Complete(f.Settings[i])
	}
	f.Unseen = len(seen) == 0 && len(f.Remedies) < all
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
