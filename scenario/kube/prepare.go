package kube

import (
	"slices"

	"nodrop/scenario"
)

// Prepare puts before the actions of a variant what they need: all is asked for
// that would keep them from being done, and what becomes of the pods that they
// touch is watched, unless the variant does so itself.
func Prepare(v *scenario.Variant) {
	var all []scenario.Action
	touched := v.Setup
	for _, step := range v.Timeline {
		touched = append(slices.Clip(touched), step.Action)
	}
	for _, action := range slices.Concat(touched, v.Gate, v.Restore) {
		if _, ok := action.(planner); ok {
			all = append(all, action)
		}
	}
	if len(all) == 0 {
		return
	}
	watches := slices.ContainsFunc(all, func(a scenario.Action) bool {
		_, ok := a.(*Watch)
		return ok
	})
	if !watches {
		for _, step := range v.Timeline {
			if w := watchOf(step.Action); w != nil {
				v.Setup, all = append(v.Setup, w), append(all, w)
			}
		}
	}
	v.Setup = append([]scenario.Action{&Preflight{Actions: all}}, v.Setup...)
}

// watchOf watches the pods that an action touches; nil where it touches none.
func watchOf(a scenario.Action) *Watch {
	switch a := a.(type) {
	case *Scale:
		return &Watch{Access: a.Access, Object: a.Object, Pods: a.Pods}
	case *Restart:
		return &Watch{Access: a.Access, Object: a.Object, Pods: a.Pods}
	case *Delete:
		if a.Selector != "" {
			return &Watch{Access: a.Access, Pods: Pods{Selector: a.Selector}}
		}
		return &Watch{Access: a.Access, Object: Ref{"pod", a.Pod}}
	}
	return nil
}
