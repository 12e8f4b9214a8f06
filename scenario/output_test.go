package scenario_test

import (
	"context"
	"errors"
	"iter"
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

// TestOutputOfEverything: what commands print is handed on from all parts of a
// run, without secrets.
func TestOutputOfEverything(t *testing.T) {
	s := newTarget(t)
	says := func(name string) scenario.Action {
		return &fake{name: name, journal: &journal{}, run: func(_ context.Context, env *scenario.Env) error {
			env.Output(name, slices.Values([]string{"token=S3CRET", name}))
			return nil
		}}
	}
	var got []string
	sc := &scenario.Scenario{
		Streams: oneStream(config(s.URL)),
		Variants: []scenario.Variant{{
			Setup: []scenario.Action{says("setup")}, Gate: []scenario.Action{says("gate")},
			Timeline: []scenario.Step{{Name: "step", Action: says("step")}}, Restore: []scenario.Action{says("restore")},
		}},
		Output: func(of string, lines iter.Seq[string]) {
			for line := range lines {
				got = append(got, of+" "+line)
			}
		},
	}
	if _, err := sc.Run(t.Context(), unwatched); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, part := range []string{"setup", "gate", "step", "restore"} {
		want = append(want, part+" token=***", part+" "+part)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
}
