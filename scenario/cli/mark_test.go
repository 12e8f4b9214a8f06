package cli

import (
	"testing"

	"nodrop/scenario"
	"nodrop/scenario/action"
)

// TestNoMarks: that marks cannot be taken concerns only a run that starts
// something.
func TestNoMarks(t *testing.T) {
	const warning = "nodrop: warning: nodrop mark cannot reach this run: the run is over\n"
	wait := []scenario.Action{&action.Wait{}}
	for name, tt := range map[string]struct {
		variant scenario.Variant
		want    string
	}{
		"plain":    {scenario.Variant{FailIf: []string{"lost > 0"}}, ""},
		"set-up":   {scenario.Variant{Setup: wait}, warning},
		"gate":     {scenario.Variant{Gate: wait}, warning},
		"timeline": {scenario.Variant{Timeline: []scenario.Step{{Action: wait[0]}}}, warning},
		"restore":  {scenario.Variant{Restore: wait}, warning},
	} {
		t.Run(name, func(t *testing.T) {
			p, stderr := testProgram(&spy{})
			p.Marks.Remove() // it cannot be opened any more
			s := &scenario.Scenario{Variants: []scenario.Variant{tt.variant}}
			p.takeMarks(s)()
			if got := stderr.String(); got != tt.want {
				t.Errorf("on stderr: %q; want %q", got, tt.want)
			}
			if len(p.environ) != 1 || p.environ[0] != "NODROP_MARKS=" {
				t.Errorf("environment %q", p.environ)
			}
		})
	}
}
