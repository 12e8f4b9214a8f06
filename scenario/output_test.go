package scenario_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// speaking is an action whose command prints something.
type speaking struct{ *fake }

func (speaking) Said() []string { return []string{"scaled", "token=S3CRET"} }

// TestOutputOfSteps: the mark of a step that ran has what its command printed,
// without secrets; that of a step that was skipped has nothing.
func TestOutputOfSteps(t *testing.T) {
	s := newTarget(t)
	j := &journal{}
	failing := func(context.Context, *scenario.Env) error { return errors.New("denied") }
	sc := &scenario.Scenario{Streams: oneStream(config(s.URL)), Variants: []scenario.Variant{{Timeline: []scenario.Step{
		{Name: "scale", Action: speaking{&fake{name: "scale", journal: j, run: failing}}},
		{Name: "then", After: "scale", Action: speaking{&fake{name: "then", journal: j}}},
	}}}}
	recording, err := sc.Run(t.Context(), unwatched)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"scale": {"scaled", "token=***"}, "then": nil}
	for _, m := range recording.Runs[0].Marks {
		if m.Kind == record.MarkStep && !slices.Equal(m.Output, want[m.Name]) {
			t.Errorf("%s: %q; want %q", m.Name, m.Output, want[m.Name])
		}
		delete(want, m.Name)
	}
	if len(want) > 0 {
		t.Errorf("no marks of %v", want)
	}
}
