package report

import (
	"cmp"
	"fmt"
	"slices"

	"nodrop/loadgen/record"
)

// Loss is what was lost in one run, when and where.
type Loss struct {
	Identity  error // how the counts contradict themselves; nil when they add up
	Classes   []ClassLoss
	Endpoints []EndpointLoss
	Windows   []Window
	Gap       int64 // ns; losses closer than this belong to one window
	Time      int64 // ns; the windows' lengths together
	Baseline  Baseline
	Event     Event

	Limits   Limits
	Hidden   int64  // lost on reused connections in a way that clients which retry do not show
	Outside  int64  // lost before the event began or, where its end was seen, started after it; 0 without an event
	After    int64  // started after the steps had ended, and lost, where no mark tells of the event's end
	Recovery int64  // ns from the event's begin to the end of the last window; -1 without both
	Slower   Slower // answered, but later

	Lifecycles []life // of the endpoints that marks tell of
	Crashes    []crash
}

// Slower sets latencies of answers during the event, and inside the windows,
// beside those of the baseline.
type Slower struct {
	Known           bool
	Baseline, Event LatencyBound
}

// LatencyBound is a distribution of which little is kept: 99 percent were
// below P99, which may be up to twice too high; ns.
type LatencyBound struct {
	Count    int64
	P99, Max int64
}

// ClassLoss counts one class of lost or spoiled requests.
type ClassLoss struct {
	Class         record.Class
	Spoiled       bool
	Fresh, Reused int64
	Redirected    int64  // of them: a redirect had been followed
	Sample        string // most frequent text, "" for statuses
}

// Total is fresh and reused together.
func (c ClassLoss) Total() int64 { return c.Fresh + c.Reused }

// SafeToRetry reports whether any method may be sent again without the risk of
// acting twice. The hosts of a redirect chain that came before the hop that
// failed have answered.
func (c ClassLoss) SafeToRetry() bool { return c.Class.Info().SafeToRetry() && c.Redirected == 0 }

// processed says in words whether a server may have acted on the requests.
func processed(c ClassLoss) string {
	text := string(c.Class.Info().Processed)
	switch {
	case c.Spoiled:
		return "spoiled: failed on this machine"
	case c.Redirected == 0 || c.Class.Info().Processed == record.Yes:
		return text
	case c.Redirected == c.Total():
		return text + "; before the redirect: yes"
	}
	return fmt.Sprintf("%s; before the redirect (%d of them): yes", text, c.Redirected)
}

// EndpointLoss counts what happened on one endpoint.
type EndpointLoss struct {
	Name     string // "" for requests that reached none
	OK, Lost int64
	Classes  []ClassLoss
	Seen     record.EndpointSeen
}

// Window is a run of losses close together. Times are ns from the run's start.
type Window struct {
	Begin, End  int64
	Exposed     int64 // requests started inside it, in whole bins
	Lost        int64
	InFlight    int64 // of Lost: started before the window began
	Reused      int64 // of Lost: on a connection that had carried a request
	Untold      int64 // of Lost: in the counts alone, which InFlight, Reused, Connections and Endpoints leave out
	Connections int64 // distinct ones that were lost with a request on them
	Classes     []record.BinLoss
	Endpoints   []string // in natural order
	Slowest     int64    // ns; of the answers that ended inside it, in whole bins
	BeginNear   Relation // the nearest marks
	EndNear     Relation
}

// Relation says how far a moment is from a mark: Distance > 0 is after it.
type Relation struct {
	Mark     record.Mark
	Distance int64 // ns
	Known    bool
}

// Baseline is what completed before the first mark.
type Baseline struct {
	Known    bool
	Until    int64 // ns
	OK, Lost int64 // in whole bins that ended before Until
}

// Event is what a scenario did to the target, from its first step to the last
// mark that it caused.
type Event struct {
	Known      bool
	Begin, End int64  // ns
	LoadOver   int64  // when the last request was started, ns
	Err        string // of the first step that failed, or child that crashed
	// Seen: a mark tells of an endpoint. Without one, End is that of the steps,
	// and what they set going may have gone on after it.
	Seen bool
	// Open: marks tell when the control plane took an endpoint out, of which
	// balancers may have heard after End.
	Open bool
}

// Inside reports whether the load went on until the event was over.
func (e Event) Inside() bool { return e.Known && e.End <= e.LoadOver }

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
	l.Limits = findLimits(run, l.Event)
	l.Hidden = hidden(run)
	l.Outside = outside(run, l.Event)
	l.After = after(run, l.Event)
	l.Recovery = recovery(&l)
	l.Slower = findSlower(run, &l)
	l.Lifecycles, l.Crashes = lives(run.Marks), crashes(run.Marks)
	for i := range l.Lifecycles {
		one := &l.Lifecycles[i]
		one.refused = refusedWith(one.terminating, l.Windows)
	}
	return l
}

// hidden counts losses that a client which retries would not have shown: Go's
// net/http sends a request without a body again when a reused connection fails
// before the first byte of the answer (shouldRetryRequest in its transport.go).
func hidden(run *record.Run) int64 {
	switch run.Settings.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE":
	default:
		return 0
	}
	var n int64
	for _, o := range run.Outcomes {
		if o.Fate == record.FateLost.String() && o.Reused && isCut(o.Class) && unanswered(o.Class) {
			n += o.Count
		}
	}
	return n
}

// outside counts the losses told in full that lie outside the event.
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

// after counts the losses told in full that came after what is known of an event
// whose end was not seen.
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

// recovery is how long after the event's begin the last loss came, if one came
// after it.
func recovery(l *Loss) int64 {
	if !l.Event.Known || len(l.Windows) == 0 || l.Windows[len(l.Windows)-1].End < l.Event.Begin {
		return -1
	}
	return l.Windows[len(l.Windows)-1].End - l.Event.Begin
}

// findSlower compares whole bins: those before the first mark with those of
// the event.
func findSlower(run *record.Run, l *Loss) Slower {
	if !l.Event.Known || !l.Baseline.Known || l.Baseline.Until < run.Bins.Width {
		return Slower{}
	}
	before := run.Bins.LatencyBetween(0, l.Baseline.Until-run.Bins.Width)
	during := run.Bins.LatencyBetween(l.Event.Begin, l.Event.End)
	return Slower{before.Count() > 0 && during.Count() > 0, latencyBound(before), latencyBound(during)}
}

func latencyBound(s record.Sketch) LatencyBound {
	return LatencyBound{s.Count(), s.Percentile(99), s.Max}
}

// checkOutcomes holds the counts by class, reuse and endpoint, the details and
// the time bins against the totals: a recording whose parts disagree is not to
// be trusted.
func checkOutcomes(run *record.Run) error {
	var byFate record.Counts
	for _, o := range run.Outcomes {
		switch o.Fate {
		case record.FateOK.String():
			byFate.OK += o.Count
		case record.FateLost.String():
			byFate.Lost += o.Count
		case record.FateSpoiled.String():
			byFate.Spoiled += o.Count
		case record.FateAborted.String():
			byFate.Aborted += o.Count
		}
	}
	var binned record.Counts
	for i := range run.Bins.List {
		b := &run.Bins.List[i]
		binned.Started += b.Started
		binned.OK += b.OK
		binned.Lost += b.LostCount()
		binned.Spoiled += b.Spoiled
		binned.Aborted += b.Aborted
	}
	c := run.Counts
	for _, pair := range []struct {
		what      string
		got, want int64
	}{
		{"ok by endpoint", byFate.OK, c.OK},
		{"lost by class", byFate.Lost, c.Lost},
		{"spoiled by class", byFate.Spoiled, c.Spoiled},
		{"aborted by endpoint", byFate.Aborted, c.Aborted},
		{"started over time", binned.Started, c.Started},
		{"ok over time", binned.OK, c.OK},
		{"lost over time", binned.Lost, c.Lost},
		{"spoiled over time", binned.Spoiled, c.Spoiled},
		{"aborted over time", binned.Aborted, c.Aborted},
		{"lost requests told", int64(len(run.Lost)) + run.LostUntold, c.Lost},
	} {
		if pair.got != pair.want {
			return &identityError{pair.what, pair.got, pair.want}
		}
	}
	return nil
}

// classLosses sums outcomes by class, the most frequent first.
func classLosses(run *record.Run, outcomes []record.Outcome) []ClassLoss {
	var list []ClassLoss
	for _, o := range outcomes {
		if o.Class == 0 {
			continue
		}
		i := slices.IndexFunc(list, func(c ClassLoss) bool { return c.Class == o.Class })
		if i < 0 {
			i = len(list)
			list = append(list, ClassLoss{Class: o.Class, Spoiled: o.Class.Spoiled(), Sample: sampleOf(run, o.Class)})
		}
		if o.Redirected {
			list[i].Redirected += o.Count
		}
		if o.Reused {
			list[i].Reused += o.Count
		} else {
			list[i].Fresh += o.Count
		}
	}
	slices.SortStableFunc(list, func(a, b ClassLoss) int {
		return cmp.Or(cmp.Compare(b.Total(), a.Total()), cmp.Compare(a.Class, b.Class))
	})
	return list
}

func sampleOf(run *record.Run, class record.Class) string {
	best := record.Sample{}
	for _, s := range run.Samples {
		if s.Class == class && s.Count > best.Count {
			best = s
		}
	}
	return best.Text
}

// endpointLosses groups outcomes by endpoint, those that lost most first.
func endpointLosses(run *record.Run) []EndpointLoss {
	byName := map[string][]record.Outcome{}
	for _, o := range run.Outcomes {
		byName[o.Endpoint] = append(byName[o.Endpoint], o)
	}
	seen := map[string]record.EndpointSeen{}
	for _, s := range run.Endpoints {
		seen[s.Name] = s
	}
	var list []EndpointLoss
	for name, outcomes := range byName {
		e := EndpointLoss{Name: name, Seen: record.EndpointSeen{Name: name, FirstConnect: -1, LastConnect: -1, FirstAnswer: -1, LastAnswer: -1}}
		for _, o := range outcomes {
			switch o.Fate {
			case record.FateOK.String():
				e.OK += o.Count
			case record.FateLost.String():
				e.Lost += o.Count
			}
		}
		e.Classes = classLosses(run, outcomes)
		if s, ok := seen[name]; ok {
			e.Seen = s
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b EndpointLoss) int {
		return cmp.Or(cmp.Compare(b.Lost, a.Lost), compareNatural(a.Name, b.Name))
	})
	return list
}

// findEvent spans the steps and the life-cycle marks; notes are not part of it.
func findEvent(run *record.Run) Event {
	e := Event{LoadOver: lastStart(run)}
	for _, m := range run.Marks {
		if m.End < 0 && m.Kind != record.MarkCrashed {
			continue // of the set-up, before the load
		}
		// A replica that cut requests at the end of its grace is what is to be
		// seen; a step that failed, or a crash, is not.
		if m.Error != "" && e.Err == "" && (m.Kind == record.MarkStep || m.Kind == record.MarkCrashed) {
			e.Err = m.Name + ": " + m.Error
		}
		switch m.Kind {
		case record.MarkStep:
			if !e.Known || m.Start < e.Begin {
				e.Begin = m.Start
			}
			e.Known = true
			e.End = max(e.End, m.End)
		case record.MarkNote, record.MarkCrashed:
		case record.MarkNotReady, record.MarkEndpointGoes, record.MarkEndpointDropped:
			e.End, e.Seen, e.Open = max(e.End, m.End), true, true
		default:
			e.End, e.Seen = max(e.End, m.End), true
		}
	}
	return e
}

// lastStart is the latest moment, to the bin's begin, at which a request was
// started.
func lastStart(run *record.Run) int64 {
	for i, b := range slices.Backward(run.Bins.List) {
		if b.Started > 0 {
			return int64(i) * run.Bins.Width
		}
	}
	return 0
}

func findBaseline(run *record.Run) Baseline {
	i := slices.IndexFunc(run.Marks, func(m record.Mark) bool { return m.Kind != record.MarkNote && m.Start >= 0 })
	if i < 0 {
		return Baseline{}
	}
	b := Baseline{Known: true, Until: run.Marks[i].Start}
	for i := range run.Bins.List {
		if int64(i+1)*run.Bins.Width > b.Until {
			break
		}
		b.OK += run.Bins.List[i].OK
		b.Lost += run.Bins.List[i].LostCount()
	}
	return b
}

// classTotal is how many requests were lost to a class, or spoiled by it.
func (l *Loss) classTotal(name string) int64 {
	for _, c := range l.Classes {
		if c.Class.String() == name {
			return c.Total()
		}
	}
	return 0
}

// spoiledRemedy is what to do about the most frequent failure of this machine.
func (l *Loss) spoiledRemedy() string {
	for _, c := range l.Classes {
		if c.Spoiled {
			return c.Class.Info().Remedy
		}
	}
	return ""
}
