package errorshape

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// few is the number of responses below which a shape says little.
const few = 3

// builder assigns the error responses of a run to groups.
type builder struct {
	Input
	shape *Shape
	rest  []*record.LostRequest // without a group yet, in order of failure
	gap   int64                 // ns; within which responses of one endpoint follow each other
	soon  int64                 // ns; within which what has to do with each other follows: gap, but not as long as a slow load makes it

	// Indexes of the run.
	ready        map[string][]int64 // times of ready marks, by endpoint and by address
	allReady     []int64            // the same of all endpoints, in order
	byStatus     map[int]int        // error responses
	requests     map[string]int64   // by endpoint
	firstConnect int64              // ns; to any endpoint, -1 if there was none
	ok           []int64            // ok responses in the bins before each
	started      []int64            // requests started in the bins before each
	slow         int64              // ns; the time that a response may take to count as quick
}

func newBuilder(in Input) *builder {
	event, known := eventOf(in.Loss)
	b := &builder{
		Input: in, gap: max(analysis.Near, in.Loss.Gap), soon: min(max(analysis.Near, in.Loss.Gap), second), ready: map[string][]int64{}, byStatus: map[int]int{}, requests: map[string]int64{},
		shape: &Shape{groups: map[*record.LostRequest]*Group{}, event: event, known: known, soon: min(in.Loss.Gap, second), statuses: map[int]bool{}},
	}
	down := crashSpans(in.Loss.Crashes)
	for i := range in.Run.Lost {
		l := &in.Run.Lost[i]
		status := l.Class.Status()
		if status == 0 {
			continue
		}
		b.byStatus[status]++
		if known && l.End < event.from-analysis.Near {
			b.shape.statuses[status] = true
		}
		// A crash explains enough, and a limit has nothing to do with endpoints.
		if (CanArrive(status) || canLeave(status)) && !covers(down, l.End) && (status == 429 || b.said(status).Reason != Limited) {
			b.rest = append(b.rest, l)
		}
	}
	if len(b.rest) > 0 {
		b.index()
	}
	return b
}

// index fills the indexes that depend on more than the losses.
func (b *builder) index() {
	for _, m := range b.Run.Marks {
		if m.Kind != record.MarkReady || m.Start < 0 {
			continue // what was ready before the load had time to get ready
		}
		b.allReady = append(b.allReady, m.Start)
		for _, key := range [...]string{m.Endpoint, m.Address} {
			if key != "" {
				b.ready[key] = append(b.ready[key], m.Start)
			}
		}
	}
	slices.Sort(b.allReady)
	for _, o := range b.Run.Outcomes {
		b.requests[o.Endpoint] += o.Count
	}
	b.firstConnect = -1
	for _, e := range b.Run.Endpoints {
		if at := e.FirstConnect; at >= 0 && (b.firstConnect < 0 || at < b.firstConnect) {
			b.firstConnect = at
		}
	}
	b.ok, b.started = append(b.ok, 0), append(b.started, 0)
	for i := range b.Run.Bins.List {
		b.ok = append(b.ok, b.ok[i]+b.Run.Bins.List[i].OK)
		b.started = append(b.started, b.started[i]+b.Run.Bins.List[i].Started)
	}
	ok := &b.Run.Latency.OK
	b.slow = max(ok.Percentile(99), 2*ok.Percentile(50), analysis.Near) // no timeout is as short as Near, but a pause of a busy upstream may be
}

// eventOf returns when the event was: from its first step or, where only marks
// of endpoints show it, from the first of these.
func eventOf(loss *analysis.Loss) (span, bool) {
	if loss.Event.Known {
		return span{loss.Event.Begin, loss.Event.End}, true
	}
	begin := int64(analysis.Unknown)
	for i := range loss.Lifecycles {
		if at := loss.Lifecycles[i].Begin(); at != analysis.Unknown && (begin == analysis.Unknown || at < begin) {
			begin = at
		}
	}
	return span{begin, loss.Event.End}, begin != analysis.Unknown
}

// said returns what the responses with a status say.
func (b *builder) said(status int) Said {
	if said := b.Said[status]; said.Reason != 0 {
		return said
	}
	return Said{Reason: reasonOf(status)}
}

// newGroup sums up responses, which must be in order of failure.
func (b *builder) newGroup(kind Kind, basis Basis, lost []*record.LostRequest) *Group {
	g := &Group{
		Kind: kind, Basis: basis, Endpoint: lost[0].Endpoint, Lost: len(lost),
		First: lost[0].End, Last: lost[len(lost)-1].End, Mark: analysis.Unknown, Back: analysis.Unknown,
		Said: Said{Known: true},
	}
	for _, l := range lost {
		if l.Endpoint != g.Endpoint {
			g.Endpoint = ""
		}
		if l.End-l.Start <= b.slow {
			g.Quick++
		}
		said := b.said(l.Class.Status())
		g.Said.Reason |= said.Reason
		g.Said.Known = g.Said.Known && said.Known
	}
	ok := b.okBetween(g.First, g.Last)
	g.Share = float64(g.Lost) / float64(int64(g.Lost)+ok)
	g.Recovered = b.okBetween(g.Last+b.Run.Bins.Width, b.Run.Duration) > 0
	return g
}

func (b *builder) assign(g *Group, lost []*record.LostRequest) {
	for _, l := range lost {
		b.shape.groups[l] = g
	}
}

// okBetween counts the ok responses in the bins that overlap [from, to].
func (b *builder) okBetween(from, to int64) int64 {
	width, n := b.Run.Bins.Width, int64(len(b.Run.Bins.List))
	if width == 0 || to < from {
		return 0
	}
	begin, end := min(max(from, 0)/width, n), min(max(to, 0)/width+1, n)
	return b.ok[end] - b.ok[begin]
}

// between returns the part of losses, in order of failure, that failed in
// [from, to].
func between(lost []*record.LostRequest, from, to int64) []*record.LostRequest {
	first := firstFrom(lost, from)
	return lost[first:max(first, firstFrom(lost, to+1))]
}

// firstFrom returns the index of the first loss that failed at a time or later.
func firstFrom(lost []*record.LostRequest, at int64) int {
	i, _ := slices.BinarySearchFunc(lost, at, func(l *record.LostRequest, at int64) int {
		if l.End < at {
			return -1
		}
		return 1
	})
	return i
}

// episodes splits losses, in order of failure, wherever the next is more than
// gap away.
func episodes(lost []*record.LostRequest, gap int64) [][]*record.LostRequest {
	var list [][]*record.LostRequest
	begin := 0
	for i := 1; i <= len(lost); i++ {
		if i == len(lost) || lost[i].End-lost[i-1].End > gap {
			list = append(list, lost[begin:i])
			begin = i
		}
	}
	return list
}

func anyStatus(lost []*record.LostRequest, status int) bool {
	return slices.ContainsFunc(lost, func(l *record.LostRequest) bool { return l.Class.Status() == status })
}
