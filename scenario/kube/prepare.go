package kube

import (
	"slices"

	"nodrop/scenario"
)

// Prepare puts before the actions of a variant what they need: all is asked for
// that would keep them from being done, and what becomes of the pods that they
// touch is watched, unless the variant does so itself.
func Prepare(v *scenario.Variant) {
	touched := v.Setup
	for _, step := range v.Timeline {
		touched = append(slices.Clip(touched), step.Action)
	}
	var all []scenario.Action
	watches := false
	for _, action := range slices.Concat(touched, v.Gate, v.Restore) {
		if _, ok := action.(planner); ok {
			all = append(all, action)
		}
		if _, ok := action.(*Watch); ok {
			watches = true
		}
	}
	if len(all) == 0 {
		return
	}
	if w := watchOf(v.Timeline); len(w.Targets) > 0 && !watches {
		v.Setup, all = append(slices.Clip(v.Setup), w), append(all, w)
	}
	v.Setup = append([]scenario.Action{&Preflight{Actions: all}}, v.Setup...)
}

// watchOf watches the pods that the steps touch.
func watchOf(timeline []scenario.Step) *Watch {
	w := &Watch{}
	for _, step := range timeline {
		if t, ok := targetOf(step.Action); ok && !slices.Contains(w.Targets, t) {
			w.Targets = append(w.Targets, t)
		}
	}
	return w
}

// targetOf are the pods that an action touches; false where it touches none.
func targetOf(a scenario.Action) (Target, bool) {
	switch a := a.(type) {
	case *Scale:
		return Target{Access: a.Access, Object: a.Object, Pods: a.Pods}, true
	case *Restart:
		return Target{Access: a.Access, Object: a.Object, Pods: a.Pods}, true
	case *Delete:
		if a.Selector != "" {
			return Target{Access: a.Access, Pods: Pods{Selector: a.Selector}}, true
		}
		return Target{Access: a.Access, Object: Ref{"pod", a.Pod}}, true
	}
	return Target{}, false
}
