package errorshape

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Of the error responses between two ok ones, a gateway that balances at random
// over some dead upstreams makes 20 in a row once in a million times. Fewer
// will do if they are half of all.
const (
	manyInARow = 20
	someInARow = 8
)

// stretch is a time without any ok response.
type stretch struct {
	span
	recovered bool // ok responses came afterwards
}

// takeOutages takes the responses of times in which every response was a
// gateway's error: nothing was left behind it.
func (b *builder) takeOutages() {
	for _, s := range b.stretches() {
		inside := b.unservedIn(s.from, s.to)
		if len(inside) < few {
			continue // most of them belong to an endpoint that came or went
		}
		// With -q, all workers send at the same moments, and a stretch contains the
		// idle time between two of them. Errors of one moment are no outage.
		begin, end := inside[0].End, inside[len(inside)-1].End
		if end-begin < analysis.Near {
			continue
		}
		lost := b.unservedIn(begin-analysis.Near, end+analysis.Near)
		g := b.newGroup(NothingLeft, Responses, lost)
		g.Recovered, g.Begin, g.End = s.recovered, begin, end
		// Without an end, it may be as likely that the gateway asks at an address
		// that is no longer right, unless it says itself that it has none.
		if s.recovered || g.Said.Known && g.Said.Reason == NoServer {
			b.assign(g, lost)
		}
	}
}

// unservedIn returns the responses without a group that came in [from, to] and
// say that the gateway got none from an upstream.
func (b *builder) unservedIn(from, to int64) []*record.LostRequest {
	var list []*record.LostRequest
	for _, l := range between(b.rest, from, to) {
		if b.shape.groups[l] == nil && b.unserved(l.Class.Status()) {
			list = append(list, l)
		}
	}
	return list
}

// stretches returns the times in which, after ok responses, all responses were
// errors of a gateway.
func (b *builder) stretches() []stretch {
	bins := b.Run.Bins.List
	all := int64(0)
	for i := range bins {
		own, _ := b.errorsIn(&bins[i])
		all += own
	}
	var list []stretch
	for i := 0; i < len(bins); i++ {
		if bins[i].OK > 0 || b.ok[i] == 0 {
			continue
		}
		begin := i
		var own, others int64
		for ; i < len(bins) && bins[i].OK == 0; i++ {
			n, m := b.errorsIn(&bins[i])
			own, others = own+n, others+m
		}
		s := stretch{span{int64(begin) * b.Run.Bins.Width, int64(i) * b.Run.Bins.Width}, i < len(bins)}
		enough := own >= manyInARow || own >= someInARow && own*2 >= all
		if enough && own >= 9*others && s.to-s.from >= analysis.Near {
			list = append(list, s)
		}
	}
	return list
}

// errorsIn counts the responses of a bin with which a gateway says that it
// reached no upstream, and its other losses.
func (b *builder) errorsIn(bin *record.Bin) (own, others int64) {
	for _, l := range bin.Lost {
		if b.unserved(l.Class.Status()) {
			own += l.Count
		} else {
			others += l.Count
		}
	}
	return own, others
}

// unserved reports whether responses with a status say that the gateway got no
// response from an upstream. A gateway whose upstream is slow says so, too:
// that counts only if there was an event.
func (b *builder) unserved(status int) bool {
	if status == 0 {
		return false
	}
	reason := b.said(status).Reason
	return reason&(NoServer|NotReached|Closed) != 0 || reason&Late != 0 && b.shape.known
}
