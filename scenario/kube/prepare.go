package kube

import (
	"slices"

	"nodrop/scenario"
	"nodrop/scenario/kube/watch"
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
		if w := watchOf(v.Timeline, own); len(w.Targets) > 0 {
			v.Setup, own = append(slices.Clip(v.Setup), w), append(own, w)
		}
		link(own)
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

// links are what actions of one variant need of each other.
type links struct {
	journals   map[Target]*journal // of what is changed several times
	applies    int                 // that were linked
	lifecycles watch.Shared        // of the pods that are watched
}

// link gives each action what it needs of the others, in the order in which they
// are done.
func link(actions []scenario.Action) {
	l := &links{journals: map[Target]*journal{}}
	for _, action := range actions {
		if a, ok := action.(linked); ok {
			a.link(l)
		}
	}
}

// journalOf is that of an object.
func (l *links) journalOf(object Target) *journal {
	if l.journals[object] == nil {
		l.journals[object] = &journal{}
	}
	return l.journals[object]
}

// watchOf watches the pods that the steps touch, but for those that are watched.
func watchOf(timeline []scenario.Step, actions []scenario.Action) *Watch {
	var known []Target
	for _, action := range actions {
		if a, ok := action.(watcher); ok {
			known = append(known, a.watches()...)
		}
	}
	w := &Watch{}
	for _, step := range timeline {
		a, touches := step.Action.(toucher)
		if !touches {
			continue
		}
		if t := a.touches(); !slices.Contains(known, t) {
			w.Targets, known = append(w.Targets, t), append(known, t)
		}
	}
	return w
}
