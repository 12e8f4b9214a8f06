package errorshape

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/baseline"
)

const (
	second    = 1_000_000_000 // ns
	partCount = 8             // parts that a time is split into, to see whether errors are spread over it
)

// takeLasting takes the gateway's errors that began with the event and were as
// frequent to the end of the load.
func (b *builder) takeLasting() {
	if !b.shape.known {
		return
	}
	begin, over := b.shape.event.from, b.Loss.Event.LoadOver
	var lost []*record.LostRequest
	before := 0
	for _, l := range b.rest {
		switch {
		case !b.unserved(l.Class.Status()):
		case l.End < begin-analysis.Near:
			before++
		default:
			lost = append(lost, l)
		}
	}
	if len(lost) < partCount {
		return
	}
	begin = max(begin, lost[0].End)
	parts := inParts(lost, begin, over)
	if over-begin < second || parts[partCount-1] == 0 || filled(parts) < partCount-1 {
		return
	}
	// Errors that were there before, at a fifth of this rate or more, did not
	// begin with the event.
	if float64(before)*float64(over-begin) > 0.2*float64(len(lost))*float64(b.shape.event.from) {
		return
	}
	g := b.newGroup(Lasting, Responses, lost)
	g.Recovered, g.Begun = false, b.begun(lost, before)
	for _, at := range b.allReady {
		if at > begin && at < over-second {
			g.Back = at
		}
	}
	b.assign(g, lost)
}

// notByChance is how many moments with errors would have come before the event, for
// none to be no chance: the odds are then below 1 in 100.
const notByChance = 5

// begun reports whether errors that go on to the end of the load began with the
// event: soon after it, and so frequent that, at the same rate, there would have
// been far more before it.
func (b *builder) begun(lost []*record.LostRequest, before int) bool {
	first, from := lost[0].End, b.shape.event.from
	if first > max(from, b.shape.event.to)+second {
		return false
	}
	rate := float64(len(moments(lost))) / float64(max(1, b.Loss.Event.LoadOver-first))
	return rate*float64(from) >= notByChance*float64(before+1)
}

// together is how far apart responses to requests that were sent at the same
// moment may come, in ns. With -q, all workers send at the same moments.
const together = 10_000_000

// takeScattered takes the responses with which a gateway says that its upstream
// closed the connection, if they are spread over seconds with ok ones between
// them.
func (b *builder) takeScattered() {
	var lost []*record.LostRequest
	for _, l := range b.rest {
		if b.said(l.Class.Status()).Reason&Closed != 0 {
			lost = append(lost, l)
		}
	}
	at := moments(lost)
	if len(at) < few || b.shape.known && !b.steady(lost) || !b.even(lost, at) || !b.everywhere(lost) {
		return
	}
	g := b.newGroup(Scattered, Responses, lost)
	g.Alone, g.Moments = !b.shape.known, len(at)
	if g.Quick*10 >= 9*g.Lost {
		b.assign(g, lost)
	}
}

// moments returns one response of each moment at which responses came.
func moments(lost []*record.LostRequest) []*record.LostRequest {
	var list []*record.LostRequest
	for _, l := range lost {
		if len(list) == 0 || l.End-list[len(list)-1].End > together {
			list = append(list, l)
		}
	}
	return list
}

// steady reports whether responses came before the event, and were not much
// more frequent in it.
func (b *builder) steady(lost []*record.LostRequest) bool {
	if slices.ContainsFunc(b.Loss.Baseline.Classes, func(c baseline.Class) bool {
		return c.Outcome == baseline.Added && b.said(c.Class.Status()).Reason&Closed != 0
	}) {
		return false // the event added to them
	}
	e := b.shape.event
	e.to = min(e.to+b.gap, b.Run.Duration)
	before := len(between(lost, 0, e.from-1))
	during := len(between(lost, e.from, e.to))
	outside := float64(len(lost) - during)
	inside := float64(during) / float64(max(1, e.to-e.from))
	return before >= few && inside <= 3*outside/float64(max(1, b.Run.Duration-(e.to-e.from)))
}

// even reports whether responses, which came at these moments, are spread over
// seconds: no part of that time has most of the moments, and more responses
// were ok than not around every part.
func (b *builder) even(lost, at []*record.LostRequest) bool {
	first, last := lost[0].End, lost[len(lost)-1].End
	if last-first < second {
		return false
	}
	counts, parts := inParts(lost, first, last), inParts(at, first, last)
	turn := b.turn()
	for i, n := range parts {
		from := first + (last-first)*int64(i)/partCount
		to := first + (last-first)*int64(i+1)/partCount
		if n > max(2, len(at)/2) || n > 0 && b.okBetween(from-turn, to+turn) < int64(counts[i]) {
			return false
		}
	}
	return filled(parts) > min(partCount, len(at))/2
}

// turn returns in what time each worker sends a request, in ns. With -q, all
// requests of one moment may fail, and those of the next be ok.
func (b *builder) turn() int64 {
	if b.Run.Counts.Started == 0 || b.Run.Settings.Rate == 0 {
		return 0
	}
	return int64(float64(b.Run.Duration) / float64(b.Run.Counts.Started) * float64(max(1, b.Run.Settings.Workers)))
}

// everywhere reports whether no endpoint has most of the responses.
func (b *builder) everywhere(lost []*record.LostRequest) bool {
	if len(b.Run.Endpoints) < 2 {
		return true
	}
	counts, most := map[string]int{}, ""
	for _, l := range lost {
		counts[l.Endpoint]++
		if counts[l.Endpoint] > counts[most] {
			most = l.Endpoint
		}
	}
	share := float64(b.requests[most]) / float64(max(1, b.Run.Counts.Started))
	return float64(counts[most]) <= max(2, (1-(1-share)/3)*float64(len(lost)))
}

// inParts counts the losses in each of the equal parts of [from, to].
func inParts(lost []*record.LostRequest, from, to int64) [partCount]int {
	var parts [partCount]int
	for _, l := range lost {
		part := (l.End - from) * partCount / max(1, to-from)
		parts[min(max(part, 0), partCount-1)]++
	}
	return parts
}

// filled counts the parts that are not empty.
func filled(parts [partCount]int) int {
	n := 0
	for _, count := range parts {
		if count > 0 {
			n++
		}
	}
	return n
}
