package progress

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// load is a load under way.
type load struct {
	scenario.Watched
	settings record.Settings
	meter    meter
}

// figures are the numbers of a load at one moment.
type figures struct {
	stream      string
	elapsed     time.Duration
	percent     int           // of the plan; -1 if there is none
	left        time.Duration // -1 if unknown
	held        bool          // the plan is fulfilled, but the load goes on until the event is over
	over        bool          // no further request will be started
	inFlight    int64
	asked, sent float64 // requests per second; asked is 0 without a limit
	lost        int64
}

func (l *load) figures() figures {
	p := l.Progress()
	f := figures{
		stream: p.Stream, elapsed: p.Elapsed, percent: -1, left: -1, over: p.Over, inFlight: p.Started - p.Finished, lost: p.Lost,
		asked: l.settings.Rate * float64(l.settings.Workers), sent: l.meter.rate(p.Elapsed, p.Started),
	}
	switch {
	case p.Duration > 0:
		f.percent, f.left = percent(int64(p.Elapsed), int64(p.Duration)), max(0, p.Duration-p.Elapsed)
	case p.Planned > 0:
		f.percent, f.left = percent(p.Finished, p.Planned), timeLeft(p)
	}
	if p.Over && p.Duration > 0 && f.percent < 100 {
		f.percent = -1 // it was ended early, and the time that passes is not progress
	}
	f.held = f.percent == 100 && !p.Over
	return f
}

// percent is 100 only when everything is done.
func percent(done, of int64) int { return int(min(100, math.Floor(100*float64(done)/float64(of)))) }

// timeLeft estimates the time for the requests that are left, from the rate so
// far; -1 if there is none yet.
func timeLeft(p record.Progress) time.Duration {
	left := float64(max(0, p.Planned-p.Finished))
	if p.Finished == 0 || p.Elapsed < time.Second {
		return -1
	}
	estimate := float64(p.Elapsed) * left / float64(p.Finished)
	if estimate > float64(math.MaxInt64) {
		return -1
	}
	return time.Duration(estimate)
}

// together is what is known of all loads: the one that is least far decides.
func together(all []figures) figures {
	sum := all[0]
	for _, f := range all[1:] {
		sum.elapsed = max(sum.elapsed, f.elapsed)
		sum.percent = min(sum.percent, f.percent)
		sum.left = later(sum.left, f.left)
		sum.held = sum.held && f.held
		sum.over = sum.over && f.over
		sum.inFlight += f.inFlight
		sum.sent += f.sent
		sum.lost += f.lost
		if sum.asked == 0 || f.asked == 0 {
			sum.asked = 0 // one of them has no limit
		} else {
			sum.asked += f.asked
		}
	}
	return sum
}

// later is the longer of two times; unknown if one is.
func later(a, b time.Duration) time.Duration {
	if a < 0 || b < 0 {
		return -1
	}
	return max(a, b)
}

// state is how far the load is, such as "42 %, 6s left".
func (f *figures) state() string {
	done := ""
	if f.percent >= 0 {
		done = fmt.Sprintf("%d %%", f.percent)
	}
	switch {
	case f.over && f.inFlight > 0:
		return listed(done, "waiting for "+requests(f.inFlight)+" in flight")
	case f.held:
		return listed(done, "until the event is over")
	case !f.over && f.left >= 0:
		return listed(done, remaining(f.left)+" left")
	}
	return done
}

// remaining is rounded up, so that it is 0s only at the end.
func remaining(d time.Duration) string {
	return scenario.Span((d + time.Second - 1).Truncate(time.Second))
}

func requests(n int64) string {
	if n == 1 {
		return "1 request"
	}
	return scenario.Number(n) + " requests"
}

// perSecond returns a rate, with a digit after the point if it is small.
func perSecond(rate float64) string {
	if rate < 10 {
		return strconv.FormatFloat(math.Round(rate*10)/10, 'f', -1, 64) + "/s"
	}
	return scenario.Number(int64(math.Round(rate))) + "/s"
}

// plan says what the load sends to what: how much, or for how long.
func (l *load) plan() string {
	s := &l.settings
	amount, noun, length := "", "requests", ""
	switch {
	case s.Duration > 0:
		length = " for " + scenario.Span(s.Duration)
	case s.Requests == 1:
		amount, noun = "1 ", "request"
	default:
		amount = scenario.Number(s.Requests) + " "
	}
	asked := ""
	if s.Rate > 0 {
		asked = " at " + perSecond(s.Rate*float64(s.Workers))
	}
	workers := "1 worker"
	if s.Workers != 1 {
		workers = scenario.Number(int64(s.Workers)) + " workers"
	}
	return fmt.Sprintf("sending %s%s %s to %s%s%s from %s", amount, cmp.Or(s.Method, "GET"), noun, s.URL, length, asked, workers)
}
