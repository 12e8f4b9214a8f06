package scenario

import (
	"fmt"
	"slices"
)

// Flaw is a reason why a step of a timeline could never be due.
type Flaw struct {
	Step int // index of the step
	Why  Why
}

// Why is the kind of a Flaw.
type Why int

// The kinds of Flaw.
const (
	NoStep    Why = iota // After names a step that does not exist
	NoStream             // Stream names a stream that does not exist
	ForItself            // the step waits for itself
)

// Flaws returns the flaws in the order of steps, step by step.
func Flaws(steps []Step, streams []Stream) []Flaw {
	known := map[string]bool{}
	for _, step := range steps {
		known[step.Name] = true
	}
	never := circular(steps)
	var flaws []Flaw
	for i, step := range steps {
		if step.After != "" && !known[step.After] {
			flaws = append(flaws, Flaw{i, NoStep})
		}
		if step.Stream != "" && !slices.ContainsFunc(streams, func(o Stream) bool { return o.Name == step.Stream }) {
			flaws = append(flaws, Flaw{i, NoStream})
		}
		if never[i] {
			flaws = append(flaws, Flaw{i, ForItself})
		}
	}
	return flaws
}

func (f Flaw) explain(step *Step) error {
	switch f.Why {
	case NoStep:
		return fmt.Errorf("step %s: there is no step %s to run after", step.Name, step.After)
	case NoStream:
		return fmt.Errorf("step %s: there is no load %s", step.Name, step.Stream)
	default:
		return fmt.Errorf("step %s waits for step %s, which waits for it", step.Name, step.After)
	}
}

// circular reports, for each step, whether it would never be due because it
// waits for itself or for steps that wait for each other.
func circular(steps []Step) []bool {
	place := map[string]int{}
	for i, step := range slices.Backward(steps) {
		place[step.Name] = i
	}
	const unknown, under, free, waits = 0, 1, 2, 3
	state := make([]int, len(steps))
	for i := range steps {
		var path []int
		end := free
		for at, ok := i, true; ok; at, ok = place[steps[at].After] {
			if state[at] == under || state[at] == waits {
				end = waits
			}
			if state[at] != unknown {
				break
			}
			state[at], path = under, append(path, at)
			if steps[at].After == "" {
				break
			}
		}
		for _, at := range path {
			state[at] = end
		}
	}
	never := make([]bool, len(steps))
	for i := range steps {
		never[i] = state[i] == waits
	}
	return never
}
