package scenario_test

import (
	"context"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// TestLoadKnowsOfTheEvent: a load learns whether something is done to its
// target, because probes depend on it.
func TestLoadKnowsOfTheEvent(t *testing.T) {
	step := scenario.Step{Name: "act", Action: &fake{name: "act", journal: &journal{}}}
	for _, steps := range [][]scenario.Step{nil, {step}} {
		var got loadgen.Config
		by := func(_ context.Context, cfg loadgen.Config) (scenario.Load, error) {
			got = cfg
			return &client{cfg: cfg, journal: &journal{}, over: make(chan struct{})}, nil
		}
		s := &scenario.Scenario{
			Streams: []scenario.Stream{{By: by}}, Settle: time.Nanosecond,
			Variants: []scenario.Variant{{Timeline: steps}},
		}
		if _, err := runScenario(t, s); err != nil {
			t.Fatal(err)
		}
		if want := len(steps) > 0; got.Event != want {
			t.Errorf("%d steps: event %t", len(steps), got.Event)
		}
	}
}
