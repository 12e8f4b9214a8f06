package analysis

import (
	"nodrop/loadgen/record"
)

// Crash is that an endpoint ended and nobody had told it to; ns.
type Crash struct {
	Endpoint string
	address  string // as that of a life
	At       int64  // when it is told of
	From     int64  // when it can have been, at the earliest
	Back     int64  // when the endpoint was ready again; unknown
	Text     string // how it ended
}

// crashes gathers the marks of them, which are in order.
func crashes(marks []record.Mark) []Crash {
	var list []Crash
	for _, m := range marks {
		switch m.Kind {
		case record.MarkCrashed:
			c := Crash{Endpoint: m.Endpoint, address: m.Address, At: m.Start, From: m.Start, Back: Unknown, Text: m.Error}
			if m.Address != "" {
				c.From -= ExitLag
			}
			list = append(list, c)
		case record.MarkReady:
			for i := range list {
				if c := &list[i]; c.Back == Unknown && c.Endpoint == m.Endpoint {
					c.Back = m.Start
				}
			}
		default:
		}
	}
	return list
}

// Cuts reports that it can have cut a request.
func (c *Crash) Cuts(l *record.LostRequest) bool {
	cut := IsCut(l.Class) || IsTLSCut(l.Class) && l.Class.Cause() != record.CauseTimeout
	return cut && Within(l.End, c.From, c.At)
}

// Lasts reports that the endpoint may have been gone then.
func (c *Crash) Lasts(at int64) bool { return c.During(at, at) }

// During reports that it may have been gone at a time between the two.
func (c *Crash) During(from, to int64) bool {
	return to >= c.From-Near && (c.Back == Unknown || from <= c.Back+Near)
}
