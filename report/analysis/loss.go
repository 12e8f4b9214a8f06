package analysis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis/baseline"
)

// Loss holds what one run lost, when and where.
type Loss struct {
	Identity  error // which counts disagree; nil if they add up
	Classes   []ClassLoss
	Endpoints []EndpointLoss
	Windows   []Window
	Gap       int64 // ns; losses closer than this belong to one window
	Time      int64 // ns; total length of the windows
	Baseline  Baseline
	Event     Event

	Limits   Limits
	Hidden   int64   // lost on reused connections in a way that clients with retries hide
	Outside  int64   // lost before the event began or, if its end was seen, started after it; 0 without an event
	After    int64   // lost and started after the steps had ended, if no mark shows the event's end
	Recovery int64   // ns from the event's start to the end of the last window; -1 if either is missing
	Slower   Slower  // slower responses
	Shorter  Shorter // shorter bodies

	Streams    Streams     // what HTTP/2 adds
	Lifecycles []Lifecycle // of the endpoints that have marks
	Crashes    []Crash
}

func findLoss(run *record.Run) Loss {
	l := Loss{Identity: run.Counts.Check(), Gap: windowGap(run)}
	if l.Identity == nil {
		l.Identity = checkOutcomes(run)
	}
	l.Classes = classLosses(run, run.Outcomes)
	l.Endpoints = endpointLosses(run)
	l.Windows = windows(run, l.Gap)
	for _, w := range l.Windows {
		l.Time += w.End - w.Begin
	}
	l.Event = findEvent(run)
	l.Baseline = findBaseline(run)
	l.Streams = findStreams(run)
	l.Limits = findLimits(run, l.Event)
	l.Hidden = hidden(run, &l.Streams)
	l.Outside = outside(run, l.Event)
	l.After = after(run, l.Event)
	l.Recovery = recovery(&l)
	l.Slower = findSlower(run, &l.Baseline, &l.Event)
	l.Shorter = findShorter(run, &l.Baseline, &l.Event)
	marks := named(run.Marks)
	l.Lifecycles, l.Crashes = lifecycles(marks), crashes(marks)
	if len(l.Lifecycles) > 0 {
		refused := WindowsSince(run, l.Gap, 0, func(c record.Class) bool { return c.Stage() == record.StageConnect })
		for i := range l.Lifecycles {
			one := &l.Lifecycles[i]
			one.Refused = refusedWith(one.Terminating, refused)
		}
	}
	if l.Baseline.Known {
		l.Baseline.Untouched = untouched(&l)
		l.Baseline.Classes = baseline.Compare(&run.Bins, l.Baseline.Untouched, l.Streams.Together)
	}
	return l
}

// untouched returns the time before which no marked event can have caused a
// loss, in ns. What a step causes comes after the step begins; marks of
// unrequested exits may be late.
func untouched(l *Loss) int64 {
	from := l.Baseline.Until
	for i := range l.Crashes {
		from = min(from, l.Crashes[i].From-Near)
	}
	for i := range l.Lifecycles {
		one := &l.Lifecycles[i]
		if begin := one.Begin(); !l.Event.Known || begin < l.Event.Begin {
			from = min(from, begin-Near)
		}
		if exit := one.ExitUnasked(); exit != Unknown {
			from = min(from, exit-Near)
		}
	}
	return from
}

// hidden counts losses that a client with retries would have hidden. Go's
// net/http sends a request without a body again if a reused connection fails
// before the first byte of the response (shouldRetryRequest in its
// transport.go). Over HTTP/2 it does so only with requests that the server has
// not acted on, as it says itself.
func hidden(run *record.Run, s *Streams) int64 {
	if s.Shared() {
		return s.NeverProcessed
	}
	switch run.Settings.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
	default:
		return 0
	}
	var n int64
	for _, o := range run.Outcomes {
		if o.Fate == record.FateLost.String() && o.Reused && IsCut(o.Class) && Unresponded(o.Class) {
			n += o.Count
		}
	}
	return n
}

// outside counts the losses with details that lie outside the event.
func outside(run *record.Run, event Event) int64 {
	if !event.Known {
		return 0
	}
	var n int64
	for i := range run.Lost {
		if l := &run.Lost[i]; l.End < event.Begin || event.Seen && !event.Open && l.Start > event.End {
			n++
		}
	}
	return n
}

// after counts the losses with details that started after the known part of an
// event whose end was not seen.
func after(run *record.Run, event Event) int64 {
	if !event.Known || event.Seen && !event.Open {
		return 0
	}
	var n int64
	for i := range run.Lost {
		if run.Lost[i].Start > event.End {
			n++
		}
	}
	return n
}

// recovery returns the time from the event's start to the last loss; -1 if no
// loss came after it.
func recovery(l *Loss) int64 {
	if !l.Event.Known || len(l.Windows) == 0 || l.Windows[len(l.Windows)-1].End < l.Event.Begin {
		return -1
	}
	return l.Windows[len(l.Windows)-1].End - l.Event.Begin
}

// ClosedAndLost reports whether refusals may have added to the load: without
// -q, refused workers send their next request at once.
func ClosedAndLost(run *record.Run) bool {
	return run.Settings.Rate == 0 && run.Counts.Lost > 0
}
