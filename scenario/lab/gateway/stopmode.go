package gateway

import (
	"fmt"
	"slices"
	"strings"
)

// Mode is a stop mode: how a replica stops.
type Mode string

// The three stop modes, with the same names for every gateway.
const (
	Abrupt   Mode = "abrupt"   // exit at the signal
	Naive    Mode = "naive"    // close the listener at once, finish requests in flight
	Graceful Mode = "graceful" // keep accepting for the pre-stop delay, then as naive
)

// Modes returns all stop modes.
func Modes() []Mode { return []Mode{Abrupt, Naive, Graceful} }

// ModeNames returns the names of all stop modes.
func ModeNames() []string {
	var names []string
	for _, m := range Modes() {
		names = append(names, string(m))
	}
	return names
}

// ParseMode returns the stop mode with this name.
func ParseMode(name string) (Mode, error) {
	if slices.Contains(Modes(), Mode(name)) {
		return Mode(name), nil
	}
	return "", fmt.Errorf("unknown stop mode %q: want one of %s", name, strings.Join(ModeNames(), ", "))
}
