package gateway

import (
	"fmt"
	"slices"
	"strings"
)

// Mode is the way a replica stops.
type Mode string

// The three ways to stop, named the same for every gateway.
const (
	Abrupt   Mode = "abrupt"   // exit at the signal
	Naive    Mode = "naive"    // close the listener at once, finish what is in flight
	Graceful Mode = "graceful" // go on accepting for the pre-stop delay, then as naive
)

// Modes lists the ways to stop.
func Modes() []Mode { return []Mode{Abrupt, Naive, Graceful} }

// ModeNames are what they are called.
func ModeNames() []string {
	var names []string
	for _, m := range Modes() {
		names = append(names, string(m))
	}
	return names
}

// ParseMode finds a way to stop by its name.
func ParseMode(name string) (Mode, error) {
	if slices.Contains(Modes(), Mode(name)) {
		return Mode(name), nil
	}
	return "", fmt.Errorf("unknown way to stop %q, known are %s", name, strings.Join(ModeNames(), ", "))
}
