// Package histogram counts latencies in the buckets of an HDR histogram, holds
// only the blocks of buckets that have values, and reads and writes them as the
// library does: Add, Merge → Each, Percentile, Encode → Decode.
package histogram

import (
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	// Max is the largest latency that a histogram distinguishes, in µs:
	// 1 hour.
	Max = 3_600_000_000

	digits     = 3
	widthBits  = 10 // of 2 × 10³ values with a bucket each, rounded up to a power of two, half
	widthSize  = 1 << widthBits
	widthCount = 23 // until Max has a bucket
	bucketEnd  = widthCount << widthBits
	blockSize  = 128
)

// Histogram has the buckets of an HDR histogram of 1 µs to 1 h with 3 digits. The
// library's takes 188 kB from its first value on, and again for a look at its
// buckets; this one only holds the blocks of 1 kB in which there are values: a
// run has 9 of them in every shard, and most hold similar values. The zero value
// is empty.
type Histogram struct {
	// The first 2 × 1,024 buckets are 1 µs wide, and of the others 1,024 each are
	// twice as wide as those before.
	blocks [bucketEnd / blockSize]*[blockSize]int64
}

// bucketOf returns where a value is counted.
func bucketOf(us int64) int {
	power := max(bits.Len64(uint64(us))-widthBits-1, 0)
	return power<<widthBits + int(us>>power)
}

// valuesOf returns the lowest and the highest value of a bucket.
func valuesOf(bucket int) (lowest, highest int64) {
	step := int64(bucket % widthSize)
	if bucket < widthSize {
		return step, step
	}
	power := bucket>>widthBits - 1
	lowest = (widthSize + step) << power
	return lowest, lowest + 1<<power - 1
}

// Add counts a value from 0 to Max.
func (h *Histogram) Add(us int64) {
	bucket := bucketOf(us)
	h.block(bucket / blockSize)[bucket%blockSize]++
}

func (h *Histogram) block(i int) *[blockSize]int64 {
	if h.blocks[i] == nil {
		h.blocks[i] = new([blockSize]int64)
	}
	return h.blocks[i]
}

// Merge adds the counts of o, up to the largest int64: a file can contain any
// number.
func (h *Histogram) Merge(o *Histogram) {
	for i, from := range o.blocks {
		if from == nil {
			continue
		}
		to := h.block(i)
		for step, n := range from {
			if to[step] > math.MaxInt64-n {
				to[step] = math.MaxInt64
				continue
			}
			to[step] += n
		}
	}
}

// Each calls f for every non-empty bucket in rising order until f returns false.
func (h *Histogram) Each(f func(lowest, highest, count int64) bool) {
	for i, block := range h.blocks {
		if block == nil {
			continue
		}
		for step, count := range block {
			if count == 0 {
				continue
			}
			if lowest, highest := valuesOf(i*blockSize + step); !f(lowest, highest, count) {
				return
			}
		}
	}
}

// Percentile returns the highest value that counts as the p-th percentile of
// total values, and the lowest one for p = 0.
func (h *Histogram) Percentile(p float64, total int64) (us int64) {
	rank := total
	if exact := min(p, 100)/100*float64(total) + 0.5; exact < float64(total) {
		rank = max(int64(exact), 1)
	}
	h.Each(func(lowest, highest, count int64) bool {
		us = highest
		if p <= 0 {
			us = lowest
		}
		rank -= count
		return rank > 0
	})
	return us
}

// Encode returns h in HDR's V2 compressed base64 format.
func (h *Histogram) Encode() ([]byte, error) {
	counts := make([]int64, bucketEnd)
	for i, block := range h.blocks {
		if block != nil {
			copy(counts[i*blockSize:], block[:])
		}
	}
	return hdrhistogram.Import(&hdrhistogram.Snapshot{
		LowestTrackableValue: 1, HighestTrackableValue: Max, SignificantFigures: digits, Counts: counts,
	}).Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}

// Decode reads what Encode wrote. It is an error if it does not hold
// total values.
func Decode(text string, total int64) (*Histogram, error) {
	hdr, err := hdrhistogram.Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	if hdr.LowestTrackableValue() != 1 || hdr.HighestTrackableValue() != Max || hdr.SignificantFigures() != digits {
		return nil, errors.New("want 1 µs to 1 h with 3 significant digits")
	}
	if hdr.TotalCount() != total {
		return nil, fmt.Errorf("holds %d values, but the count is %d", hdr.TotalCount(), total)
	}
	h := &Histogram{}
	for bucket, count := range hdr.Export().Counts {
		if count != 0 {
			h.block(bucket / blockSize)[bucket%blockSize] = count
		}
	}
	return h, nil
}
