package file

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/record/trials"
	"nodrop/scenario"
)

// Search is for the smallest value of a variable with which a variant passes its
// checks. A file describes it under search, or the command line does.
type Search struct {
	Var     string
	Variant string // "" if only one has checks
	Range   trials.Range
	Confirm int // runs at the value found, and as many one step below; 0 means the default

	at *yaml.Node // in the file; nil for one of the command line
}

// Source is the text of a file, read once: each trial of a search reads it with
// another value.
type Source struct {
	path string
	text []byte
}

// Open reads a file.
func Open(path string) (*Source, error) {
	text, err := read(path)
	return &Source{path, text}, err
}

// Scenario returns the scenario of a file and, if it is for a search, that: the
// scenario then has the one variant to search, with the value of o. The error has
// one line for each fault.
func (f *Source) Scenario(o Options) (*scenario.Scenario, *Search, error) {
	r := newReader(f.path, o)
	s, err := r.read(f.text)
	return s, r.search, err
}

// searchOf reads the search that a file describes. One of the command line takes
// its place.
func (r *reader) searchOf(n, repeat *yaml.Node) {
	if r.search = r.options.Find; r.search != nil || n == nil {
		return
	}
	s := &Search{at: n}
	var from, to, step string
	before := len(r.faults)
	r.mapping(n, "search", []field{
		{"var", func(n *yaml.Node) { s.Var = r.filled(n, "var") }},
		{"variant", func(n *yaml.Node) { s.Variant = r.filled(n, "variant") }},
		{"from", func(n *yaml.Node) { from = r.filled(n, "from") }},
		{"to", func(n *yaml.Node) { to = r.filled(n, "to") }},
		{"step", func(n *yaml.Node) { step = r.filled(n, "step") }},
		{"confirm", func(n *yaml.Node) { s.Confirm = r.number(n, "confirm", 1, trials.MaxConfirm) }},
	})
	switch {
	case len(r.faults) > before:
		return
	case s.Var == "" || from == "" || to == "" || step == "":
		r.fault(n, "search needs var, from, to and step")
		return
	case repeat != nil:
		r.fault(repeat, "repeat: not with search, which repeats as often as its confirm says")
	}
	var err error
	if s.Range, err = trials.Of(from, to, step); err != nil {
		r.fault(n, "search: %v", err)
		return
	}
	r.search = s
}

// tried is the value of the variable that is searched, in this trial.
func (r *reader) tried() variable {
	value := r.options.Value
	if value == "" {
		value = r.search.Range.Text(r.search.Range.From)
	}
	return variable{value: value, shown: value}
}

// searchFault records a fault of the search, where it is described.
func (r *reader) searchFault(root *yaml.Node, format string, args ...any) {
	at, what := r.search.at, "search: "
	if at == nil {
		at, what = root, "--find "+r.search.Var+": "
	}
	r.fault(at, what+format, args...)
}

// searched returns the variant to search: the one that is named, or the only one
// with checks.
func (r *reader) searched(root *yaml.Node, list []scenario.Variant) []scenario.Variant {
	if name := r.search.Variant; name != "" {
		named := slices.DeleteFunc(slices.Clone(list), func(v scenario.Variant) bool { return v.Name != name })
		if len(named) == 0 {
			r.searchFault(root, "there is no variant %q", name)
			return list
		}
		list = named
	}
	if len(list) > 1 {
		judged := slices.DeleteFunc(slices.Clone(list), func(v scenario.Variant) bool { return len(v.Expect)+len(v.FailIf) == 0 })
		if len(judged) > 1 {
			var names []string
			for _, v := range judged {
				names = append(names, v.Name)
			}
			r.searchFault(root, "variants %s have checks: say which to search, with variant: NAME or --variant NAME", strings.Join(names, ", "))
			return list
		}
		list = judged
	}
	if len(list) == 0 || len(list[0].Expect)+len(list[0].FailIf)+len(r.options.FailIf) == 0 {
		r.searchFault(root, "nothing says when a value is safe: give the variant an expect such as \"lost == 0\", or add --fail-if 'lost > 0'")
	}
	return list
}
