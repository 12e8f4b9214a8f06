package metric

import (
	"slices"
)

// Figure is the value of one metric in a run.
type Figure struct {
	Value     float64 // ns for durations, requests per second for rates
	Known     bool    // false if there is no value, such as p99 without a response
	Dimension Dimension
}

// String formats the figure for people.
func (f Figure) String() string {
	if !f.Known {
		return "-"
	}
	return f.Dimension.Format(f.Value)
}

// RangeOf formats the least and the greatest figure, or the one value if all
// are the same.
func RangeOf(list []Figure) string {
	s := Spread{Known: true}
	for _, f := range list {
		s.Values = append(s.Values, f.Value)
	}
	s.Min, s.Max = slices.Min(s.Values), slices.Max(s.Values)
	dim := list[0].Dimension
	if dim == Rate {
		return s.RangeText(dim) + "/s"
	}
	return s.RangeText(dim)
}
