package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/scenario"
	"nodrop/scenario/proc"
)

func numbered(from, to int) []string {
	var lines []string
	for i := from; i <= to; i++ {
		lines = append(lines, fmt.Sprintf("line %d", i))
	}
	return lines
}

// TestTail: only the last lines are kept.
func TestTail(t *testing.T) {
	var tail proc.Tail
	if got := tail.Lines(); len(got) > 0 {
		t.Errorf("got %q of nothing", got)
	}
	for i := range 30 {
		fmt.Fprintf(&tail, "line %d\n", i+1)
	}
	if diff := cmp.Diff(numbered(11, 30), tail.Lines()); diff != "" {
		t.Error(diff)
	}
}

// TestLogError: an error contains the last few lines; if there are more, they
// are logged.
func TestLogError(t *testing.T) {
	base := errors.New("exit status 9")
	for lines, want := range map[int]string{
		0: "exit status 9",
		1: "exit status 9: line 1",
		3: "exit status 9: line 1; line 2; line 3",
		5: "exit status 9: line 3; line 4; line 5",
	} {
		err := fmt.Errorf("gw-1: %w", &scenario.LogError{Err: base, Of: "gw-1", Lines: numbered(1, lines)})
		if got := err.Error(); got != "gw-1: "+want || !errors.Is(err, base) {
			t.Errorf("%d lines: got %q; want %q", lines, got, want)
		}
		handed := map[string][]string{}
		scenario.Log(func(of string, said []string) { handed[of] = said }).Failed("", err)
		if got := len(handed["gw-1"]); lines > 3 && got != lines || lines <= 3 && got != 0 {
			t.Errorf("%d lines: %d were handed on", lines, got)
		}
	}
	scenario.Log(nil).Failed("", base)
}

// TestLogOfSteps: the output of a failed step of any part is logged under the
// variant's name; that of a successful step is not.
func TestLogOfSteps(t *testing.T) {
	s := newTarget(t)
	failing := func(name string) scenario.Action {
		return &fake{name: name, journal: &journal{}, run: func(context.Context, *scenario.Env) error {
			return &scenario.LogError{Err: errors.New("no"), Lines: numbered(1, 4)}
		}}
	}
	for name, v := range map[string]scenario.Variant{
		"the set-up": {Name: "v", Setup: []scenario.Action{failing("setup")}},
		"timeline":   {Name: "v", Timeline: []scenario.Step{{Name: "timeline", Action: failing("timeline")}}},
		"restore":    {Name: "v", Restore: []scenario.Action{failing("restore")}},
		"none":       {Name: "v", Setup: []scenario.Action{&fake{name: "well", journal: &journal{}}}},
	} {
		var got []string
		sc := &scenario.Scenario{
			Streams: []scenario.Stream{{Load: config(s.URL)}}, Variants: []scenario.Variant{v},
			Log: func(of string, lines []string) { got = append(got, fmt.Sprintf("%s %d", of, len(lines))) },
		}
		_, _ = sc.Run(t.Context(), unwatched)
		want := []string{"v: " + name + " 4"}
		if name == "none" {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
