package metric

import (
	"math"
	"strconv"
	"strings"

	"nodrop/report/phrase"
)

// Spread holds one figure over the runs of one arm.
type Spread struct {
	Values           []float64 // in order of runs
	Median, Min, Max float64
	Known            bool // every run has the figure
}

// Text formats the median and, over several runs, the range: 230 (190–253).
func (s Spread) Text(d Dimension) string {
	if between := s.RangeText(d); between != "" && s.Min != s.Max {
		return s.MedianText(d) + " (" + between + ")"
	}
	return s.MedianText(d)
}

// MedianText formats the median with its unit; "-" if not known.
func (s Spread) MedianText(d Dimension) string {
	if !s.Known {
		return "-"
	}
	return Cell(d, s.Median)
}

// RangeText formats the range, with its unit once; "" for a single value.
func (s Spread) RangeText(d Dimension) string {
	if !s.Known || len(s.Values) < 2 {
		return ""
	}
	low, high := Cell(d, s.Min), Cell(d, s.Max)
	if low == high {
		return high
	}
	if value, unit, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+unit) {
		low = value
	}
	return low + "–" + high
}

// Cell formats a figure for a table, where the row's name holds the unit of a
// rate.
func Cell(d Dimension, v float64) string {
	if d != Rate {
		return d.Format(v)
	}
	whole, part := math.Modf(math.Round(v*10) / 10)
	return phrase.Number(int64(whole)) + strings.TrimPrefix(strconv.FormatFloat(part, 'f', 1, 64), "0")
}
