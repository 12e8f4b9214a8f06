package remedy

import (
	"slices"
	"strings"

	"nodrop/loadgen/record/product"
)

// Concerns reports whether advice for a place concerns a target in which these
// products were seen. Only gateways and platforms have to be seen: advice for
// everything, for clients or for the kernel always concerns it.
func Concerns(seen []string, where string) bool {
	if !particular(where) {
		return true
	}
	for one := range strings.SplitSeq(where, ", ") {
		if slices.Contains(seen, productOf(one)) {
			return true
		}
	}
	return false
}

// particular reports whether a place is one of the products that a target may
// or may not have.
func particular(where string) bool {
	for one := range strings.SplitSeq(where, ", ") {
		if product.Canonical(productOf(one)) != "" {
			return true
		}
	}
	return false
}

// productOf returns a place without a version: ASM for "ASM from 1.26".
func productOf(where string) string {
	for _, before := range []string{" from ", " before ", " until "} {
		if name, _, found := strings.Cut(where, before); found && product.Canonical(name) != "" {
			return name
		}
	}
	return where
}

// atLeast are the words around a number that is only the least that is needed.
var atLeast = strings.NewReplacer("more than ", "", howMuchMore, "", " or more", "")

// Shape returns the words of advice without its numbers and their units, and
// without saying that they are the least. Advice of one shape differs only in how
// much.
func Shape(words string) string {
	words = atLeast.Replace(words)
	var b strings.Builder
	digits := false // the last was a digit, or the unit that follows one
	for _, r := range words {
		switch {
		case r >= '0' && r <= '9':
			if !digits {
				b.WriteByte('#')
			}
			digits = true
		case digits && (r == '.' || r == 'm' || r == 's' || r == 'µ'):
		default:
			digits = false
			b.WriteRune(r)
		}
	}
	return b.String()
}
