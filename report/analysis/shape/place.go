package shape

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Place is where losses happened.
type Place struct {
	Endpoints int   // that lost a request
	Of        int   // all endpoints of the run
	Leaving   int64 // losses on endpoints that were leaving
	Arriving  int64 // losses on endpoints that had just arrived
	Elsewhere int64 // losses on other endpoints, or on none
	// Shared: several endpoints share the address that requests went to, so no
	// request can be assigned to one of them.
	Shared bool
}

// Share is the share of the endpoints that lost a request.
func (p Place) Share() float64 { return min(1, float64(p.Endpoints)/float64(max(1, p.Of))) }

// Places returns where losses happened.
func (m *Measures) Places(lost []*record.LostRequest) Place {
	p := Place{Of: analysis.EndpointCount(m.run), Shared: m.run.Settings.EndpointHeader != "" || len(m.run.Endpoints) < analysis.EndpointCount(m.run)}
	endpoints := map[string]bool{}
	for _, l := range lost {
		if l.Endpoint != "" {
			endpoints[l.Endpoint] = true
		}
		own := m.lifecycleOf(l)
		switch {
		case m.ArrivalOf(l) != nil:
			p.Arriving++
		case own != nil && own.Left() && own.Begin() <= l.End+analysis.Near:
			p.Leaving++
		default:
			p.Elsewhere++
		}
	}
	p.Endpoints = len(endpoints)
	return p
}
