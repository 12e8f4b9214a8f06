package record

import (
	"encoding/binary"
	"slices"
)

const (
	openBins  = 64   // the newest bins of a shard, kept as counters
	chunkSize = 4096 // bytes allocated at a time for closed bins
)

// timeline is one shard's part of the run's Bins. Only the newest bins need
// counters. Older bins are packed, without loss, into about 20 bytes each,
// where an openBin takes 200, and each shard may have 8,192 of them.
type timeline struct {
	width  int64
	length int64              // number of bins, up to the last that has a count
	open   []openBin          // a ring; nil before the first count
	closed int64              // number of bins before the first open one
	chunks [][]byte           // the closed bins, in order
	spare  [][]byte           // chunks to write to: reserved, or already read
	late   map[int64]*openBin // counts for closed bins that arrived after they were closed
}

// openBin is a Bin that counts. Its latencies are in the sketch.
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

// merge adds o's counts and latencies.
func (b *openBin) merge(o *openBin) {
	b.add(&o.Bin)
	b.sketch.merge(&o.sketch)
}

// done returns what b counted, as a bin of its own.
func (b *openBin) done() Bin {
	bin := b.Bin
	bin.Lost, bin.Latency = nil, b.sketch.Pack()
	if len(b.Lost) > 0 {
		bin.Lost = slices.Clone(b.Lost)
	}
	return bin
}

// at returns the bin of a time in ns since the run's start. It is valid until the
// next call.
func (t *timeline) at(ns int64) *openBin {
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
}

// bin returns the bin at an index, and closes the bins that fall out of the ring.
func (t *timeline) bin(i int64) *openBin {
	t.length = max(t.length, i+1)
	if i < t.closed {
		return t.lateBin(i)
	}
	for i >= t.closed+openBins {
		b := &t.open[t.closed%openBins]
		t.write(b)
		t.closed++
		b.reset()
	}
	return &t.open[i%openBins]
}

func (t *timeline) lateBin(i int64) *openBin {
	b, ok := t.late[i]
	if !ok {
		if t.late == nil {
			t.late = map[int64]*openBin{}
		}
		b = &openBin{}
		t.late[i] = b
	}
	return b
}

// write appends a closed bin to the last chunk, or to a new one if it does not
// fit.
func (t *timeline) write(b *openBin) {
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

// reader reads a time line from its begin; the time line cannot be used afterwards.
type reader struct {
	line  *timeline
	at    int64  // index of the next bin
	chunk int    // index of the chunk that holds it
	rest  []byte // of that chunk; nil before it was begun
	bin   openBin
}

// next returns the next bin, or nil after the last. It is valid until the next call.
func (r *reader) next() *openBin {
	t, i := r.line, r.at
	r.at++
	switch {
	case i < t.closed:
		r.unpack()
		if late := t.late[i]; late != nil {
			r.bin.merge(late)
		}
		return &r.bin
	case i < t.length:
		return &t.open[i%openBins]
	}
	return nil
}

// unpack reads the next closed bin, and hands back a chunk that was read to its end.
func (r *reader) unpack() {
	t := r.line
	if r.rest == nil {
		r.rest = t.chunks[r.chunk]
	}
	if r.rest = r.bin.unpack(r.rest); len(r.rest) == 0 {
		t.spare = append(t.spare, t.chunks[r.chunk])
		r.chunk, r.rest = r.chunk+1, nil
	}
}

// widenTo makes the bins width ns wide, a multiple of the current width.
func (t *timeline) widenTo(width int64) {
	if t.width == width {
		return
	}
	var wide timeline
	wide.begin(width)
	from := reader{line: t}
	for b := from.next(); b != nil; b = from.next() {
		wide.spare, t.spare = append(wide.spare, t.spare...), t.spare[:0]
		wide.bin((from.at - 1) * t.width / width).merge(b)
	}
	*t = wide
}

// reserveBins allocates as many bins as a run can have, and writes to them so
// that the kernel really provides the memory: a run of several hours must not
// run out of memory when its bins are merged at the end.
func reserveBins() []Bin {
	room := make([]Bin, MaxBins)
	clear(room)
	return room
}

// roomFor returns the part of room that a run needs, or a copy of its own if it
// needs so much less that room would waste memory for as long as the recording is
// kept.
func roomFor(bins int64, room []Bin) []Bin {
	if room == nil || bins <= MaxBins/4 {
		return make([]Bin, bins)
	}
	return room[:bins]
}

// mergeTimelines merges the shards' time lines, into room if that is not nil.
func mergeTimelines(list []*timeline, room []Bin) Bins {
	var all Bins
	for _, t := range list {
		all.Width = max(all.Width, t.width)
	}
	var length int64
	var readers []reader
	for _, t := range list {
		t.widenTo(all.Width)
		length = max(length, t.length)
		readers = append(readers, reader{line: t})
	}
	if length == 0 {
		return Bins{}
	}
	all.List = roomFor(length, room)
	var sum openBin
	for i := range all.List {
		sum.reset()
		for r := range readers {
			if b := readers[r].next(); b != nil {
				sum.merge(b)
			}
		}
		all.List[i] = sum.done()
	}
	for _, t := range list {
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
func (b *openBin) maxPacked() int {
	return 1 + binary.MaxVarintLen64*(packedLost+1+2*len(b.Lost)) + maxPacked
}

// pack appends a byte that says which fields are not zero, then those fields.
func (b *openBin) pack(to []byte) []byte {
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
	if b.sketch.empty() {
		return to
	}
	to[head] |= 1 << packedLatency
	return b.sketch.pack(to)
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
	return b.sketch.unpack(from)
}
