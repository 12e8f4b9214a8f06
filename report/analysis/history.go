package analysis

import (
	"math"
	"slices"
	"strings"
)

// History holds the lifecycles and crashes of one endpoint, in order.
type History struct {
	Name       string // several names if endpoints used the address one after the other
	lifecycles []*Lifecycle
	Crashes    []*Crash
}

// maxNames limits the further names that a History has.
const maxNames = 3

// Histories returns the history of each endpoint, by name and by address.
func Histories(lifecycles []Lifecycle, crashes []Crash) map[string]*History {
	index := map[string]*History{}
	of := func(endpoint, address string, add func(*History)) {
		keys := []string{endpoint}
		if address != "" && address != endpoint {
			keys = append(keys, address)
		}
		for _, key := range keys {
			h := index[key]
			switch {
			case h == nil:
				h = &History{Name: endpoint}
				index[key] = h
			case strings.Count(h.Name, ", ") < maxNames && !slices.Contains(strings.Split(h.Name, ", "), endpoint):
				h.Name += ", " + endpoint
			}
			add(h)
		}
	}
	for i := range lifecycles {
		one := &lifecycles[i]
		of(one.Endpoint, one.address, func(h *History) { h.lifecycles = append(h.lifecycles, one) })
	}
	for i := range crashes {
		one := &crashes[i]
		of(one.Endpoint, one.address, func(h *History) { h.Crashes = append(h.Crashes, one) })
	}
	return index
}

// LifecycleAt returns the endpoint's lifecycle at a time: the last one that had
// begun (within Near), or else the first. It returns nil if there is none or it
// was over.
func (h *History) LifecycleAt(at int64) *Lifecycle {
	var found *Lifecycle
	for _, l := range h.lifecycles {
		if found == nil || l.Begin() <= at+Near {
			found = l
		}
	}
	if found == nil || found.Over != Unknown && at >= found.Over {
		return nil
	}
	return found
}

// NextBegin returns when the endpoint began to leave after a time, in ns; the
// largest int64 if it did not.
func (h *History) NextBegin(at int64) int64 {
	next := int64(math.MaxInt64)
	for _, l := range h.lifecycles {
		if begin := l.Begin(); begin > at {
			next = min(next, begin)
		}
	}
	return next
}
