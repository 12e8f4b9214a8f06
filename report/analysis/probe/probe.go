// Package probe reads what the probes beside a load say about its losses: what
// a new connection to the same endpoint met right after a loss, and between
// which times an outage began and ended. It has numbers and answers, no words.
package probe

import (
	"cmp"
	"slices"
	"time"

	"nodrop/loadgen/record"
)

// soon is how long after a loss a probe still says something about it, in ns.
// Repeats are at most half a second apart.
const soon = int64(time.Second)

// Answer is what a probe says about its endpoint.
type Answer int

// The answers.
const (
	Nothing Answer = iota // it does not say
	Works                 // a new connection was accepted, and its request got a response
	Listens               // a new connection was accepted; it sent no request, so whether the process serves is not known
	Gone                  // nothing listened
	Silent                // nobody replied to the connection attempt
	Stuck                 // the connection was accepted, but nothing came although a response was overdue
	Cut                   // the new connection was ended, too
	Failing               // it responded with an error status
)

// Probes are those of one run, by endpoint.
type Probes struct {
	byEndpoint map[string][]*record.Probe // in order of start
	usual      int64                      // ns; nearly all responses of the load took at most this long; 0 = there were none
}

// Of indexes the probes of a run. usual is the time within which nearly all
// responses of the load came, in ns; 0 if there were none.
func Of(run *record.Run, usual int64) *Probes {
	p := &Probes{byEndpoint: map[string][]*record.Probe{}, usual: usual}
	for i := range run.Probes {
		one := &run.Probes[i]
		p.byEndpoint[one.Endpoint] = append(p.byEndpoint[one.Endpoint], one)
	}
	for _, list := range p.byEndpoint {
		slices.SortStableFunc(list, func(a, b *record.Probe) int { return cmp.Compare(a.Start, b.Start) })
	}
	return p
}

// Answer returns what the first probe after a loss says about its endpoint. If
// the probe before the loss failed and this one did not, the endpoint may have
// worked again before or after the loss: that says nothing about it.
func (p *Probes) Answer(l *record.LostRequest) (*record.Probe, Answer) {
	one := p.After(l)
	if one == nil {
		return nil, Nothing
	}
	if i := from(p.byEndpoint[l.Endpoint], l.End); i > 0 && one.Outcome == record.ProbeOK && p.byEndpoint[l.Endpoint][i-1].Outcome != record.ProbeOK {
		return nil, Nothing
	}
	return one, p.Says(one)
}

// After returns the first probe of a loss's endpoint after the loss; nil if
// there is none soon after it.
func (p *Probes) After(l *record.LostRequest) *record.Probe {
	list := p.byEndpoint[l.Endpoint]
	i := from(list, l.End)
	if i == len(list) || list[i].Start-l.End > soon {
		return nil
	}
	return list[i]
}

// from returns the index of the first probe that began at a time or later.
func from(list []*record.Probe, at int64) int {
	i, _ := slices.BinarySearchFunc(list, at, func(one *record.Probe, at int64) int { return cmp.Compare(one.Start, at) })
	return i
}

// Says returns what a probe says about its endpoint.
func (p *Probes) Says(one *record.Probe) Answer {
	switch one.Outcome {
	case record.ProbeOK:
		if !one.Asked {
			return Listens
		}
		return Works
	case record.ProbeRefused:
		return Gone
	case record.ProbeUnreachable:
		return Silent
	case record.ProbeReset:
		return Cut
	case record.ProbeHTTPError:
		return Failing
	case record.ProbeTimeout:
		return p.late(one)
	default:
		return Nothing
	}
}

// late returns what a probe says that ran out of time. One that waited less
// than twice as long as responses usually take says nothing: the service is
// slow.
func (p *Probes) late(one *record.Probe) Answer {
	switch {
	case one.Connected == 0:
		return Silent
	case p.usual > 0 && one.End-one.Connected >= 2*p.usual:
		return Stuck
	}
	return Nothing
}

// Outage brackets the outage of an endpoint, in ns from the run's start; -1 is
// for a time that is not known.
type Outage struct {
	LastOK      int64 // when the last probe before it that worked began
	FirstFailed int64 // when the first probe in it failed
	LastFailed  int64 // when the last probe in it began
	FirstOK     int64 // when the first probe after it worked
}

// OutageAt returns the outage in which a loss lies. known is false unless a
// probe right after the loss failed.
func (p *Probes) OutageAt(l *record.LostRequest) (o Outage, known bool) {
	list := p.byEndpoint[l.Endpoint]
	first := p.After(l)
	if first == nil || first.Outcome == record.ProbeOK {
		return Outage{}, false
	}
	at := slices.Index(list, first)
	begin, end := at, at
	for begin > 0 && list[begin-1].Outcome != record.ProbeOK {
		begin--
	}
	for end+1 < len(list) && list[end+1].Outcome != record.ProbeOK {
		end++
	}
	o = Outage{LastOK: -1, FirstFailed: list[begin].End, LastFailed: list[end].Start, FirstOK: -1}
	if begin > 0 {
		o.LastOK = list[begin-1].Start
	}
	if end+1 < len(list) {
		o.FirstOK = list[end+1].End
	}
	return o, true
}
