package watch

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// State is the state of an endpoint in an EndpointSlice.
type State int

// The states, in increasing readiness for new connections.
const (
	unlisted State = iota
	goes           // terminating
	notReady
	Routed
)

// kinds maps each state to the mark for a change to it from a better one.
var kinds = map[State]record.MarkKind{
	unlisted: record.MarkEndpointDropped,
	goes:     record.MarkEndpointGoes,
	notReady: record.MarkNotReady,
}

// slice processes one version of an EndpointSlice. An endpoint that is not
// ready gets no new connections while others are ready: each data plane drops
// it from its balancer once it receives the change.
func (l *lifecycles) slice(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := map[string]State{}
	if !gone {
		here = statesIn(o.Object)
	}
	slice := o.GetName()
	for name, state := range here {
		l.lifecycle(name).slices[slice] = state
	}
	for name, p := range l.pods {
		if here[name] == unlisted {
			delete(p.slices, slice)
		}
		l.list(name, p, now)
	}
}

// statesIn returns the states of the pods in an EndpointSlice.
func statesIn(slice map[string]any) map[string]State {
	states := map[string]State{}
	for _, endpoint := range api.Items(slice, "endpoints") {
		if api.Text(endpoint, "targetRef", "kind") == "Pod" {
			name := api.Text(endpoint, "targetRef", "name")
			states[name] = max(states[name], StateOf(endpoint))
		}
	}
	return states
}

// StateOf returns the state of one endpoint.
func StateOf(endpoint map[string]any) State {
	ready, told := api.At(endpoint, "conditions", "ready")
	terminating, _ := api.At(endpoint, "conditions", "terminating")
	switch {
	case terminating == true: // with publishNotReadyAddresses, ready stays true
		return goes
	case !told || ready == true: // by the API, an unset value means ready
		return Routed
	}
	return notReady
}

// list updates a pod's endpoint to its best state in any slice and marks a
// change for the worse. It requires l.mu to be held.
func (l *lifecycles) list(name string, p *podLifecycle, now time.Time) {
	best := unlisted
	for _, state := range p.slices {
		best = max(best, state)
	}
	before := p.listed
	p.listed = best
	if best < before {
		l.tell(scenario.Moment{Kind: kinds[best], Endpoint: name, At: now})
	}
}
