package file

import (
	"cmp"
	"fmt"
	"strings"

	"nodrop/loadgen"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
)

// Plan describes what a run of s will do, in order.
func Plan(s *scenario.Scenario) string {
	var b strings.Builder
	if s.Name != "" {
		fmt.Fprintf(&b, "%s\n\n", s.Name)
	}
	for i, attempt := range s.Order() {
		fmt.Fprintf(&b, "%d. %s\n", i+1, cmp.Or(attempt.String(), "the load"))
		v := attempt.Variant
		list(&b, "setup", v.Setup)
		list(&b, "gate", v.Gate)
		for _, stream := range s.Streams {
			fmt.Fprintf(&b, "   load %s\n", strings.TrimSpace(stream.Name+" "+describe(&stream.Load)))
		}
		for _, step := range v.Timeline {
			fmt.Fprintf(&b, "   %s: %s\n", due(step), safetext.CleanLine(step.Name))
		}
		if s.Settle > 0 {
			fmt.Fprintf(&b, "   the load continues until %v after the last step and mark\n", s.Settle)
		}
		list(&b, "restore", v.Restore)
		fmt.Fprintf(&b, "   then undo what was set up\n")
	}
	return b.String()
}

func list(b *strings.Builder, part string, actions []scenario.Action) {
	for _, a := range actions {
		fmt.Fprintf(b, "   %s: %s\n", part, scenario.OneLine(title(a)))
	}
}

// title returns the name of an action in a list: the name of its step, if its
// errors are prefixed with that.
func title(a scenario.Action) string {
	if l, ok := a.(labelled); ok {
		return l.name
	}
	return a.String()
}

func describe(c *loadgen.Config) string {
	text := fmt.Sprintf("%d requests", c.Requests)
	if c.Duration > 0 {
		text = c.Duration.String()
	}
	text += fmt.Sprintf(" on %d connections", c.Workers)
	if c.Rate > 0 {
		text += fmt.Sprintf(", at most %g requests/s each", c.Rate)
	}
	if c.DisableKeepAlive {
		text += ", a new connection for every request"
	}
	return text + ": " + c.Shown()
}

func due(step scenario.Step) string {
	switch {
	case step.After != "" && step.Delay > 0:
		return fmt.Sprintf("%v after %s", step.Delay, step.After)
	case step.After != "":
		return "after " + step.After
	case step.Stream != "":
		return "at " + step.At.String() + " of " + step.Stream
	}
	return "at " + step.At.String()
}
