package loadgen

import "time"

// Schedule says when requests are due. It is a pure function of the worker and
// the time since the start; the caller owns the clock.
//
// The load model is closed: each of Workers sends its next request after the
// response to its last and, if Rate is set, not before its next tick.
type Schedule struct {
	Workers int
	Rate    float64 // requests per second and worker; 0 = no limit
}

// interval is the time between two ticks of one worker.
func (s Schedule) interval() time.Duration {
	return time.Duration(float64(time.Second) / s.Rate)
}

// First is when worker i (from 0) may send its first request. Workers are spread
// over one interval to make the total load even; hey's workers tick in phase, in
// bursts of -c.
func (s Schedule) First(i int) time.Duration {
	if s.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(i) / (float64(s.Workers) * s.Rate) * float64(time.Second))
}

// Next is the tick after due, for a worker that is free again at now. A late
// worker keeps one tick, due at once, and skips the others, as a ticker does:
// it never catches up in a burst. skipped is the number of ticks skipped.
func (s Schedule) Next(due, now time.Duration) (next time.Duration, skipped int64) {
	if s.Rate <= 0 {
		return now, 0
	}
	interval := max(s.interval(), 1)
	next = due + interval
	if now <= next {
		return next, 0
	}
	skipped = int64((now - next) / interval)
	return next + time.Duration(skipped)*interval, skipped
}
