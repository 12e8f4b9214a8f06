package analysis

import (
	"nodrop/loadgen/record"
)

// Crash is an endpoint's exit that nobody had requested. Times are in ns.
type Crash struct {
	Endpoint string
	address  string // the same as Lifecycle.address
	At       int64  // time of the mark
	From     int64  // earliest possible time of the crash
	Back     int64  // when the endpoint was ready again; Unknown if no mark says so
	Text     string // how it ended
}

// crashes collects the crashes from marks, which are in order.
func crashes(marks []record.Mark) []Crash {
	var list []Crash
	for _, m := range marks {
		switch m.Kind {
		case record.MarkCrashed:
			c := Crash{Endpoint: m.Endpoint, address: m.Address, At: m.Start, From: m.Start, Back: Unknown, Text: m.Error}
			if isPod(m.Address) {
				c.From -= ExitLag
			}
			list = append(list, c)
		case record.MarkReady:
			for i := range list {
				if c := &list[i]; c.Back == Unknown && (c.Endpoint == m.Endpoint || c.address != "" && c.address == m.Address) {
					c.Back = m.Start
				}
			}
		default:
		}
	}
	return list
}

// Cuts reports whether the crash can have cut the request.
func (c *Crash) Cuts(l *record.LostRequest) bool {
	cut := IsCut(l.Class) || IsTLSCut(l.Class) && l.Class.Cause() != record.CauseTimeout
	return cut && Within(l.End, c.From, c.At)
}

// Lasts reports whether the endpoint may have been down at a time.
func (c *Crash) Lasts(at int64) bool { return c.During(at, at) }

// During reports whether the endpoint may have been down at any time in [from,
// to].
func (c *Crash) During(from, to int64) bool {
	return to >= c.From-Near && (c.Back == Unknown || from <= c.Back+Near)
}
