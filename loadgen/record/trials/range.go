package trials

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Range holds the values that a search may try: From, and every Step after it up
// to To. With a unit they are times in ns, without one they are whole numbers.
type Range struct {
	Unit string `json:"unit"` // with which values are written: "s", "ms"; "" for whole numbers
	From int64  `json:"from"`
	To   int64  `json:"to"`
	Step int64  `json:"step"`
}

// MaxSteps limits the steps of a range.
const MaxSteps = 1_000_000

const maxValue = int64(10_000 * time.Hour)

// units are the units in which times are written, with their length in ns.
var units = map[string]int64{"": 1, "us": 1e3, "ms": 1e6, "s": 1e9}

// Validate checks that there are values to choose from.
func (r *Range) Validate() error {
	switch {
	case units[r.Unit] == 0:
		return fmt.Errorf("unknown unit %q", r.Unit)
	case r.From < 0:
		return fmt.Errorf("%s: must not be negative", r.Text(r.From))
	case r.Step <= 0:
		return fmt.Errorf("step %s: must be more than 0", r.Text(r.Step))
	case max(r.From, r.To, r.Step) > maxValue:
		return fmt.Errorf("%s: more than %s", r.Text(max(r.From, r.To, r.Step)), r.Text(maxValue))
	case r.To < r.From+r.Step:
		return fmt.Errorf("from %s to %s: there is not a step of %s between them", r.Text(r.From), r.Text(r.To), r.Text(r.Step))
	case (r.To-r.From)%r.Step != 0:
		return fmt.Errorf("from %s to %s is not a whole number of steps of %s", r.Text(r.From), r.Text(r.To), r.Text(r.Step))
	case r.Steps() > MaxSteps:
		return fmt.Errorf("from %s to %s by %s: more than %d steps", r.Text(r.From), r.Text(r.To), r.Text(r.Step), MaxSteps)
	}
	return nil
}

// Steps is the number of steps from From to To.
func (r *Range) Steps() int { return int((r.To - r.From) / r.Step) }

// Value returns a value by its index: From has 0, To has Steps.
func (r *Range) Value(index int) int64 { return r.From + int64(index)*r.Step }

// Index returns the index of a value, and false for one that is not in the range.
func (r *Range) Index(value int64) (index int, ok bool) {
	if value < r.From || value > r.To || (value-r.From)%r.Step != 0 {
		return 0, false
	}
	return int((value - r.From) / r.Step), true
}

// Up returns the index of the least value of the range that is not below a
// number; false if there is none.
func (r *Range) Up(number int64) (index int, ok bool) {
	if number > r.To {
		return 0, false
	}
	return int((max(0, number-r.From) + r.Step - 1) / r.Step), true
}

// Text writes a value as a setting takes it: 1.2s, 12.
func (r *Range) Text(value int64) string { return r.number(value) + r.Unit }

// Words writes a value for people: 1.2 s, 12.
func (r *Range) Words(value int64) string {
	if r.Unit == "" {
		return r.number(value)
	}
	return r.number(value) + " " + strings.Replace(r.Unit, "us", "µs", 1)
}

func (r *Range) number(value int64) string {
	text := new(big.Rat).SetFrac64(value, max(1, units[r.Unit])).FloatString(9)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// Parse reads FROM..TO/STEP. Values are times with a unit, such as 0s..60s/100ms,
// or whole numbers, such as 10..30/1. Times are written in the unit of TO.
func Parse(text string) (Range, error) {
	from, rest, found := strings.Cut(text, "..")
	to, step, both := strings.Cut(rest, "/")
	if !found || !both {
		return Range{}, fmt.Errorf("%q is not a range: want FROM..TO/STEP, such as 0s..60s/100ms", text)
	}
	return Of(from, to, step)
}

// Of is Parse for the three values of a range.
func Of(from, to, step string) (Range, error) {
	var r Range
	for _, part := range []struct {
		text string
		to   *int64
	}{{from, &r.From}, {step, &r.Step}, {to, &r.To}} {
		value, unit, err := parseValue(part.text)
		if err != nil {
			return Range{}, err
		}
		*part.to, r.Unit = value, unit
	}
	// A 0 needs no unit; otherwise all have one, or none has.
	for _, text := range []string{from, to, step} {
		value, unit, _ := parseValue(text)
		if value != 0 && (unit == "") != (r.Unit == "") {
			return Range{}, fmt.Errorf("%s..%s/%s: give all values with a unit, such as 500ms, or none", from, to, step)
		}
	}
	return r, r.Validate()
}

var errNotValue = errors.New("not a time with a unit, such as 500ms, nor a whole number")

// parseValue reads a time or a whole number. The unit is that in which times like
// it are to be written.
func parseValue(text string) (value int64, unit string, err error) {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, "", nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, "", fmt.Errorf("%q: %w", text, errNotValue)
	}
	unit = "s"
	switch text = strings.Replace(text, "µs", "us", 1); {
	case strings.HasSuffix(text, "ms"):
		unit = "ms"
	case strings.HasSuffix(text, "us"):
		unit = "us"
	}
	return int64(d), unit, nil
}
