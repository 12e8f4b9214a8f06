package errorshape

import (
	"net"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// place is an endpoint with error responses.
type place struct {
	errors []*record.LostRequest // in order of failure
	failed []*record.LostRequest // connections to it that failed, in order
	seen   record.EndpointSeen
}

// places returns the endpoints with error responses, in the order of these.
func (b *builder) places() []*place {
	byName := map[string]*place{}
	var list []*place
	for _, l := range b.rest {
		p := byName[l.Endpoint]
		if p == nil {
			p = &place{}
			byName[l.Endpoint] = p
			list = append(list, p)
		}
		p.errors = append(p.errors, l)
	}
	for i := range b.Run.Lost {
		l := &b.Run.Lost[i]
		if p := byName[l.Endpoint]; p != nil && l.Class.Stage() == record.StageConnect {
			p.failed = append(p.failed, l)
		}
	}
	for _, seen := range b.Run.Endpoints {
		if p := byName[seen.Name]; p != nil {
			p.seen = seen
		}
	}
	return list
}

// takePlaces takes the responses of endpoints that came or went.
func (b *builder) takePlaces() {
	for _, p := range b.places() {
		if p.seen.Name == "" {
			continue // it is not known which endpoint responded
		}
		for _, episode := range episodes(p.errors, b.gap) {
			g := b.arriving(p, episode)
			if g == nil {
				g = b.leaving(p, episode)
			}
			if g != nil {
				b.assign(g, episode)
			}
		}
	}
}

// arriving returns the group of an endpoint that had just started, and served
// after its errors; nil if nothing shows that.
func (b *builder) arriving(p *place, episode []*record.LostRequest) *Group {
	first, last := episode[0], episode[len(episode)-1]
	if p.seen.LastResponse <= last.End || anyStatus(episode, 429) || !b.whole(episode) {
		return nil
	}
	ready := b.readyBefore(p, first)
	basis, mark := Marks, ready
	switch {
	case ready != analysis.Unknown:
	case len(episode) < few || len(between(p.failed, last.End+1, last.End+b.gap)) > 0:
		return nil
	case len(between(p.failed, first.End-b.soon, first.End)) > 0:
		basis = Refusals
	case b.isNew(p) && first.Start-p.seen.FirstConnect <= b.soon:
		basis, mark = FirstSeen, p.seen.FirstConnect
	case b.onlyOneWithoutRoutes(episode):
		basis = Responses
	default:
		return nil
	}
	g := b.newGroup(Arriving, basis, episode)
	g.Mark, g.Recovered, g.Alone = mark, true, b.alone(episode)
	return g
}

// onlyOneWithoutRoutes reports whether the responses are 404s that came in the
// event from one of several endpoints. An endpoint that leaves has its routes:
// one that has none for a while has just come.
func (b *builder) onlyOneWithoutRoutes(episode []*record.LostRequest) bool {
	others := slices.ContainsFunc(episode, func(l *record.LostRequest) bool { return l.Class.Status() != 404 })
	return !others && len(b.Run.Endpoints) > 1 && b.inEvent(episode) && b.alone(episode)
}

// leaving returns the group of an endpoint that went away right after its
// errors; nil if nothing shows that.
func (b *builder) leaving(p *place, episode []*record.LostRequest) *Group {
	first, last := episode[0], episode[len(episode)-1]
	cannot := slices.ContainsFunc(episode, func(l *record.LostRequest) bool { return !canLeave(l.Class.Status()) })
	if len(episode) < few || cannot || !b.shape.known || first.End < b.shape.event.from || !b.whole(episode) {
		return nil
	}
	if len(between(p.failed, first.End-b.gap, first.End-1)) > 0 {
		return nil // it had been away before
	}
	g := b.newGroup(Leaving, Responses, episode)
	g.Alone = b.alone(episode)
	own := b.LifecycleOf(last)
	switch {
	case own != nil && own.Exited != analysis.Unknown && own.Exited >= last.End-analysis.Near && own.Exited <= last.End+b.soon:
		g.Basis, g.Mark = ExitMark, own.Exited
	case len(between(p.failed, last.End-analysis.Near, last.End+b.soon)) > 0:
		g.Basis = Refusals
	case b.silentAfter(p, last):
		g.Basis = Silence
	default:
		return nil
	}
	return g
}

// silentAfter reports whether an endpoint was not heard of after a response,
// though the load went on.
func (b *builder) silentAfter(p *place, last *record.LostRequest) bool {
	return p.seen.LastResponse <= last.End && p.seen.LastConnect <= last.End &&
		len(b.Run.Endpoints) > 1 && b.Loss.Event.LoadOver-last.End > 2*b.gap
}

// inEvent reports whether all the responses came in the event.
func (b *builder) inEvent(episode []*record.LostRequest) bool {
	e := b.shape.event
	return b.shape.known && episode[0].End >= e.from && episode[0].End <= e.to+b.soon
}

// isNew reports whether the first connection to an endpoint came well after the
// first one to any.
func (b *builder) isNew(p *place) bool {
	return p.seen.FirstConnect > b.firstConnect+2*b.gap
}

// readyBefore returns the mark with which the endpoint became ready right
// before a response, or right before its first connection; analysis.Unknown if
// there is none.
func (b *builder) readyBefore(p *place, first *record.LostRequest) int64 {
	marks := b.ready[p.seen.Name]
	if host, _, err := net.SplitHostPort(p.seen.Name); err == nil && marks == nil {
		marks = b.ready[host]
	}
	for _, at := range slices.Backward(marks) {
		if at > first.End+analysis.Near {
			continue
		}
		connected := p.seen.FirstConnect
		if first.End-at <= b.soon || connected >= at-analysis.Near && first.End-connected <= b.soon {
			return at
		}
		break
	}
	return analysis.Unknown
}

// whole reports whether the responses, all of one endpoint, are most of what
// its share of the requests in that time came to.
func (b *builder) whole(lost []*record.LostRequest) bool {
	width := b.Run.Bins.Width
	if width == 0 {
		return false
	}
	from, to := (lost[0].End/width+1)*width, lost[len(lost)-1].End/width*width // whole bins
	if to <= from {
		return true
	}
	var errors int64
	for _, l := range lost {
		if l.Start >= from && l.Start < to {
			errors++
		}
	}
	share := float64(b.requests[lost[0].Endpoint]) / float64(max(1, b.Run.Counts.Started))
	return float64(errors) >= 0.6*share*float64(b.Run.Bins.StartedBetween(from, to-1))
}

// alone reports whether no response with the same statuses came from elsewhere
// or at another time.
func (b *builder) alone(episode []*record.LostRequest) bool {
	own := map[int]int{}
	for _, l := range episode {
		own[l.Class.Status()]++
	}
	for status, n := range own {
		if n < b.byStatus[status] {
			return false
		}
	}
	return true
}
