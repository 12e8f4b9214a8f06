package file

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/misuse"
)

// field is one key of a mapping, and the function that reads its value.
type field struct {
	name string
	take func(n *yaml.Node)
}

// mapping reads a mapping with a fixed set of keys.
func (r *reader) mapping(n *yaml.Node, what string, fields []field) {
	if !r.is(n, yaml.MappingNode, what) {
		return
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	r.pairs(n, func(key string, at, value *yaml.Node) {
		i := slices.Index(names, key)
		if i < 0 {
			r.fault(at, "unknown key %q in %s%s", key, what, r.didYouMean(key, names))
			return
		}
		fields[i].take(value)
	})
}

// pairs calls f for each key of a mapping that is a string and not a duplicate.
func (r *reader) pairs(n *yaml.Node, f func(key string, at, value *yaml.Node)) {
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			r.fault(key, "a key must be a non-empty string")
			continue
		}
		if line, ok := seen[key.Value]; ok {
			r.fault(key, "duplicate key %q, first on line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		f(key.Value, key, value)
	}
}

// is reports whether n is of a kind. If not, it records a fault.
func (r *reader) is(n *yaml.Node, kind yaml.Kind, what string) bool {
	if n.Kind == kind {
		return true
	}
	words := map[yaml.Kind]string{yaml.MappingNode: "a mapping (key: value)", yaml.SequenceNode: "a list", yaml.ScalarNode: "a single value"}
	got := words[n.Kind]
	switch {
	case n.Kind == yaml.AliasNode:
		got = "an alias (*" + n.Value + "), which scenarios do not support"
	case n.Kind == yaml.ScalarNode && n.Value == "":
		got = "an empty value"
	case n.Kind == yaml.ScalarNode:
		got = strconv.Quote(n.Value)
	}
	r.fault(n, "%s must be %s, not %s", what, words[kind], got)
	return false
}

// text reads a single value and replaces its variables.
func (r *reader) text(n *yaml.Node, what string) string { return r.written(n, what).value() }

// written reads a single value and keeps its variables and their values, which
// may be secrets.
func (r *reader) written(n *yaml.Node, what string) written {
	w := r.open(n, what)
	r.hideIn(w)
	return w
}

// plain is text for values that cannot contain a secret: a number, a program,
// the name of an object.
func (r *reader) plain(n *yaml.Node, what string) string { return r.open(n, what).value() }

func (r *reader) open(n *yaml.Node, what string) written {
	if !r.is(n, yaml.ScalarNode, what) {
		return nil
	}
	w, err := r.expand(n.Value)
	if err != nil {
		r.fault(n, "%v", err)
		return nil
	}
	if n.Tag == "!!null" && w.value() == "" {
		r.fault(n, "%s has no value", what)
	}
	return w
}

func (r *reader) list(n *yaml.Node, what string, f func(n *yaml.Node)) {
	if !r.is(n, yaml.SequenceNode, what) {
		return
	}
	for _, item := range n.Content {
		f(item)
	}
}

// filled reads a text that must not be empty, even after its variables are
// replaced: an empty value could mean none, or everything. It returns "" after
// a fault.
func (r *reader) filled(n *yaml.Node, what string) string {
	before := len(r.faults)
	text := strings.TrimSpace(r.plain(n, what))
	if text == "" && len(r.faults) == before {
		r.fault(n, "%s: must not be empty", what)
	}
	return text
}

func (r *reader) duration(n *yaml.Node, what string, least time.Duration) time.Duration {
	text := r.filled(n, what)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	switch {
	case err != nil:
		r.fault(n, "%s: %q is not a time, such as 500ms, 5s or 2m", what, text)
	case d < least:
		r.fault(n, "%s: %v is below the minimum of %v", what, d, least)
	}
	return d
}

func (r *reader) number(n *yaml.Node, what string, least, most int) int {
	text := r.filled(n, what)
	if text == "" {
		return least
	}
	v, err := strconv.Atoi(text)
	switch {
	case err != nil:
		r.fault(n, "%s: %q is not a whole number", what, text)
	case v < least || v > most:
		r.fault(n, "%s: %d is not between %d and %d", what, v, least, most)
	}
	return v
}

func (r *reader) boolean(n *yaml.Node, what string) bool {
	switch text := r.filled(n, what); text {
	case "true":
		return true
	case "false", "":
	default:
		r.fault(n, "%s: %q is neither true nor false", what, text)
	}
	return false
}

const (
	maxListed    = 50  // names listed in a fault
	maxSuggested = 100 // faults that suggest the nearest name: the search is slow among many names
)

// didYouMean suggests the nearest of names, if one is near enough.
func (r *reader) didYouMean(word string, names []string) string {
	if len(r.faults) > maxSuggested {
		return ""
	}
	switch best := misuse.Nearest(word, names); {
	case best != "":
		return fmt.Sprintf("; did you mean %q?", best)
	case strings.Join(names, "") == "": // a file without variants has one without a name
		return ""
	case len(names) > maxListed:
		return fmt.Sprintf("; known: %s and %d more", strings.Join(names[:maxListed], ", "), len(names)-maxListed)
	}
	return "; known: " + strings.Join(names, ", ")
}
