package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
	"nodrop/scenario"
	"nodrop/scenario/lab"
	"nodrop/scenario/lab/gateway"
)

// findable is a setting of the lab that --find takes.
type findable struct {
	name, title string
	flag        string // that sets it, and that remedies name
	values      string // the range without one
	set         func(o *lab.Options, value time.Duration)
	// gateway, if set, is the only one that has the setting.
	gateway string
}

var findables = []findable{
	{"pre-stop", "pre-stop delay", "pre-stop", "0s..60s/100ms", func(o *lab.Options, d time.Duration) { o.PreStop = d }, ""},
	{"grace", "grace period", "grace", "0s..60s/100ms", func(o *lab.Options, d time.Duration) { o.Grace = d }, ""},
	{"drain-time", "drain time", "pre-stop", "0s..60s/1s", func(o *lab.Options, d time.Duration) { o.PreStop = d }, envoy},
}

// envoy is the gateway whose pre-stop delay is its own drain time, in whole
// seconds.
const envoy = "envoy"

func findableNames() []string {
	var names []string
	for _, one := range findables {
		names = append(names, one.name)
	}
	return names
}

// changedSettle is how long the load goes on after the event, at least or if
// --settle does not say, where runs change the target: a longer delay makes the event
// longer than the load.
const changedSettle = time.Second

// hunt returns the search that the flags ask for; nil if they do not. checks are
// those of --fail-if.
func (v *labFlags) hunt(p *Program, checks []string) (*hunt, error) {
	searches, err := v.find.check(false)
	if err != nil || !searches {
		return nil, err
	}
	setting, values, err := v.findable()
	if err != nil {
		return nil, err
	}
	e, err := v.experiment()
	if err != nil {
		return nil, err
	}
	e.Stops = []gateway.Mode{gateway.Graceful}
	if !v.set.Changed("settle") {
		e.Settle = changedSettle
	}
	return &hunt{
		Program: p,
		Search:  trials.Search{Setting: setting.name, Title: setting.title, Variant: string(gateway.Graceful), Range: values, Confirm: v.find.confirm},
		with: func(value string) (*scenario.Scenario, error) {
			d, err := time.ParseDuration(value)
			if err != nil {
				return nil, err
			}
			setting.set(&e.Fleet, d)
			s := e.Scenario(p.Err)
			s.Variants[0].FailIf = checks
			return s, nil
		},
		needed: func(j record.Judgement) (int64, bool) { return neededBy(j, "--"+setting.flag) },
	}, nil
}

// findable reads --find.
func (v *labFlags) findable() (*findable, trials.Range, error) {
	name, text, given := strings.Cut(v.find.find, "=")
	i := slices.IndexFunc(findables, func(one findable) bool { return one.name == name })
	if i < 0 {
		return nil, trials.Range{}, unknownFind(name)
	}
	setting := &findables[i]
	if !given {
		text = setting.values
	}
	values, err := trials.Parse(text)
	switch {
	case err != nil:
		return nil, values, &misuse.Error{Problem: fmt.Sprintf("--find %s: %v", name, err), Hint: fmt.Sprintf("--find %s=%s", name, setting.values)}
	case values.Unit == "":
		return nil, values, &misuse.Error{Problem: fmt.Sprintf("--find %s: the values need a unit", v.find.find), Hint: fmt.Sprintf("--find %s=%s", name, setting.values)}
	case v.fleet.Gateway == envoy && setting.flag == "pre-stop" && (values.From%int64(time.Second) != 0 || values.Step%int64(time.Second) != 0):
		return nil, values, &misuse.Error{Problem: fmt.Sprintf("--find %s: envoy takes whole seconds (--drain-time-s)", v.find.find), Hint: "--find drain-time=0s..60s/1s"}
	}
	return setting, values, v.checkFind(setting)
}

func unknownFind(name string) error {
	names := findableNames()
	wrong := &misuse.Error{Problem: fmt.Sprintf("--find %q: want one of %s", name, strings.Join(names, ", ")), Hint: "--find pre-stop=0s..60s/100ms"}
	if best := misuse.Nearest(name, names); best != "" {
		wrong.Hint = "did you mean --find " + best + "?"
	}
	return wrong
}

// checkFind refuses flags that a search for a setting leaves no room for.
func (v *labFlags) checkFind(setting *findable) error {
	for _, other := range []struct{ flag, why string }{
		{setting.flag, "the search sets it"},
		{"repeat", "a search repeats as often as --confirm says"},
		{"client", "another load generator does not say what was lost"},
	} {
		if v.set.Changed(other.flag) {
			return fmt.Errorf("--%s: not with --find %s: %s", other.flag, setting.name, other.why)
		}
	}
	switch {
	case v.set.Changed("stop") && v.stop != string(gateway.Graceful):
		return &misuse.Error{Problem: fmt.Sprintf("--stop %s: --find %s needs replicas that stop gracefully", v.stop, setting.name), Hint: "--stop graceful, or leave it out"}
	case setting.gateway != "" && v.fleet.Gateway != setting.gateway:
		return &misuse.Error{Problem: fmt.Sprintf("--find %s: gateway %s has no %s of its own", setting.name, v.fleet.Gateway, setting.title), Hint: fmt.Sprintf("--gateway %s, or --find pre-stop", setting.gateway)}
	}
	return nil
}
