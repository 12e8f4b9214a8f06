package report

import (
	"math"
	"strconv"
	"strings"

	"nodrop/report/phrase"
)

// Spread is one figure over the runs of one arm.
type Spread struct {
	Values           []float64 // in order of runs
	Median, Min, Max float64
	Known            bool // every run has the figure
}

// Text is the median and, over several runs, the range: 230 (190–253).
func (s Spread) text(d Dimension) string {
	if between := s.rangeText(d); between != "" && s.Min != s.Max {
		return s.medianText(d) + " (" + between + ")"
	}
	return s.medianText(d)
}

func (s Spread) medianText(d Dimension) string {
	if !s.Known {
		return "-"
	}
	return cell(d, s.Median)
}

// nameRange is the range, with its unit once; "" for a single value.
func (s Spread) rangeText(d Dimension) string {
	if !s.Known || len(s.Values) < 2 {
		return ""
	}
	low, high := cell(d, s.Min), cell(d, s.Max)
	if low == high {
		return high
	}
	if value, unit, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+unit) {
		low = value
	}
	return low + "–" + high
}

// cell is a figure in a table; the row names a rate's unit.
func cell(d Dimension, v float64) string {
	if d != Rate {
		return d.format(v)
	}
	whole, part := math.Modf(math.Round(v*10) / 10)
	return phrase.Number(int64(whole)) + strings.TrimPrefix(strconv.FormatFloat(part, 'f', 1, 64), "0")
}
