package metric

import (
	"slices"
)

// Figure is what one metric of a run is.
type Figure struct {
	Value     float64 // ns for durations, requests per second for rates
	Known     bool    // false when there is none: p99 without a response
	Dimension Dimension
}

// String is the figure as a person reads it.
func (f Figure) String() string {
	if !f.Known {
		return "-"
	}
	return f.Dimension.Format(f.Value)
}

// RangeOf is the one value of all, or the least and the greatest.
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
