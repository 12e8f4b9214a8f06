package fix

import (
	"bytes"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"go.yaml.in/yaml/v3"
)

// inYAML writes an object as kubectl does.
func inYAML(object map[string]any) (string, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(object); err != nil {
		return "", err
	}
	return b.String(), e.Close()
}

// diffOf returns how the parts of an object that a change is about differ, as
// diff -u does.
func diffOf(name string, before, after map[string]any) (string, error) {
	from, err := inYAML(before)
	if err != nil {
		return "", err
	}
	to, err := inYAML(after)
	if err != nil {
		return "", err
	}
	text := string(diff.Diff(name, []byte(from), name, []byte(to)))
	_, hunks, _ := strings.Cut(text, "\n") // the command line of diff
	return hunks, nil
}
