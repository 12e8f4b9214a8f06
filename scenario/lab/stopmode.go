package lab

import (
	"fmt"
	"slices"
	"strings"
)

// StopMode is the way a replica stops.
type StopMode string

// The three ways to stop, named the same for every gateway.
const (
	Abrupt   StopMode = "abrupt"   // exit at the signal
	Naive    StopMode = "naive"    // close the listener at once, finish what is in flight
	Graceful StopMode = "graceful" // go on accepting for the pre-stop delay, then as naive
)

// stopModes lists the ways to stop.
func stopModes() []StopMode { return []StopMode{Abrupt, Naive, Graceful} }

func stopModeNames() []string {
	var names []string
	for _, m := range stopModes() {
		names = append(names, string(m))
	}
	return names
}

// ParseStopMode finds a way to stop by its name.
func ParseStopMode(name string) (StopMode, error) {
	if slices.Contains(stopModes(), StopMode(name)) {
		return StopMode(name), nil
	}
	return "", fmt.Errorf("unknown way to stop %q, known are %s", name, strings.Join(stopModeNames(), ", "))
}
