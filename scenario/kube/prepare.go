package kube

import (
	"slices"

	"nodrop/loadgen/record/product"
	"nodrop/scenario"
	"nodrop/scenario/kube/watch"
)

// Prepare adds to the setup of each variant what its actions need: a preflight
// check of the actions of all variants, a wait until rollouts from the run
// before are complete, and a watch of the pods that the steps touch.
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
		v.Products = product.Add(v.Products, productsOf(own)...)
		ask.Actions = append(ask.Actions, own...)
		v.Setup = append([]scenario.Action{ask, &AtRest{actions: own}}, v.Setup...)
	}
}

// ownActions returns the variant's actions that belong to this package, in
// execution order.
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

// links is the state that actions of one variant share.
type links struct {
	journals   map[Target]*journal // for objects that are changed several times
	applies    int                 // number of Apply actions linked so far
	lifecycles watch.Shared        // of the watched pods
}

// link gives each action the shared state, in execution order.
func link(actions []scenario.Action) {
	l := &links{journals: map[Target]*journal{}}
	for _, action := range actions {
		if a, ok := action.(linked); ok {
			a.link(l)
		}
	}
}

func (l *links) journalOf(object Target) *journal {
	if l.journals[object] == nil {
		l.journals[object] = &journal{}
	}
	return l.journals[object]
}

// watchOf returns a watch of the pods that the steps touch and no other action
// watches.
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
