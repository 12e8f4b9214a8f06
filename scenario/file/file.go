// Package file reads scenarios from YAML files.
//
//	name: rollout of the gateway
//	target: http://127.0.0.1:8080/
//	load:                        # one load, or several side by side, by name or as a list
//	  new:  {requests: 50000, connections: 200, keep-alive: false}
//	  slow: {url: "http://127.0.0.1:8080/slow", connections: 20, duration: 20s}
//	settle: 2s                   # continue until the event is over, plus this long
//	repeat: 5                    # interleaved: A B, B A, …
//	vars: {SIGNAL: TERM}         # default value of ${SIGNAL}
//	setup:
//	  - name: gateway
//	    start: {argv: [./gateway, "8080"], ready: {tcp: "127.0.0.1:8080"}}
//	gate:
//	  - http: {url: "${TARGET}", status: 200}
//	variants:
//	  abrupt:   {set: {SIGNAL: KILL}, require: ["lost > 0"]}
//	  graceful: {expect: ["lost == 0"]}
//	timeline:
//	  - name: take the gateway away
//	    at: 20%                  # or 5s, "#10000"; or after: STEP + 2s
//	    signal: {process: gateway, name: "${SIGNAL}", gone: 30s}
//	restore:
//	  - exec: echo restored
//
// The pipeline: YAML nodes → for each variant, text with variables replaced →
// actions and steps. The value of a variable comes from --set, the variant's
// set, the environment or vars, in this order; ${TARGET} is the target. The load
// is the same for all variants: a variant's set does not apply to it. A variant
// can have setup, timeline and restore of its own, beside the shared ones. $${ stands
// for a literal ${. Values are data: a shell line receives them in its
// environment. Values from --set and the environment may be private: messages
// show ${NAME} in their place.
//
// The invariant: whatever the reader does not understand is an error with file,
// line and column; nothing is ignored silently.
//
// To add a setting of a load: a field of loadgen.Options and its Option, its flag
// (loadgen/cli/loadflags.go), a row in settings (setting.go), and the schema;
// tests name what was forgotten. To add a kind of nodrop scenario init: a file in
// kinds, a row in Kinds (kinds.go).
package file

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Options are the settings for reading a file.
type Options struct {
	Set        map[string]string // variables that override all others
	Variants   []string          // the only ones to run; empty means all
	Repeat     int               // overrides the file's; 0 means no override
	FailIf     []string          // checks added to those of the last variant
	Find       *Search           // a search instead of the file's; nil means no override
	Value      string            // of the variable that is searched; "" means the least
	LookupEnv  func(name string) (string, bool)
	ParseCheck func(text string) error
}

// Load reads a scenario from a file. The error has one line for each fault.
func Load(path string, o Options) (*scenario.Scenario, error) {
	source, err := Open(path)
	if err != nil {
		return nil, err
	}
	s, _, err := source.Scenario(o)
	return s, err
}

// Limits on a file. A file written by hand stays well below them.
const (
	maxFile  = 4 << 20 // bytes
	maxSteps = 10_000  // in all parts together
)

// read reads a file, device or pipe of limited length.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s: larger than the limit of %d MiB", path, maxFile>>20)
	}
	return text, err
}

// Limits on an error.
const (
	maxFaults    = 20
	maxFaultText = 2000 // bytes of one
	maxNodes     = 100  // nodes below the faulty one whose values are masked
)

// Faults lists the errors of a file, one per line, ordered by position.
type Faults []Fault

// Fault is one error in a file.
type Fault struct {
	File         string
	Line, Column int
	Text         string
}

func (f Fault) String() string {
	return safetext.CleanLine(fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Text))
}

func (list Faults) Error() string {
	var lines []string
	for i, f := range list {
		if i == maxFaults {
			lines = append(lines, fmt.Sprintf("and %d more", len(list)-i))
			break
		}
		lines = append(lines, f.String())
	}
	return strings.Join(lines, "\n")
}

func newReader(path string, o Options) *reader {
	return &reader{
		file: path, options: o, used: map[string]bool{}, access: map[string]*api.Access{},
		hidden: map[[2]string]bool{}, names: map[string]string{},
	}
}

func (r *reader) read(text []byte) (*scenario.Scenario, error) {
	root := r.document(text)
	if root == nil {
		return nil, r.error()
	}
	s := r.scenario(root)
	if err := r.error(); err != nil {
		return nil, err
	}
	return s, nil
}

// reader reads a file and collects its faults.
type reader struct {
	file     string
	options  Options
	faults   Faults
	set      map[string]variable // variables of the current variant
	defaults map[string]variable // variables of the file, and TARGET
	declared []*yaml.Node        // names of variables that the file defines
	used     map[string]bool     // variables that were looked up
	hidden   map[[2]string]bool  // names and values of variables that messages must not show
	secrets  safetext.Secrets    // values that messages must not show
	names    map[string]string   // names of steps: expanded → as messages show them
	search   *Search             // nil if there is none

	target       url.URL                // scheme and host that the first load's requests name
	access       map[string]*api.Access // clusters, by name
	firstCluster string
}

func (r *reader) error() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.Compact(r.faults) // every variant reports the faults of shared steps
}

func (r *reader) fault(n *yaml.Node, format string, args ...any) {
	r.hideAll(n, maxNodes)
	text := safetext.MaskText(r.secrets.Mask(fmt.Sprintf(format, args...)))
	if len(text) > maxFaultText {
		text = strings.ToValidUTF8(text[:maxFaultText], "") + "…"
	}
	r.faults = append(r.faults, Fault{r.file, n.Line, n.Column, text})
}

// document returns the root of the only document, or nil after a fault.
func (r *reader) document(text []byte) *yaml.Node {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		r.fault(&yaml.Node{Line: 1, Column: 1}, "the file is empty")
		return nil
	case err != nil:
		r.syntax(err)
		return nil
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			r.syntax(err)
		} else {
			r.fault(&second, "a second YAML document; a file holds one scenario")
		}
		return nil
	}
	return doc.Content[0]
}

// syntax records an error of the YAML library, whose text contains the line.
func (r *reader) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if _, scanErr := fmt.Sscanf(text, "line %d:", &line); scanErr == nil {
		_, text, _ = strings.Cut(text, ": ")
	}
	r.fault(&yaml.Node{Line: max(1, line), Column: 1}, "%s", strings.ReplaceAll(text, "\n", " "))
}
