package lab

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/prove"
)

// Proof returns the experiment as something to prove: its first way to stop is
// the target as it is, and the lab's flags are what can be changed. It reports a
// chosen rate on stderr.
func (e *Experiment) Proof(stderr io.Writer) *prove.Proof {
	s := e.Scenario(stderr)
	event := s.Variants[0]
	s.Variants, s.Repeat = nil, 0
	return &prove.Proof{Scenario: *s, Event: event, Fixer: &fixer{e, e.fleet(e.Stops[0]), event}, Repeat: max(1, e.Repeat)}
}

// fixer changes how the replicas of a fleet stop.
type fixer struct {
	experiment *Experiment
	asItIs     Options
	event      scenario.Variant
}

// Fix sets the flags that the findings name. It never shortens a grace period,
// which costs nothing while it is not used.
func (f *fixer) Fix(_ context.Context, findings []record.Finding) (fix *prove.Fix, why string, err error) {
	now, next := &f.asItIs, f.asItIs
	var preStop time.Duration
	for i := range findings {
		named := false
		for _, r := range findings[i].Remedies {
			if r.Product != product.Lab {
				continue
			}
			named = true
			if err := takeFlag(&next, &preStop, r); err != nil {
				return nil, "", err
			}
		}
		if !named {
			why = "no flag of the lab changes that"
		}
	}
	if why != "" {
		return nil, why, nil
	}
	if now.Stop == gateway.Graceful {
		preStop = max(preStop, now.PreStop)
	}
	if preStop > 0 {
		next.PreStop = preStop
	}
	flags := changedFlags(now, &next)
	if flags == "" {
		return nil, "what would help is set already", nil
	}
	return &prove.Fix{
		Words:   flags,
		Diff:    fmt.Sprintf("-nodrop lab %s\n+nodrop lab %s\n", allFlags(now), allFlags(&next)),
		Variant: f.variant(&next), Again: f.event,
	}, "", nil
}

// takeFlag takes a flag of the lab from a remedy.
func takeFlag(o *Options, preStop *time.Duration, r record.Remedy) error {
	if r.Setting == "--stop" {
		var err error
		o.Stop, err = gateway.ParseMode(r.Value)
		return err
	}
	value, err := time.ParseDuration(r.Value)
	switch r.Setting {
	case "--pre-stop":
		*preStop = max(*preStop, value)
	case "--grace":
		o.Grace = max(o.Grace, value)
	default:
		err = fmt.Errorf("%s: the lab cannot change it", r.Setting)
	}
	return err
}

// changedFlags returns the flags that differ.
func changedFlags(now, next *Options) string {
	var flags []string
	if next.Stop != now.Stop {
		flags = append(flags, "--stop "+string(next.Stop))
	}
	if next.PreStop != now.PreStop {
		flags = append(flags, "--pre-stop "+next.PreStop.String())
	}
	if next.Grace != now.Grace {
		flags = append(flags, "--grace "+next.Grace.String())
	}
	return strings.Join(flags, " ")
}

// allFlags returns the flags that decide how replicas stop.
func allFlags(o *Options) string {
	flags := "--stop " + string(o.Stop)
	if o.Stop == gateway.Graceful {
		flags += " --pre-stop " + o.PreStop.String()
	}
	if o.Stop != gateway.Abrupt {
		flags += " --grace " + o.Grace.String()
	}
	return flags
}

// variant returns the event with other options for the fleet. What else is set up
// is shared, such as the rate that was measured.
func (f *fixer) variant(o *Options) scenario.Variant {
	other := *f.experiment
	other.Fleet = *o
	v := other.variant(o.Stop)
	for _, action := range f.event.Setup {
		if pace, ok := action.(*Pace); ok {
			v.Setup = append([]scenario.Action{pace}, v.Setup...)
		}
	}
	return v
}
