package record

import (
	"errors"
	"fmt"
)

// Limits for numbers read from a file. Reports add, multiply and compare them;
// within these limits nothing overflows and no loop runs too long.
const (
	MaxTime  = 1 << 58 // ns, 9 years
	MaxCount = 1 << 48
	MaxRuns  = 1_000
	maxMarks = 100_000
)

// Validate checks what reports rely on in a run that was read from a file.
func (r *Run) Validate() error {
	for _, check := range [...]func() error{
		r.validateCounts, r.Bins.Validate, r.validateEndpoints, r.validateLost, r.validateTimes, r.validateLatencies,
		func() error { return r.HTTP2.Validate(MaxCount, MaxTime) },
		func() error { return r.Lengths.Validate(MaxCount, MaxTime) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

type limit struct {
	what           string
	n, least, most int64
}

func within(limits ...limit) error {
	for _, l := range limits {
		if l.n < l.least || l.n > l.most {
			return fmt.Errorf("%s: %d is not between %d and %d", l.what, l.n, l.least, l.most)
		}
	}
	return nil
}

func (r *Run) validateCounts() error {
	count := func(what string, n int64) limit { return limit{what, n, 0, MaxCount} }
	c, n := r.Counts, r.Connections
	for _, o := range r.Outcomes {
		if err := within(count("outcomes", o.Count)); err != nil {
			return err
		}
	}
	for status, n := range r.Statuses {
		if err := within(limit{"statuses", int64(status), 0, 999}, count("statuses", n)); err != nil {
			return err
		}
	}
	for _, a := range r.Responses {
		if err := within(limit{"answers", int64(a.Status), 0, 999}, count("answers", a.Count)); err != nil {
			return err
		}
	}
	for _, s := range r.Samples {
		if err := within(count("samples", s.Count)); err != nil {
			return err
		}
	}
	return within(
		count("planned", c.Planned), count("started", c.Started), count("unsent", c.Unsent),
		count("ok", c.OK), count("lost", c.Lost), count("spoiled", c.Spoiled), count("aborted", c.Aborted),
		count("connections", n.Opened), count("connections", n.Stale), count("connections", n.Waited),
		count("connections", n.Ours), count("connections", n.Surplus),
		limit{"unproven", r.Unproven, 0, c.OK},
		count("late", r.Late), count("lostUntold", r.LostUnlisted), limit{"bytes", r.Bytes, 0, 1<<63 - 1},
	)
}

// Validate checks bins that were read from a file.
func (b *Bins) Validate() error {
	if len(b.List) == 0 {
		return within(limit{"bins: widthNs", b.Width, 0, MaxTime})
	}
	if err := within(
		limit{"bins", int64(len(b.List)), 0, MaxBins},
		limit{"bins: widthNs", b.Width, 1, MaxTime / MaxBins * 2},
	); err != nil {
		return err
	}
	for i := range b.List {
		if err := b.List[i].Validate(); err != nil {
			return fmt.Errorf("bin %d: %w", i, err)
		}
	}
	return nil
}

// Validate checks a bin that was read from a file.
func (b *Bin) Validate() error {
	count := func(what string, n int64) limit { return limit{what, n, 0, MaxCount} }
	for _, l := range b.Lost {
		if err := within(count("lost", l.Count)); err != nil {
			return err
		}
	}
	latency := b.Latency.Sketch()
	for _, n := range latency.Steps {
		if err := within(count("latency", n)); err != nil {
			return err
		}
	}
	if err := within(limit{"latency: maxNs", latency.Max, 0, MaxTime}); err != nil {
		return err
	}
	return within(count("started", b.Started), count("answered", b.Responded), count("ok", b.OK),
		count("spoiled", b.Spoiled), count("aborted", b.Aborted), count("turnedAway", b.TurnedAway))
}

// validateEndpoints checks that every endpoint of an outcome is in the list of
// endpoints: reports look one up in the other.
func (r *Run) validateEndpoints() error {
	if err := within(limit{"endpoints", int64(len(r.Endpoints)), 0, MaxEndpoints + 1}); err != nil {
		return err
	}
	known := map[string]bool{"": true}
	for _, e := range r.Endpoints {
		if known[e.Name] {
			return fmt.Errorf("endpoint %q: duplicate or empty name", e.Name)
		}
		known[e.Name] = true
		for _, ns := range [...]int64{e.FirstConnect, e.LastConnect, e.FirstResponse, e.LastResponse} {
			if err := within(limit{"endpoint " + e.Name, ns, -1, MaxTime}); err != nil {
				return err
			}
		}
	}
	for _, o := range r.Outcomes {
		if !known[o.Endpoint] {
			return fmt.Errorf("outcomes: endpoint %q is not in the list of endpoints", o.Endpoint)
		}
	}
	return nil
}

func (r *Run) validateLost() error {
	if err := within(limit{"lost requests listed", int64(len(r.Lost)), 0, MaxLostDetails}); err != nil {
		return err
	}
	before := int64(0)
	for i, l := range r.Lost {
		if err := within(
			limit{"startNs", l.Start, 0, l.End}, limit{"endNs", l.End, before, MaxTime},
			limit{"sample", int64(l.Sample), -1, int64(len(r.Samples)) - 1}, limit{"connection", l.Connection, 0, MaxCount}, limit{"idleNs", l.Idle, 0, MaxTime}, limit{"goawayNs", l.Goaway, 0, MaxTime},
		); err != nil {
			return fmt.Errorf("lost request %d: %w", i, err)
		}
		if !FateLost.Of(l.Class) {
			return fmt.Errorf("lost request %d: class %q is not a loss", i, l.Class)
		}
		before = l.End
	}
	return nil
}

func (r *Run) validateTimes() error {
	if err := within(
		limit{"durationNs", r.Duration, 0, MaxTime}, limit{"marks", int64(len(r.Marks)), 0, maxMarks}, limit{"probes", int64(len(r.Probes)), 0, MaxProbes},
		limit{"probesUnlisted", r.ProbesUnlisted, 0, MaxCount}, limit{"probesSpoiled", r.ProbesSpoiled, 0, MaxCount},
	); err != nil {
		return err
	}
	for i := range r.Probes {
		if err := r.Probes[i].Validate(); err != nil {
			return err
		}
	}
	for _, m := range r.Marks {
		if err := within(limit{"mark " + m.Name, m.Start, -MaxTime, MaxTime}, limit{"mark " + m.Name, m.End, -MaxTime, MaxTime}); err != nil {
			return err
		}
	}
	for _, t := range r.Traces {
		if err := within(limit{"trace", t.Start, 0, MaxTime}); err != nil {
			return err
		}
		for _, s := range t.Steps {
			if err := within(limit{"trace", s.At, 0, MaxTime}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Run) validateLatencies() error {
	for _, d := range latenciesOf(&r.Latency, &r.Phases) {
		if d.Count == 0 && (d.Sum != 0 || d.Min != 0 || d.Max != 0) || d.Min > d.Max || d.Sum < 0 {
			return errors.New("latency: inconsistent count, sum, minimum and maximum")
		}
		if err := within(limit{"latency", d.Count, 0, MaxCount}, limit{"latency", d.Min, 0, MaxTime}, limit{"latency", d.Max, 0, MaxTime}); err != nil {
			return err
		}
	}
	return nil
}
