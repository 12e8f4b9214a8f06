package record

import (
	"encoding/json"
	"fmt"
	"math"

	"nodrop/loadgen/record/histogram"
)

// Latency is a distribution of durations: exact count, sum, minimum and maximum
// in ns, and an HDR histogram in µs (1 µs to 1 h, 3 digits). The zero value is
// empty and allocates no histogram.
type Latency struct {
	Count int64
	Sum   int64 // ns
	Min   int64 // ns
	Max   int64 // ns
	hist  *histogram.Histogram
}

// Record adds one duration in ns.
func (l *Latency) Record(ns int64) {
	if l.hist == nil {
		l.hist = &histogram.Histogram{}
	}
	if l.Count == 0 || ns < l.Min {
		l.Min = ns
	}
	l.Max = max(l.Max, ns)
	l.Count++
	l.Sum = saturated(l.Sum, ns)
	l.hist.Add(min((ns+500)/1000, histogram.Max))
}

// saturated adds two non-negative numbers, up to the largest int64: a file can
// contain any number.
func saturated(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Merge adds the durations of o.
func (l *Latency) Merge(o *Latency) {
	if o.Count == 0 {
		return
	}
	if l.hist == nil {
		l.hist = &histogram.Histogram{}
	}
	if l.Count == 0 || o.Min < l.Min {
		l.Min = o.Min
	}
	l.Max = max(l.Max, o.Max)
	l.Count += o.Count
	l.Sum = saturated(l.Sum, o.Sum)
	l.hist.Merge(o.hist)
}

// take moves the durations of o into l and leaves o empty. An empty l takes over
// o's histogram: a copy would be the largest allocation at the end of a run.
func (l *Latency) take(o *Latency) {
	if l.Count == 0 {
		*l = *o
	} else {
		l.Merge(o)
	}
	*o = Latency{}
}

// Mean is the exact mean in ns, 0 if empty.
func (l *Latency) Mean() float64 {
	if l.Count == 0 {
		return 0
	}
	return float64(l.Sum) / float64(l.Count)
}

// Percentile is the p-th percentile in ns, with the histogram's three digits and
// never outside Min and Max; 0 if empty.
func (l *Latency) Percentile(p float64) int64 {
	if l.Count == 0 {
		return 0
	}
	return min(max(l.hist.Percentile(p, l.Count)*1000, l.Min), l.Max)
}

// Each calls f for every non-empty bucket of the histogram in rising order,
// with a duration in ns between Min and Max (Min for the first) and the count.
func (l *Latency) Each(f func(ns, count int64)) {
	if l.Count == 0 {
		return
	}
	first := true
	l.hist.Each(func(lowest, _, count int64) bool {
		ns := min(max(lowest*1000, l.Min), l.Max)
		if first {
			ns, first = l.Min, false
		}
		f(ns, count)
		return true
	})
}

type latencyJSON struct {
	Count int64  `json:"count"`
	Sum   int64  `json:"sumNs"`
	Min   int64  `json:"minNs"`
	Max   int64  `json:"maxNs"`
	HDR   string `json:"hdr,omitempty"` // V2 compressed, base64; values in µs
}

// MarshalJSON writes counts, sums, and the histogram in HDR's V2 compressed
// base64 format.
func (l *Latency) MarshalJSON() ([]byte, error) {
	j := latencyJSON{Count: l.Count, Sum: l.Sum, Min: l.Min, Max: l.Max}
	if l.hist != nil {
		encoded, err := l.hist.Encode()
		if err != nil {
			return nil, err
		}
		j.HDR = string(encoded)
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote. It is an error if the histogram
// does not hold as many values as the count says.
func (l *Latency) UnmarshalJSON(b []byte) error {
	var j latencyJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*l = Latency{Count: j.Count, Sum: j.Sum, Min: j.Min, Max: j.Max}
	if j.HDR == "" && j.Count == 0 {
		return nil
	}
	hist, err := histogram.Decode(j.HDR, j.Count)
	if err != nil {
		return fmt.Errorf("latency histogram: %w", err)
	}
	l.hist = hist
	return nil
}
