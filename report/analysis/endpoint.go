package analysis

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
)

// EndpointLoss counts what happened on one endpoint.
type EndpointLoss struct {
	Name     string // "" for requests that reached no endpoint
	OK, Lost int64
	Classes  []ClassLoss
	Seen     record.EndpointSeen
}

// endpointLosses groups outcomes by endpoint, most losses first.
func endpointLosses(run *record.Run) []EndpointLoss {
	byName := map[string][]record.Outcome{}
	for _, o := range run.Outcomes {
		byName[o.Endpoint] = append(byName[o.Endpoint], o)
	}
	seen := map[string]record.EndpointSeen{}
	for _, s := range run.Endpoints {
		seen[s.Name] = s
	}
	var list []EndpointLoss
	for name, outcomes := range byName {
		e := EndpointLoss{Name: name, Seen: record.EndpointSeen{Name: name, FirstConnect: -1, LastConnect: -1, FirstResponse: -1, LastResponse: -1}}
		for _, o := range outcomes {
			switch o.Fate {
			case record.FateOK.String():
				e.OK += o.Count
			case record.FateLost.String():
				e.Lost += o.Count
			}
		}
		e.Classes = classLosses(run, outcomes)
		if s, ok := seen[name]; ok {
			e.Seen = s
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b EndpointLoss) int {
		return cmp.Or(cmp.Compare(b.Lost, a.Lost), CompareNatural(a.Name, b.Name))
	})
	return list
}

// EndpointCount returns how many endpoints there were: those that requests
// reached and those that marks name. It ignores ready marks, which may name
// something that is no endpoint, and an address behind which responses named
// the replicas. Where marks and requests use different names (a process behind
// an address, pods behind a Service), both mean the same endpoints. Replicas
// that stay may have no marks, so the result is at least the number of replicas
// at the start.
func EndpointCount(run *record.Run) int {
	return max(run.Replicas, seenEndpoints(run))
}

func seenEndpoints(run *record.Run) int {
	names := map[string]bool{}
	shared := run.Settings.EndpointHeader != "" && slices.ContainsFunc(run.Endpoints, namedByResponses)
	for _, e := range run.Endpoints {
		if !shared || namedByResponses(e) {
			names[e.Name] = true
		}
	}
	marked, met := map[string]bool{}, len(names)
	for _, m := range named(run.Marks) {
		if m.Endpoint != "" && m.Kind != record.MarkCrashed && m.Kind != record.MarkReady {
			marked[m.Endpoint] = true
			names[m.Endpoint] = true
		}
	}
	if len(names) == met+len(marked) {
		return max(met, len(marked))
	}
	return len(names)
}

// namedByResponses reports whether an endpoint is known only from a response
// field, not from connections to it.
func namedByResponses(e record.EndpointSeen) bool { return e.FirstResponse >= 0 && e.FirstConnect < 0 }
