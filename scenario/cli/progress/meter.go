package progress

import "time"

// window is how far back a meter looks at most, if it is asked more often.
const window = 2 * time.Second

// meter measures how many requests per second a load has sent lately.
type meter struct{ seen []count }

type count struct {
	at   time.Duration // since the start of the load
	sent int64
}

// rate adds a count, and returns the rate since the newest one that is at least
// a window old, or since the start.
func (m *meter) rate(at time.Duration, sent int64) float64 {
	if len(m.seen) == 0 {
		m.seen = []count{{}}
	}
	for len(m.seen) > 1 && m.seen[1].at <= at-window {
		m.seen = m.seen[1:]
	}
	first := m.seen[0]
	if at <= first.at {
		return 0
	}
	m.seen = append(m.seen, count{at, sent})
	return float64(sent-first.sent) / (at - first.at).Seconds()
}
