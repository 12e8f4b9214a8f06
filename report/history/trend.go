package history

import (
	"fmt"

	"nodrop/report/analysis"
	"nodrop/report/compare"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

// Direction is what a trend says.
type Direction string

// The directions.
const (
	TooFew   Direction = "too-few"    // recordings to tell
	NoLoss   Direction = "no-loss"    // in any of them
	Rising   Direction = "more-lost"  // in the newer half
	Falling  Direction = "fewer-lost" // in the newer half
	NotShown Direction = "not-shown"  // chance explains the difference
)

// Trend compares the newer half of the recordings with the older one. A recording
// counts once, with the median of its runs: what is special about one night is in
// all of them.
type Trend struct {
	Direction    Direction
	Recordings   int // that count
	Runs         int // that count
	Lost, Outage compare.Halves
	// Bound is the share of such runs that may lose requests although none did,
	// with 95 % confidence; only for NoLoss.
	Bound float64
}

func (l *Load) trend() Trend {
	t := Trend{Runs: len(l.Counted())}
	lostMetric, _ := metric.Find("lost")
	outage, _ := metric.Find("window.total")
	var lost, outages []float64
	most := 0.0
	for _, line := range l.Lines() {
		if len(line.Counted) == 0 {
			continue
		}
		arm := compare.Arm{Runs: line.Counted}
		spread := arm.Spread(lostMetric)
		most = max(most, spread.Max)
		lost, outages = append(lost, spread.Median), append(outages, arm.Spread(outage).Median)
	}
	t.Recordings = len(lost)
	t.Lost, t.Outage = compare.HalvesOf(lost), compare.HalvesOf(outages)
	switch {
	case t.Recordings > 1 && most == 0:
		t.Direction, t.Bound = NoLoss, analysis.BoundOfNone(int64(t.Runs))
	case t.Lost.Weak:
		t.Direction = TooFew
	case !t.Lost.Significant():
		t.Direction = NotShown
	case t.Lost.Direction > 0:
		t.Direction = Rising
	default:
		t.Direction = Falling
	}
	return t
}

// String says what the trend is, in one sentence.
func (t *Trend) String() string {
	counted := phrase.Counted(int64(t.Recordings), "recording", "recordings")
	switch t.Direction {
	case NoLoss:
		return fmt.Sprintf("none of %s lost requests; up to %s of such runs may (95 %% confidence)", phrase.Counted(int64(t.Runs), "run", "runs"), phrase.Percentage(t.Bound))
	case TooFew:
		return fmt.Sprintf("%s: too few to tell; it takes %d", counted, compare.EnoughForHalves())
	case NotShown:
		return fmt.Sprintf("none shown: %s may be chance%s", t.lost(), t.outage())
	case Rising:
		return fmt.Sprintf("more lost than before: %s%s", t.lost(), t.outage())
	case Falling:
		return fmt.Sprintf("fewer lost than before: %s%s", t.lost(), t.outage())
	}
	return ""
}

// lost says what the halves lost.
func (t *Trend) lost() string {
	h := &t.Lost
	return fmt.Sprintf("a median of %s in the older %d recordings and %s in the newer %d",
		metric.Count.Format(h.Older.Median), len(h.Older.Values), metric.Count.Format(h.Newer.Median), len(h.Newer.Values))
}

// outage says how sure that is, and for how long the halves lost requests.
func (t *Trend) outage() string {
	h := &t.Outage
	return fmt.Sprintf(" (p = %s); outage %s, then %s", compare.PValue(t.Lost.P), metric.Duration.Format(h.Older.Median), metric.Duration.Format(h.Newer.Median))
}
