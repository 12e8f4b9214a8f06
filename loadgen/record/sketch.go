package record

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/bits"
)

const sketchSteps = 16

// Sketch is a coarse latency histogram: step i counts latencies below 64 µs ×
// 2^i, and the last step counts all others. Max is in ns.
type Sketch struct {
	Max   int64              `json:"maxNs"`
	Steps [sketchSteps]int64 `json:"steps"`
}

func (s *Sketch) record(ns int64) {
	step := bits.Len64(uint64(ns) / 64_000)
	s.Steps[min(step, sketchSteps-1)]++
	s.Max = max(s.Max, ns)
}

// empty reports whether s holds no latency.
func (s *Sketch) empty() bool { return *s == Sketch{} }

func (s *Sketch) merge(o *Sketch) {
	for i, n := range o.Steps {
		s.Steps[i] += n
	}
	s.Max = max(s.Max, o.Max)
}

// Count is the number of latencies in s.
func (s *Sketch) Count() int64 {
	var n int64
	for _, c := range s.Steps {
		n += c
	}
	return n
}

// Above counts the latencies that are surely above a time, and all those of the
// last step, which has no end.
func (s *Sketch) Above(ns int64) int64 {
	var n int64
	for i, c := range s.Steps {
		if i == sketchSteps-1 || i > 0 && 32_000<<i >= ns {
			n += c
		}
	}
	return n
}

// Percentile is an upper bound, in ns, of the p-th percentile. It is at most
// twice the exact value; 0 if s is empty.
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

// maxPacked is the most bytes that pack appends.
const maxPacked = binary.MaxVarintLen64 * (2 + sketchSteps)

// pack appends the maximum, a bit set of the non-zero steps, and those steps.
func (s *Sketch) pack(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(s.Max))
	var steps uint64
	for i, n := range s.Steps {
		if n != 0 {
			steps |= 1 << i
		}
	}
	to = binary.AppendUvarint(to, steps)
	for _, n := range s.Steps {
		if n != 0 {
			to = binary.AppendUvarint(to, uint64(n))
		}
	}
	return to
}

// unpack sets s, which is empty, to what pack wrote, and returns the bytes that
// follow.
func (s *Sketch) unpack(from []byte) []byte {
	next := func() uint64 {
		n, size := binary.Uvarint(from)
		from = from[size:]
		return n
	}
	s.Max = int64(next())
	for steps := next(); steps != 0; steps &= steps - 1 {
		s.Steps[bits.TrailingZeros64(steps)] = int64(next())
	}
	return from
}

// PackedSketch is a Sketch in about 12 bytes instead of 136; "" holds no latency.
// A run keeps thousands.
type PackedSketch string

// Pack returns s in few bytes.
func (s *Sketch) Pack() PackedSketch {
	if s.empty() {
		return ""
	}
	var room [maxPacked]byte
	return PackedSketch(s.pack(room[:0]))
}

// Sketch returns what was packed.
func (p PackedSketch) Sketch() Sketch {
	var s Sketch
	if p != "" {
		s.unpack([]byte(p))
	}
	return s
}

// MarshalJSON writes p as a Sketch.
func (p PackedSketch) MarshalJSON() ([]byte, error) { return json.Marshal(p.Sketch()) }

// UnmarshalJSON reads a Sketch.
func (p *PackedSketch) UnmarshalJSON(data []byte) error {
	var s Sketch
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*p = s.Pack()
	return nil
}
