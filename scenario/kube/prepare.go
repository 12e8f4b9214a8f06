package kube

import (
	"fmt"
	"slices"

	"nodrop/scenario"
)

// Prepare puts before the actions of each variant what they need: all is asked for
// that would keep those of any from being done; what they touch is waited for until
// it is at rest, after the run before; and what becomes of the pods that they touch
// is watched.
func Prepare(variants []scenario.Variant) {
	ask := &Preflight{}
	for i := range variants {
		v := &variants[i]
		own := ownActions(v)
		if len(own) == 0 {
			continue
		}
		link(own)
		if w := watchOf(v.Timeline, own); len(w.Targets) > 0 {
			v.Setup, own = append(slices.Clip(v.Setup), w), append(own, w)
		}
		shareLives(own)
		ask.Actions = append(ask.Actions, own...)
		v.Setup = append([]scenario.Action{ask, &AtRest{actions: own}}, v.Setup...)
	}
}

// ownActions are those of a variant that are of this package, in the order in which
// they are done.
func ownActions(v *scenario.Variant) []scenario.Action {
	all := slices.Concat(v.Setup, v.Gate)
	for _, step := range v.Timeline {
		all = append(all, step.Action)
	}
	return slices.DeleteFunc(append(all, v.Restore...), func(a scenario.Action) bool {
		_, ok := a.(planner)
		return !ok
	})
}

// link gives those that change the same things what they need to know of each other.
func link(actions []scenario.Action) {
	journals := map[Target]*journal{}
	applies := 0
	for _, action := range actions {
		switch a := action.(type) {
		case *Scale:
			object := Target{Access: a.Access, Object: a.Object}
			if journals[object] == nil {
				journals[object] = &journal{}
			}
			a.journal = journals[object]
		case *Apply: // by one manager, each would take away what the one before has set
			if applies++; applies > 1 {
				a.manager = fmt.Sprintf("%s-%d", fieldManager, applies)
			}
		}
	}
}

// shareLives lets watches tell of each pod once.
func shareLives(actions []scenario.Action) {
	shared := &sharedLives{}
	for _, action := range actions {
		if w, ok := action.(*Watch); ok {
			w.shared = shared
		}
	}
}

// watchOf watches the pods that the steps touch, but for those that are watched.
func watchOf(timeline []scenario.Step, actions []scenario.Action) *Watch {
	var known []Target
	for _, action := range actions {
		if w, ok := action.(*Watch); ok {
			known = append(known, w.Targets...)
		}
	}
	w := &Watch{}
	for _, step := range timeline {
		if t, ok := targetOf(step.Action); ok && !slices.Contains(known, t) {
			w.Targets, known = append(w.Targets, t), append(known, t)
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
