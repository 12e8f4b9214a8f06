package errorshape

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
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
