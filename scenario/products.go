package scenario

import (
	"slices"

	"nodrop/loadgen/record/product"
)

// runner is an action that runs a command.
type runner interface {
	Runs() string // the command
}

// products returns the products that the actions of a variant are known to act
// on, or that they run.
func (v *Variant) products() []string {
	list := slices.Clip(v.Products)
	actions := slices.Concat(v.Setup, v.Gate)
	for i := range v.Timeline {
		actions = append(actions, v.Timeline[i].Action)
	}
	for _, action := range append(actions, v.Restore...) {
		if a, ok := action.(runner); ok {
			list = product.Add(list, product.InCommand(a.Runs())...)
		}
	}
	return list
}
