package report

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"nodrop/loadgen"
)

// Check is a comparison of one count of a run with a number: "lost > 0".
type Check struct {
	Metric string
	Op     string
	Value  float64
}

// metrics lists what a check can ask for.
var metrics = []struct {
	name  string
	value func(*loadgen.Run) float64
}{
	{"ok", func(r *loadgen.Run) float64 { return float64(r.Counts.OK) }},
	{"lost", func(r *loadgen.Run) float64 { return float64(r.Counts.Lost) }},
	{"spoiled", func(r *loadgen.Run) float64 { return float64(r.Counts.Spoiled) }},
	{"unsent", func(r *loadgen.Run) float64 { return float64(r.Counts.Unsent) }},
	{"aborted", func(r *loadgen.Run) float64 { return float64(r.Counts.Aborted) }},
}

// operators lists the comparisons; longer ones first, so that ">" does not
// shadow ">=".
var operators = []struct {
	name  string
	holds func(a, b float64) bool
}{
	{">=", func(a, b float64) bool { return a >= b }},
	{"<=", func(a, b float64) bool { return a <= b }},
	{"==", func(a, b float64) bool { return a == b }},
	{"!=", func(a, b float64) bool { return a != b }},
	{">", func(a, b float64) bool { return a > b }},
	{"<", func(a, b float64) bool { return a < b }},
}

// ParseCheck reads "METRIC OP NUMBER".
func ParseCheck(s string) (Check, error) {
	for _, op := range operators {
		left, right, ok := strings.Cut(s, op.name)
		if !ok {
			continue
		}
		c := Check{Metric: strings.TrimSpace(left), Op: op.name}
		value, err := strconv.ParseFloat(strings.TrimSpace(right), 64)
		if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
			return Check{}, fmt.Errorf("check %q: %q is not a number", s, strings.TrimSpace(right))
		}
		c.Value = value + 0 // makes 0 of -0
		if _, err := c.holds(&loadgen.Run{}); err != nil {
			return Check{}, fmt.Errorf("check %q: %w", s, err)
		}
		return c, nil
	}
	return Check{}, fmt.Errorf("check %q: no comparison in it; hint: write \"lost > 0\"", s)
}

func (c Check) String() string {
	return fmt.Sprintf("%s %s %s", c.Metric, c.Op, strconv.FormatFloat(c.Value, 'f', -1, 64))
}

// holds evaluates the check on a run.
func (c Check) holds(run *loadgen.Run) (bool, error) {
	for _, m := range metrics {
		if m.name != c.Metric {
			continue
		}
		for _, op := range operators {
			if op.name == c.Op {
				return op.holds(m.value(run), c.Value), nil
			}
		}
		return false, errors.New("unknown comparison " + c.Op)
	}
	known := make([]string, len(metrics))
	for i, m := range metrics {
		known[i] = m.name
	}
	return false, fmt.Errorf("unknown count %q; known: %s", c.Metric, strings.Join(known, ", "))
}
