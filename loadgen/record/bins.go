package record

const (
	// FirstBinWidth is the initial width of a bin, in ns.
	FirstBinWidth = 5_000_000
	// MaxBins is the maximum number of bins. Beyond it, the width doubles.
	MaxBins = 8192
)

// Bin holds the counts of one interval of the run. A request counts as started
// in the bin of its start, and as answered, lost, spoiled or aborted in the bin
// of its end.
type Bin struct {
	Started   int64     `json:"started,omitempty"`
	Responded int64     `json:"answered,omitempty"` // with any status
	OK        int64     `json:"ok,omitempty"`
	Lost      []BinLoss `json:"lost,omitempty"`
	Spoiled   int64     `json:"spoiled,omitempty"`
	Aborted   int64     `json:"aborted,omitempty"`
	// TurnedAway counts the requests that are ok without a response: --ok goaway.
	// They are not in OK, which shows that the target serves.
	TurnedAway int64        `json:"turnedAway,omitempty"`
	Latency    PackedSketch `json:"latency,omitempty"` // of answered requests, in the bin of their end
}

// BinLoss counts the lost requests of one class in a bin.
type BinLoss struct {
	Class Class `json:"class"`
	Count int64 `json:"count"`
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

// LostCount is the sum over all classes.
func (b *Bin) LostCount() int64 {
	var n int64
	for _, l := range b.Lost {
		n += l.Count
	}
	return n
}

func (b *Bin) merge(o *Bin) {
	b.add(o)
	if o.Latency == "" {
		return
	}
	sum, more := b.Latency.Sketch(), o.Latency.Sketch()
	sum.merge(&more)
	b.Latency = sum.Pack()
}

// add adds all but the latencies.
func (b *Bin) add(o *Bin) {
	b.Started += o.Started
	b.Responded += o.Responded
	b.OK += o.OK
	b.Spoiled += o.Spoiled
	b.Aborted += o.Aborted
	b.TurnedAway += o.TurnedAway
	for _, l := range o.Lost {
		b.addLost(l.Class, l.Count)
	}
}

// Bins is the run's time line. Bins start at 0 and are Width ns wide. When there
// are more than 8,192, pairs are merged and the width doubles, so memory does not
// grow with the run.
type Bins struct {
	Width int64 `json:"widthNs"`
	List  []Bin `json:"list"`
}

// StartedBetween counts the requests started in the bins that overlap [from, to],
// in ns. It includes up to one bin width too much on either side.
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

// LatencyBetween is the latency distribution of the responses that ended in the
// bins that overlap [from, to], in ns.
func (b *Bins) LatencyBetween(from, to int64) Sketch {
	var s Sketch
	if b.Width == 0 {
		return s
	}
	first := max(from, 0) / b.Width
	for i := first; i <= to/b.Width && i < int64(len(b.List)); i++ {
		bin := b.List[i].Latency.Sketch()
		s.merge(&bin)
	}
	return s
}
