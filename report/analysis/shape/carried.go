package shape

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// carried is what one HTTP/2 connection lost. It is one event, however many
// requests it carried.
type carried struct {
	first bool // the first request on it is among them
	aged  bool // one of them had been under way for longer than a round trip or two
}

// findCarried groups the losses of connections that requests shared.
func (m *Measures) findCarried() {
	if !m.loss.Streams.Shared() {
		return
	}
	m.carried = map[int64]*carried{}
	for i := range m.run.Lost {
		l := &m.run.Lost[i]
		if l.Connection == 0 || !analysis.IsCut(l.Class) {
			continue
		}
		c := m.carried[l.Connection]
		if c == nil {
			c = &carried{}
			m.carried[l.Connection] = c
		}
		c.first = c.first || !l.Reused
		c.aged = c.aged || !analysis.Unresponded(l.Class) || m.age(l) > m.quick()
	}
}

// Fresh reports whether the connection of a loss had carried no request to its
// end: this is its first, or its first was lost as well.
func (m *Measures) Fresh(l *record.LostRequest) bool {
	c := m.carried[l.Connection]
	return !l.Reused || c != nil && c.first && analysis.IsCut(l.Class)
}

// connections counts the connections of losses, each request on its own unless
// its connection is known to have been shared.
func (m *Measures) connections(lost []*record.LostRequest) int {
	n, seen := 0, map[int64]bool{}
	for _, l := range lost {
		if m.carried[l.Connection] == nil {
			n++
			continue
		}
		seen[l.Connection] = true
	}
	return n + len(seen)
}
