// Package check reads expressions such as "lost > 0" and evaluates them on
// runs.
//
// ParseCheck reads a text into a Check. Run evaluates all checks of a run, and
// each Result holds the check, the figure found and the outcome. A check that
// cannot be evaluated is inconclusive: it neither passes nor fails.
package check

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/pattern"
	"nodrop/report/analysis"
	"nodrop/report/metric"
)

// Check compares a figure of a run with a number: "lost > 0", "p99 > 250ms".
// With Relative it compares the change between two arms: "p99 > +10%". With
// Quantile it compares with past runs: "lost > p99(history)".
type Check struct {
	Metric   string
	Op       string
	Value    float64 // in Unit
	Unit     string  // one of units; "" for counts and rates, and where it is optional
	Relative bool    // Value is the change in % from BASE to NEW
	Quantile string  // of past runs, instead of Value: min, max, p50 … p99.9; "" for none
}

// operators lists the comparison operators.
var operators = []struct {
	name  string
	holds func(a, b float64) bool
}{
	{">", func(a, b float64) bool { return a > b }},
	{">=", func(a, b float64) bool { return a >= b }},
	{"<", func(a, b float64) bool { return a < b }},
	{"<=", func(a, b float64) bool { return a <= b }},
	{"==", func(a, b float64) bool { return a == b }},
	{"!=", func(a, b float64) bool { return a != b }},
}

const operatorNames = "> >= < <= == !="

// units lists the units of numbers and the factor to the metric's own unit: ns
// for durations, 1 for ratios. % is a division, so that 7 % is exactly 7/100.
var units = []struct {
	name          string
	Dimension     metric.Dimension
	factor, parts float64
}{
	{"ns", metric.Duration, 1, 1},
	{"us", metric.Duration, 1e3, 1},
	{"µs", metric.Duration, 1e3, 1},
	{"μs", metric.Duration, 1e3, 1}, // the Greek letter mu; the line above has the micro sign
	{"ms", metric.Duration, 1e6, 1},
	{"s", metric.Duration, 1e9, 1},
	{"m", metric.Duration, 60e9, 1},
	{"h", metric.Duration, 3600e9, 1},
	{"%", metric.Ratio, 1, 100},
}

const durationUnits = "ns us ms s m h"

// ParseCheck reads "METRIC OP VALUE[UNIT]". An error is one line that names the
// check and the column.
func ParseCheck(text string) (Check, error) {
	c, at, err := parseCheck(text)
	if err == nil && c.Relative {
		return Check{}, checkError(text, at, "nodrop compare BASE NEW", "a change (%s) needs two recordings to compare", text[at:])
	}
	return c, withoutHistory(c, text, at, err)
}

// ParseChangeCheck also accepts changes: "p99 > +10%".
func ParseChangeCheck(text string) (Check, error) {
	c, at, err := parseCheck(text)
	return c, withoutHistory(c, text, at, err)
}

// ParseHistoryCheck accepts quantiles of past runs ("lost > p99(history)"), but
// no changes.
func ParseHistoryCheck(text string) (Check, error) {
	c, at, err := parseCheck(text)
	if err == nil && c.Relative {
		hint := fmt.Sprintf("write '%s %s p99(history)', or use nodrop compare BASE NEW", c.Metric, c.Op)
		return Check{}, checkError(text, at, hint, "a change (%s) needs BASE and NEW, not a history", text[at:])
	}
	return c, err
}

// withoutHistory rejects a quantile where there are no past runs.
func withoutHistory(c Check, text string, at int, err error) error {
	if err != nil || c.Quantile == "" {
		return err
	}
	return checkError(text, at, "nodrop compare --history DIR", "%s needs a history, a directory of past recordings", text[at:])
}

// parseCheck also returns the offset of the value, in bytes.
func parseCheck(text string) (Check, int, error) {
	s := &scanner{text: text}
	nameAt, name := s.word(func(r rune) bool { return !unicode.IsSpace(r) && !strings.ContainsRune("<>=!", r) })
	if name == "" {
		return Check{}, 0, checkError(text, nameAt, "write 'lost > 0'", "missing metric")
	}
	m, unknown := metric.Find(name)
	if unknown != nil {
		return Check{}, 0, checkError(text, nameAt, unknown.Hint, "%s", unknown.Problem)
	}
	opAt, op := s.word(func(r rune) bool { return strings.ContainsRune("<>=!", r) })
	switch {
	case op == "":
		return Check{}, 0, checkError(text, opAt, "", "missing operator: use one of %s", operatorNames)
	case Operator(op) == nil:
		return Check{}, 0, checkError(text, opAt, "", "unknown operator %q: use one of %s", op, operatorNames)
	}
	c := Check{Metric: name, Op: op}
	if at, quantile, err := s.quantile(); quantile != "" || err != nil {
		c.Quantile = quantile
		return c, at, err
	}
	value, digits, unit, at, err := s.number()
	if err != nil {
		return Check{}, at, err
	}
	c.Value, c.Unit, c.Relative = value, unit, strings.ContainsRune("+-", rune(digits[0]))
	if problem, hint := c.misfit(m, digits); problem != "" {
		return Check{}, at, checkError(text, at, hint, "%s", problem)
	}
	return c, at, nil
}

// numberPattern accepts a sign, which makes the number a change.
var numberPattern = pattern.Lazy(`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`)

// number reads value and unit up to the end of the text; at is the offset of
// the value.
func (s *scanner) number() (value float64, digits, unit string, at int, err error) {
	s.space()
	at = s.at
	digits = numberPattern().FindString(s.text[at:])
	rest := s.text[at:]
	switch {
	case rest == "":
		return 0, "", "", at, checkError(s.text, at, "", "missing number")
	case digits == "":
		return 0, "", "", at, checkError(s.text, at, "", "%q is not a number", rest)
	}
	s.at += len(digits)
	value, err = strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, "", "", at, checkError(s.text, at, "", "%s is out of range", digits)
	}
	unitAt, unit := s.word(func(r rune) bool { return unicode.IsLetter(r) || r == '%' })
	unknown := unit != "" && findUnit(unit) < 0
	restAt, rest := s.word(func(rune) bool { return true })
	switch {
	case unknown && unitAt == at+len(digits):
		return 0, "", "", at, checkError(s.text, unitAt, "", "unknown unit %q: use %s for durations, %% for ratios", unit, durationUnits)
	case unknown:
		return 0, "", "", at, checkError(s.text, unitAt, "", "unexpected text after the value: %q", s.text[unitAt:])
	case rest != "":
		return 0, "", "", at, checkError(s.text, restAt, "", "unexpected text after the value: %q", rest)
	}
	return value + 0, digits, unit, at, nil // + 0 turns -0 into 0
}

// misfit says why a value does not suit the metric; "" if it does.
func (c Check) misfit(m metric.Metric, digits string) (problem, hint string) {
	u := findUnit(c.Unit)
	switch {
	case c.Relative && c.Unit != "%":
		problem = fmt.Sprintf("a signed value is a change in percent: write %s%%", digits)
	case c.Relative:
	case c.Unit == "" && m.Dimension == metric.Duration && c.Value != 0:
		problem = fmt.Sprintf("a duration needs a unit, such as %sms", digits)
	case c.Unit != "" && m.Dimension != units[u].Dimension:
		problem = fmt.Sprintf("%s is %s and cannot be in %s", m.Name, m.Dimension, c.Unit)
		if c.Unit == "%" && m.Name == "lost" {
			hint = fmt.Sprintf("for the share of lost requests, write 'loss %s %s%%'", c.Op, digits)
		}
	case math.IsInf(c.threshold(), 0):
		problem = digits + c.Unit + " is out of range"
	}
	return problem, hint
}

// scanner reads a check from left to right.
type scanner struct {
	text string
	at   int // offset in bytes
}

func (s *scanner) space() {
	rest := strings.TrimLeftFunc(s.text[s.at:], unicode.IsSpace)
	s.at = len(s.text) - len(rest)
}

// word skips space, then takes the characters that belong to the word. It
// returns the offset of the word.
func (s *scanner) word(belongs func(rune) bool) (at int, word string) {
	s.space()
	at = s.at
	end := strings.IndexFunc(s.text[at:], func(r rune) bool { return !belongs(r) })
	if end < 0 {
		end = len(s.text) - at
	}
	s.at += end
	return at, s.text[at:s.at]
}

// checkError names the check and the column, counted in characters from 1.
func checkError(text string, at int, hint, format string, args ...any) error {
	problem := fmt.Sprintf("check %q: column %d: %s", text, utf8.RuneCountInString(text[:at])+1, fmt.Sprintf(format, args...))
	if hint == "" {
		return errors.New(problem)
	}
	return &misuse.Error{Problem: problem, Hint: hint}
}

// Operator returns the comparison for a name such as ">="; nil if there is
// none.
func Operator(name string) func(a, b float64) bool {
	for _, op := range operators {
		if op.name == name {
			return op.holds
		}
	}
	return nil
}

// findUnit returns an index into units; -1 if there is none.
func findUnit(name string) int {
	for i, u := range units {
		if u.name == name {
			return i
		}
	}
	return -1
}

// String formats the check as ParseCheck reads it.
func (c Check) String() string {
	if c.Quantile != "" {
		return c.Metric + " " + c.Op + " " + c.Quantile + ofHistory
	}
	value := strconv.FormatFloat(c.Value, 'f', -1, 64)
	if c.Relative && c.Value >= 0 {
		value = "+" + value
	}
	return c.Metric + " " + c.Op + " " + value + c.Unit
}

// threshold returns the value in the metric's own unit; durations are whole ns.
func (c Check) threshold() float64 {
	i := findUnit(c.Unit)
	if i < 0 || c.Relative {
		return c.Value
	}
	v := c.Value * units[i].factor / units[i].parts
	if units[i].Dimension == metric.Duration {
		v = math.Round(v)
	}
	return v
}

// on evaluates a check that is not relative on a run.
func (c Check) on(r *analysis.Figures) (met bool, f metric.Figure) {
	m, _ := metric.Find(c.Metric)
	f = m.Of(r)
	return f.Known && Operator(c.Op)(f.Value, c.threshold()), f
}
