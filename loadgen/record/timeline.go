package record

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

const (
	openBins  = 64   // the newest bins of a shard, kept as counters
	chunkSize = 4096 // bytes allocated at a time for closed bins
)

// timeline is one shard's part of the run's Bins. Only the newest bins need
// counters. Older bins are packed, without loss, into about 20 bytes each,
// where a Bin takes 150, and each shard may have 8,192 of them.
type timeline struct {
	width  int64
	length int64          // number of bins, up to the last that has a count
	open   []openBin      // a ring; nil before the first count
	closed int64          // number of bins before the first open one
	chunks [][]byte       // the closed bins, in order
	spare  [][]byte       // chunks to write to: reserved, or already read
	late   map[int64]*Bin // counts for closed bins that arrived after they were closed
}

type openBin struct {
	Bin
	sketch Sketch
}

// reset empties b, and keeps the memory for its losses.
func (b *openBin) reset() { *b = openBin{Bin: Bin{Lost: b.Lost[:0]}} }

// reserve allocates the chunks that a whole time line usually needs, and writes
// to them as reserveBins does.
func (t *timeline) reserve() {
	const usual = 24 // bytes of a closed bin, a generous estimate
	room := make([]byte, usual*MaxBins)
	clear(room)
	for chunk := range slices.Chunk(room, chunkSize) {
		t.spare = append(t.spare, slices.Clip(chunk)[:0])
	}
}

// at returns the bin of a time in ns since the run's start. Its Latency is not
// nil. It is valid until the next call.
func (t *timeline) at(ns int64) *Bin {
	if t.open == nil {
		t.begin(FirstBinWidth)
	}
	i := max(ns, 0) / t.width
	for i >= MaxBins {
		t.widenTo(2 * t.width)
		i = max(ns, 0) / t.width
	}
	return t.bin(i)
}

func (t *timeline) begin(width int64) {
	*t = timeline{width: width, open: make([]openBin, openBins), spare: t.spare}
	for i := range t.open {
		t.open[i].Latency = &t.open[i].sketch
	}
}

// bin returns the bin at an index, and closes the bins that fall out of the ring.
func (t *timeline) bin(i int64) *Bin {
	t.length = max(t.length, i+1)
	if i < t.closed {
		return t.lateBin(i)
	}
	for i >= t.closed+openBins {
		b := &t.open[t.closed%openBins]
		t.write(&b.Bin)
		t.closed++
		b.reset()
		b.Latency = &b.sketch
	}
	return &t.open[i%openBins].Bin
}

func (t *timeline) lateBin(i int64) *Bin {
	b, ok := t.late[i]
	if !ok {
		if t.late == nil {
			t.late = map[int64]*Bin{}
		}
		b = &Bin{Latency: &Sketch{}}
		t.late[i] = b
	}
	return b
}

// write appends a closed bin to the last chunk, or to a new one if it does not
// fit.
func (t *timeline) write(b *Bin) {
	if last := len(t.chunks) - 1; last >= 0 {
		if size := len(t.chunks[last]); size+b.maxPacked() <= cap(t.chunks[last]) {
			t.chunks[last] = b.pack(t.chunks[last])
			return
		}
	}
	t.chunks = append(t.chunks, b.pack(t.chunk(b.maxPacked())))
}

// chunk returns an empty chunk with room for size bytes.
func (t *timeline) chunk(size int) []byte {
	last := len(t.spare) - 1
	if last < 0 || cap(t.spare[last]) < size {
		return make([]byte, 0, max(chunkSize, size))
	}
	chunk := t.spare[last]
	t.spare = t.spare[:last]
	return chunk[:0]
}

// drain calls f with every bin in order; the timeline cannot be used afterwards.
// f may change the Bin but not keep it. Its Latency is nil if empty.
func (t *timeline) drain(f func(i int64, b *Bin)) {
	var i int64
	var closed openBin
	for _, whole := range t.chunks {
		chunk := whole
		for len(chunk) > 0 {
			chunk = closed.unpack(chunk)
			if late := t.late[i]; late != nil {
				closed.merge(late)
			}
			f(i, &closed.Bin)
			i++
		}
		t.spare = append(t.spare, whole)
	}
	for ; i < t.length; i++ {
		b := t.open[i%openBins].Bin
		if b.Latency.empty() {
			b.Latency = nil
		}
		f(i, &b)
	}
}

// widenTo makes the bins width ns wide, a multiple of the current width.
func (t *timeline) widenTo(width int64) {
	if t.width == width {
		return
	}
	var wide timeline
	wide.begin(width)
	if t.open != nil {
		t.drain(func(i int64, b *Bin) {
			wide.spare, t.spare = append(wide.spare, t.spare...), t.spare[:0]
			wide.bin(i * t.width / width).merge(b)
		})
	}
	*t = wide
}

// binRoom is memory for a run's Bins.
type binRoom struct {
	bins     []Bin
	sketches []Sketch
}

func newBinRoom(bins int64) *binRoom {
	return &binRoom{make([]Bin, bins), make([]Sketch, bins)}
}

// reserveBins allocates as many bins as a run can have, and writes to them so
// that the kernel really provides the memory: a run of several hours must not
// run out of memory when its bins are merged at the end.
func reserveBins() *binRoom {
	room := newBinRoom(MaxBins)
	clear(room.bins)
	clear(room.sketches)
	return room
}

// forRun returns r, or a smaller one if the run needs so much less that r would
// waste memory for as long as the recording is kept.
func (r *binRoom) forRun(bins int64) *binRoom {
	if r == nil || bins <= MaxBins/4 {
		return newBinRoom(bins)
	}
	return r
}

// mergeTimelines merges the shards' time lines, into room if that is not nil.
func mergeTimelines(list []*timeline, room *binRoom) Bins {
	var all Bins
	for _, t := range list {
		all.Width = max(all.Width, t.width)
	}
	var length int64
	for _, t := range list {
		t.widenTo(all.Width)
		length = max(length, t.length)
	}
	if length == 0 {
		return Bins{}
	}
	room = room.forRun(length)
	all.List = room.bins[:length]
	for _, t := range list {
		t.drain(func(i int64, b *Bin) {
			to := &all.List[i]
			if to.Latency == nil && b.Latency != nil {
				to.Latency = &room.sketches[i]
			}
			to.merge(b)
		})
		*t = timeline{}
	}
	return all
}

// The fields of a packed bin, in order, as bit numbers of its first byte.
const (
	packedStarted = iota
	packedResponded
	packedOK
	packedSpoiled
	packedAborted
	packedTurnedAway
	packedLost
	packedLatency
)

// counts are the fields that hold a single number, in the order of their bits.
func (b *Bin) counts() [packedLost]*int64 {
	return [...]*int64{&b.Started, &b.Responded, &b.OK, &b.Spoiled, &b.Aborted, &b.TurnedAway}
}

// maxPacked is an upper bound of the bytes that pack appends.
func (b *Bin) maxPacked() int {
	return 1 + binary.MaxVarintLen64*(packedLost+1+2*len(b.Lost)+2+sketchSteps)
}

// pack appends a byte that says which fields are not zero, then those fields.
func (b *Bin) pack(to []byte) []byte {
	head := len(to)
	to = append(to, 0)
	for i, n := range b.counts() {
		if *n != 0 {
			to[head] |= 1 << i
			to = binary.AppendUvarint(to, uint64(*n))
		}
	}
	if len(b.Lost) > 0 {
		to[head] |= 1 << packedLost
		to = binary.AppendUvarint(to, uint64(len(b.Lost)))
		for _, l := range b.Lost {
			to = binary.AppendUvarint(to, uint64(l.Class))
			to = binary.AppendUvarint(to, uint64(l.Count))
		}
	}
	if b.Latency.empty() {
		return to
	}
	to[head] |= 1 << packedLatency
	return b.Latency.pack(to)
}

// unpack sets b to what pack wrote, and returns the bytes that follow.
func (b *openBin) unpack(from []byte) []byte {
	b.reset()
	head, from := from[0], from[1:]
	next := func() uint64 {
		n, size := binary.Uvarint(from)
		from = from[size:]
		return n
	}
	for i, n := range b.counts() {
		if head&(1<<i) != 0 {
			*n = int64(next())
		}
	}
	if head&(1<<packedLost) != 0 {
		for range next() {
			b.Lost = append(b.Lost, BinLoss{Class(next()), int64(next())})
		}
	}
	if head&(1<<packedLatency) == 0 {
		return from
	}
	b.Latency = &b.sketch
	b.sketch.Max = int64(next())
	for steps := next(); steps != 0; steps &= steps - 1 {
		b.sketch.Steps[bits.TrailingZeros64(steps)] = int64(next())
	}
	return from
}

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
