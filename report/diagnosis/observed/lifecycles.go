package observed

import (
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// MetBy returns the lifecycles that explain the losses, each once, in the order
// of the losses.
func MetBy(lost []*record.LostRequest, explain func(*record.LostRequest) []*analysis.Lifecycle) []*analysis.Lifecycle {
	var met lifecycleSet
	for _, l := range lost {
		met.add(explain(l))
	}
	return met.list
}

// lifecycleSet holds lifecycles, each once, in the order of adding. Its zero
// value is empty.
type lifecycleSet struct {
	list  []*analysis.Lifecycle
	known map[*analysis.Lifecycle]bool
}

func (s *lifecycleSet) add(some []*analysis.Lifecycle) {
	if s.known == nil {
		s.known = map[*analysis.Lifecycle]bool{}
	}
	for _, one := range some {
		if !s.known[one] {
			s.known[one] = true
			s.list = append(s.list, one)
		}
	}
}

// EndpointNames lists the endpoints of lifecycles, each once.
func EndpointNames(list []*analysis.Lifecycle) string {
	var endpoints []string
	for _, one := range list {
		endpoints = append(endpoints, one.Endpoint)
	}
	return phrase.Names(endpoints)
}

// HadLived says the shortest time from the start of termination to the kill.
func HadLived(list []*analysis.Lifecycle) string {
	shortest := int64(analysis.Unknown)
	for _, one := range list {
		if one.Terminating == analysis.Unknown {
			continue
		}
		if d := one.Killed - one.Terminating; shortest == analysis.Unknown || d < shortest {
			shortest = d
		}
	}
	if shortest == analysis.Unknown {
		return "no mark shows when termination began"
	}
	return phrase.Duration(shortest) + " after termination began"
}

// ShutdownsOf is the evidence of the shutdown settings of these endpoints; nil
// if those of any are unknown.
func ShutdownsOf(list []*analysis.Lifecycle) []string {
	var texts []string
	for _, one := range list {
		if one.Shutdown == nil {
			return nil
		}
		if text := one.Shutdown.String(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	if len(texts) == 0 {
		return nil
	}
	return []string{"shutdown settings: " + strings.Join(texts, "; ")}
}
