package errorshape

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/mathx"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/baseline"
)

// Errors that come now and then are few, so no fixed share of them says how they
// are spread: of five at random times, three often come close together. Each
// limit below is the one that chance exceeds with a known probability, whatever
// their number.
const (
	unlikely = 0.01 // what chance does less often counts as no chance

	// Limits of Kuiper's statistic, in the form of Stephens (JRSS B 32, 1970), that
	// times drawn at random exceed in 2.5 % and in 10 % of the cases. At three times
	// it is as exact as at a thousand.
	unevenRarely = 1.862
	unevenOften  = 1.620

	// mostUneven is how much more than its share one stretch of the load may
	// have, however many errors there are: the load itself is never quite even.
	mostUneven = 0.5
)

// together is how far apart responses to requests that were sent at the same
// moment may come, in ns. With -q, all workers send at the same moments. What
// a busy machine held up comes at the same moment, too.
const together = 10_000_000

// takeScattered takes the responses with which a gateway says that its upstream
// closed the connection, if they are spread over the load with ok ones between
// them, and quick.
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
	g.Alone, g.Moments, g.Late = !b.shape.known, len(at), b.late(at)
	if 2*g.Late >= g.Moments || atLeast(g.Late, g.Moments, 0.1) < unlikely || inARow(b, at, g.Share) {
		return
	}
	g.NoChance = b.noChance(g, at)
	b.assign(g, lost)
}

// noChance reports whether so many were quick that it is no accident, and
// nothing suggests that they come from an incident with a begin or an end.
func (b *builder) noChance(g *Group, at [][]*record.LostRequest) bool {
	if atLeast(g.Moments-g.Late, g.Moments, 0.5) >= 0.05 {
		return false
	}
	x, n := b.positions(at), float64(len(at))
	// No connection is idle before the first request on it.
	idle := float64(b.turn()) / float64(max(1, b.Run.Duration))
	begun := math.Pow(1-max(0, x[0]-idle), n) < unlikely
	ended := math.Pow(x[len(x)-1], n) < unlikely
	return !begun && !ended && !uneven(x, unevenOften)
}

// late counts the moments at which most responses took longer than ok ones.
func (b *builder) late(at [][]*record.LostRequest) int {
	n := 0
	for _, moment := range at {
		slow := 0
		for _, l := range moment {
			if l.End-l.Start > b.slow {
				slow++
			}
		}
		if 2*slow > len(moment) {
			n++
		}
	}
	return n
}

// inARow reports whether so many moments follow one another without an ok
// response between them that it is no chance: then nothing served for a while,
// if only for a short one.
func inARow(b *builder, at [][]*record.LostRequest, share float64) bool {
	n := 0
	for i := 1; i < len(at); i++ {
		if b.okBetween(at[i-1][0].End, at[i][0].End) == 0 {
			n++
		}
	}
	return atLeast(n, len(at)-1, share) < unlikely
}

// moments splits responses, in order of failure, by the moments at which they
// came.
func moments(lost []*record.LostRequest) [][]*record.LostRequest {
	var list [][]*record.LostRequest
	for i, l := range lost {
		if n := len(list); n > 0 && l.End-list[n-1][0].End <= together {
			list[n-1] = append(list[n-1], lost[i])
			continue
		}
		list = append(list, lost[i:i+1:i+1])
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
// the load, and more responses were ok than not around every part of their
// time.
func (b *builder) even(lost []*record.LostRequest, at [][]*record.LostRequest) bool {
	first, last := lost[0].End, lost[len(lost)-1].End
	if last-first < second || uneven(b.positions(at), unevenRarely) {
		return false
	}
	turn := b.turn()
	for i, n := range inParts(lost, first, last) {
		from := first + (last-first)*int64(i)/partCount
		to := first + (last-first)*int64(i+1)/partCount
		if n > 0 && b.okBetween(from-turn, to+turn) < int64(n) {
			return false
		}
	}
	return true
}

// positions returns which share of the load had been sent at each moment. A
// load that is denser at times has more errors then.
func (b *builder) positions(at [][]*record.LostRequest) []float64 {
	all, width := float64(max(1, b.started[len(b.started)-1])), max(1, b.Run.Bins.Width)
	list := make([]float64, len(at))
	for i, moment := range at {
		bin := min(moment[0].End/width, int64(len(b.started)-2))
		list[i] = float64(b.started[bin]+b.started[bin+1]) / 2 / all
	}
	return list
}

// uneven reports whether some stretch has so many more of the positions than
// its share of the load that the limit of Kuiper's statistic is exceeded.
func uneven(x []float64, limit float64) bool {
	n := float64(len(x))
	var above, below float64
	for i, at := range x {
		above = max(above, float64(i+1)/n-at)
		below = max(below, at-float64(i)/n)
	}
	return above+below > max(mostUneven, limit/(math.Sqrt(n)+0.155+0.24/math.Sqrt(n)))
}

// atLeast returns how likely at least k of n are what each is with probability
// p, by chance.
func atLeast(k, n int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return mathx.BetaInc(p, float64(k), float64(n-k+1))
}

// turn returns in what time each worker sends a request, in ns. With -q, all
// requests of one moment may fail, and those of the next be ok.
func (b *builder) turn() int64 {
	if b.Run.Counts.Started == 0 || b.Run.Settings.Rate == 0 {
		return 0
	}
	return int64(float64(b.Run.Duration) / float64(b.Run.Counts.Started) * float64(max(1, b.Run.Settings.Workers)))
}

// everywhere reports whether no endpoint has most of the responses, or has them
// by chance.
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
	if float64(counts[most]) <= (1-(1-share)/3)*float64(len(lost)) {
		return true
	}
	return float64(len(b.Run.Endpoints))*atLeast(counts[most], len(lost), share) >= unlikely
}
