package check

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/pattern"
	"nodrop/report/metric"
)

// ofHistory follows the name of a quantile.
const ofHistory = "(history)"

// callPattern matches what stands where a number could, and looks like a
// function: its name, and what it is of.
var callPattern = pattern.Lazy(`^([\pL_][\w.]*)\s*\(\s*([^()]*?)\s*\)`)

// percentPattern matches the names of percentiles.
var percentPattern = pattern.Lazy(`^p\d+(\.\d+)?$`)

const quantileNames = "known: min(history) max(history) p50(history) p99(history) and every other percentile"

// quantile reads a quantile up to the end of the text; "" if there is none. at is
// its offset.
func (s *scanner) quantile() (at int, name string, err error) {
	s.space()
	at = s.at
	call := callPattern().FindStringSubmatch(s.text[at:])
	if call == nil {
		if word := s.text[at:]; percentPattern().MatchString(strings.TrimSpace(word)) {
			return at, "", checkError(s.text, at, "did you mean "+strings.TrimSpace(word)+ofHistory+"?", "%q is not a number", word)
		}
		return at, "", nil
	}
	name, of := call[1], call[2]
	percent, isPercentile := percentOf(name)
	switch {
	case !isPercentile:
		return at, "", checkError(s.text, at, quantileNames, "unknown function %q", name)
	case percent > 100:
		return at, "", checkError(s.text, at, "write 99.9 % as p99.9"+ofHistory, "%s: a percentile is at most 100", name)
	case of != "history":
		return at, "", checkError(s.text, at, "write "+name+ofHistory, "unknown function %q of %q", name, of)
	}
	s.at += len(call[0])
	if restAt, rest := s.word(func(rune) bool { return true }); rest != "" {
		return at, "", checkError(s.text, restAt, "", "unexpected text after the value: %q", rest)
	}
	return at, name, nil
}

// percentOf returns the percentile that a quantile is.
func percentOf(name string) (percent float64, ok bool) {
	switch {
	case name == "min":
		return 0, true
	case name == "max":
		return 100, true
	case !percentPattern().MatchString(name):
		return 0, false
	}
	percent, err := strconv.ParseFloat(name[1:], 64)
	return percent, err == nil
}

// Limit is what past runs give a check to compare with.
type Limit struct {
	metric.Figure
	Runs        int           // past runs that have the figure
	Least, Most metric.Figure // of those
	// Extreme says that the quantile is their maximum or minimum: they are too few
	// for another.
	Extreme Extreme
}

// Range formats the figures of the past runs: 0–12.
func (l *Limit) Range() string { return metric.RangeOf([]metric.Figure{l.Least, l.Most}) }

// Extreme is an end of a range.
type Extreme string

// The extremes.
const (
	Maximum Extreme = "maximum"
	Minimum Extreme = "minimum"
)

// LimitOf returns the check's quantile of the figures of past runs: the least
// figure that at least that share of them does not exceed. It is not known if no
// run has the figure.
func (c Check) LimitOf(past []metric.Figure) Limit {
	known := slices.DeleteFunc(slices.Clone(past), func(f metric.Figure) bool { return !f.Known })
	if len(known) == 0 {
		return Limit{}
	}
	slices.SortFunc(known, func(a, b metric.Figure) int { return cmp.Compare(a.Value, b.Value) })
	percent, _ := percentOf(c.Quantile)
	n := len(known)
	const tiny = 1e-9 // 99.9 % of 1,000 is 999, not a little more
	rank := min(n, max(1, int(math.Ceil(percent*float64(n)/100-tiny))))
	l := Limit{Figure: known[rank-1], Runs: n, Least: known[0], Most: known[n-1]}
	switch {
	case rank == n && percent > 0:
		l.Extreme = Maximum
	case rank == 1:
		l.Extreme = Minimum
	}
	return l
}

// Exceeds reports whether the check is true of a figure and a limit.
func (c Check) Exceeds(f metric.Figure, l Limit) bool { return Operator(c.Op)(f.Value, l.Value) }

// Never reports whether the check is false of a figure whatever the limit: no
// figure is below 0.
func (c Check) Never(f metric.Figure) bool { return c.Op == ">" && f.Value == 0 }
