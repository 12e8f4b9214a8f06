package report

import (
	"nodrop/loadgen/record"
)

// crash is that an endpoint ended and nobody had told it to; ns.
type crash struct {
	endpoint string
	address  string // as that of a life
	at       int64  // when it is told of
	from     int64  // when it can have been, at the earliest
	back     int64  // when the endpoint was ready again; unknown
	text     string // how it ended
}

// crashes gathers the marks of them, which are in order.
func crashes(marks []record.Mark) []crash {
	var list []crash
	for _, m := range marks {
		switch m.Kind {
		case record.MarkCrashed:
			c := crash{endpoint: m.Endpoint, address: m.Address, at: m.Start, from: m.Start, back: unknown, text: m.Error}
			if m.Address != "" {
				c.from -= exitLag
			}
			list = append(list, c)
		case record.MarkReady:
			for i := range list {
				if c := &list[i]; c.back == unknown && c.endpoint == m.Endpoint {
					c.back = m.Start
				}
			}
		default:
		}
	}
	return list
}

// cuts reports that it can have cut a request.
func (c *crash) cuts(l *record.LostRequest) bool {
	cut := isCut(l.Class) || isTLSCut(l.Class) && l.Class.Cause() != record.CauseTimeout
	return cut && within(l.End, c.from, c.at)
}

// lasts reports that the endpoint may have been gone then.
func (c *crash) lasts(at int64) bool { return c.during(at, at) }

// during reports that it may have been gone at a time between the two.
func (c *crash) during(from, to int64) bool {
	return to >= c.from-near && (c.back == unknown || from <= c.back+near)
}
