// Package remedy says what to change so that requests are not lost, for each
// product that has a setting for it.
//
// Advice is data first: settings with their values. Its words are rendered from
// them, so the two cannot differ. Concerns says which of it concerns a target.
package remedy

import (
	"strings"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// Advice is what to change in one product.
type Advice struct {
	Where    string          // the product, or a version of it; Everywhere for all
	Words    string          // with a {} for each setting, in order
	Settings []record.Remedy // Object is set only where it is not Where
	// Short: no value that Settings accept suffices. They are in the words, but
	// no data: a program must not believe that they help.
	Short bool
}

// Everywhere is the place of advice that holds for every product.
const Everywhere = "any"

// String returns the words, with the settings as they are written in their
// product.
func (a Advice) String() string {
	var b strings.Builder
	rest := a.Words
	for i := range a.Settings {
		before, after, found := strings.Cut(rest, "{}")
		if !found {
			break
		}
		b.WriteString(before)
		b.WriteString(written(a.of(&a.Settings[i])))
		rest = after
	}
	b.WriteString(rest)
	return b.String()
}

// Data returns the settings that help.
func (a Advice) Data() []record.Remedy {
	if a.Short {
		return nil
	}
	var list []record.Remedy
	for i := range a.Settings {
		list = append(list, a.of(&a.Settings[i]))
	}
	return list
}

// of completes a setting with the product that has it.
func (a Advice) of(r *record.Remedy) record.Remedy {
	one := *r
	if one.Object == "" {
		one.Object = a.Where
	}
	return Complete(one)
}

// Complete adds the product to a setting that names only its object.
func Complete(r record.Remedy) record.Remedy {
	if r.Product == "" {
		r.Product = productOf(r.Object)
	}
	return r
}

// written returns a setting with its value, as it is written in its product.
func written(r record.Remedy) string {
	value := r.Value
	if r.Above != "" {
		value = called(r.Above) + " plus " + value
	}
	if r.AtLeast {
		value += " or more"
	}
	switch r.Product {
	case product.Kubernetes, product.Istio:
		return r.Setting + ": " + value
	case product.ASM:
		return r.Setting + `: "` + value + `"`
	case "Linux":
		return r.Setting + "=" + value
	}
	return r.Setting + " " + value // command lines, and the files of gateways
}

// called returns what people call a setting.
func called(setting string) string {
	if setting == preStop {
		return "the pre-stop delay"
	}
	return setting
}
