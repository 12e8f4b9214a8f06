package watch

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// State is what an EndpointSlice says of an endpoint.
type State int

// The states, from the worst to the best for who wants to be sent connections.
const (
	unlisted State = iota
	goes           // told to go
	notReady
	Routed
)

// kinds are the marks of the states that are worse than another.
var kinds = map[State]record.MarkKind{
	unlisted: record.MarkEndpointDropped,
	goes:     record.MarkEndpointGoes,
	notReady: record.MarkNotReady,
}

// slice takes one state of an EndpointSlice. An endpoint that is not ready gets
// no new connections where others are: it is out of the balancer from when each
// dataplane hears of that.
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

// statesIn are those of the pods in an EndpointSlice.
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

// StateOf is that of one endpoint.
func StateOf(endpoint map[string]any) State {
	ready, told := api.At(endpoint, "conditions", "ready")
	terminating, _ := api.At(endpoint, "conditions", "terminating")
	switch {
	case terminating == true: // where publishNotReadyAddresses is set, it stays ready
		return goes
	case !told || ready == true: // as the API has it: not told is ready
		return Routed
	}
	return notReady
}

// list tells what became of a pod's endpoint, which is as ready as the best of
// the slices that have it. It needs the lock.
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
