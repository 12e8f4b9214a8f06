package record

import (
	"math"
	"math/bits"
)

const (
	// FirstBinWidth is how wide bins are at first, in ns.
	FirstBinWidth = 5_000_000
	// MaxBins is how many there are at most, before they are made twice as wide.
	MaxBins = 8192

	sketchSteps = 16
)

// Bin is what happened in one stretch of time. A request counts as started in
// the bin of its start, as answered, lost, spoiled or aborted in the bin of its
// end.
type Bin struct {
	Started   int64     `json:"started,omitempty"`
	Responded int64     `json:"answered,omitempty"` // with whatever status
	OK        int64     `json:"ok,omitempty"`
	Lost      []BinLoss `json:"lost,omitempty"`
	Spoiled   int64     `json:"spoiled,omitempty"`
	Aborted   int64     `json:"aborted,omitempty"`
	Latency   *Sketch   `json:"latency,omitempty"` // of answered requests, by end
}

// BinLoss is how many requests of one class were lost in a bin.
type BinLoss struct {
	Class Class `json:"class"`
	Count int64 `json:"count"`
}

// Sketch is a small distribution of latencies: step i counts those below
// 64 µs × 2^i, the last step all others; Max in ns.
type Sketch struct {
	Max   int64              `json:"maxNs"`
	Steps [sketchSteps]int64 `json:"steps"`
}

func (s *Sketch) record(ns int64) {
	step := bits.Len64(uint64(ns) / 64_000)
	s.Steps[min(step, sketchSteps-1)]++
	s.Max = max(s.Max, ns)
}

// empty reports whether s, which may be nil, holds nothing.
func (s *Sketch) empty() bool { return s == nil || s.Steps == [sketchSteps]int64{} }

func (s *Sketch) merge(o *Sketch) {
	for i, n := range o.Steps {
		s.Steps[i] += n
	}
	s.Max = max(s.Max, o.Max)
}

func (b *Bin) addLost(c Class, n int64) {
	for i := range b.Lost {
		if b.Lost[i].Class == c {
			b.Lost[i].Count += n
			return
		}
	}
	b.Lost = append(b.Lost, BinLoss{c, n})
}

// LostCount is the sum over classes.
func (b *Bin) LostCount() int64 {
	var n int64
	for _, l := range b.Lost {
		n += l.Count
	}
	return n
}

func (b *Bin) merge(o *Bin) {
	b.Started += o.Started
	b.Responded += o.Responded
	b.OK += o.OK
	b.Spoiled += o.Spoiled
	b.Aborted += o.Aborted
	for _, l := range o.Lost {
		b.addLost(l.Class, l.Count)
	}
	if o.Latency.empty() {
		return
	}
	if b.Latency == nil {
		b.Latency = &Sketch{}
	}
	b.Latency.merge(o.Latency)
}

// Bins is the run's time line. Bins start at 0 and are Width ns wide; once
// there are more than 8,192, pairs are merged and the width doubles, so that
// memory does not grow with the run.
type Bins struct {
	Width int64 `json:"widthNs"`
	List  []Bin `json:"list"`
}

// StartedBetween counts the requests started in the bins that [from, to]
// touches, in ns: at most one bin's width too wide on either side.
func (b *Bins) StartedBetween(from, to int64) int64 {
	if b.Width == 0 {
		return 0
	}
	var n int64
	first := max(from, 0) / b.Width
	for i := first; i <= to/b.Width && i < int64(len(b.List)); i++ {
		n += b.List[i].Started
	}
	return n
}

// LatencyBetween is the distribution of the responses that ended in the bins that
// [from, to] touches, in ns.
func (b *Bins) LatencyBetween(from, to int64) Sketch {
	var s Sketch
	if b.Width == 0 {
		return s
	}
	first := max(from, 0) / b.Width
	for i := first; i <= to/b.Width && i < int64(len(b.List)); i++ {
		if l := b.List[i].Latency; l != nil {
			s.merge(l)
		}
	}
	return s
}

// Count is how many latencies s holds.
func (s *Sketch) Count() int64 {
	var n int64
	for _, c := range s.Steps {
		n += c
	}
	return n
}

// Percentile is a bound in ns that p percent do not exceed, up to twice what
// it would be exactly; 0 when empty.
func (s *Sketch) Percentile(p float64) int64 {
	rank := int64(math.Ceil(float64(s.Count()) * p / 100))
	for i, c := range s.Steps {
		if rank -= c; rank <= 0 && c > 0 {
			if i == sketchSteps-1 {
				return s.Max
			}
			return min(s.Max, 64_000<<i)
		}
	}
	return 0
}
