package scenario

import (
	"slices"

	"nodrop/loadgen/record/product"
)

// Runner is an action that may run a command.
type Runner interface {
	Runs() string // the command; "" if there is none
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
		if a, ok := action.(Runner); ok {
			list = product.Add(list, product.InCommand(a.Runs())...)
		}
	}
	return list
}
