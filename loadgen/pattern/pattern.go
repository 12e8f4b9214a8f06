// Package pattern compiles regular expressions when they are first needed. Most
// runs need few of those that the program has, and each takes time and memory.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy returns a function that compiles an expression on first use.
func Lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
