package record

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MarkKind is the kind of event that a mark records; reports relate losses to
// marks by kind.
type MarkKind string

// The kinds of mark. A step's mark spans its action; the others are single points
// in the lifecycle of one endpoint.
const (
	MarkStep            MarkKind = "step"                 // an action of the timeline, start to end
	MarkTerminating     MarkKind = "terminating"          // the endpoint was asked to terminate; its pre-stop delay begins
	MarkSignalled       MarkKind = "signalled"            // the stop signal was sent
	MarkListenerClosed  MarkKind = "listener closed"      // it accepts no new connections
	MarkKilled          MarkKind = "killed"               // its grace period expired, and it was killed
	MarkExited          MarkKind = "exited"               // its process has exited
	MarkCrashed         MarkKind = "crashed"              // its process, or that of what serves it, ended on its own, not because of the event
	MarkEndpointRemoved MarkKind = "endpoint removed"     // the balancer sends it no new connections
	MarkNotReady        MarkKind = "not ready"            // the control plane marked it not ready; a balancer may not know yet
	MarkEndpointGoes    MarkKind = "endpoint terminating" // the same, because it was asked to terminate
	MarkEndpointDropped MarkKind = "endpoint dropped"     // the control plane no longer lists it
	MarkConnectionsCut  MarkKind = "connections cut"      // the balancer closed the connections that it still had
	MarkReady           MarkKind = "ready"                // it serves, and may get connections
	MarkNote            MarkKind = "note"                 // an observation, for instance a failed look-up
)

// Of is the name of a mark of this kind about an endpoint.
func (k MarkKind) Of(endpoint string) string {
	switch k {
	case MarkEndpointRemoved:
		return "endpoint " + endpoint + " removed"
	case MarkNotReady:
		return "endpoint " + endpoint + " not ready"
	case MarkEndpointGoes:
		return "endpoint " + endpoint + " terminating"
	case MarkEndpointDropped:
		return "endpoint " + endpoint + " dropped"
	case MarkConnectionsCut:
		return "connections of " + endpoint + " cut"
	case MarkListenerClosed:
		return "listener of replica " + endpoint + " closed"
	case MarkCrashed:
		return endpoint + " crashed"
	default:
		return "replica " + endpoint + " " + string(k)
	}
}

// Mark is something done to the target, or observed on it. Start and End are ns
// from the start of the run; they are equal for a single point in time.
type Mark struct {
	Kind     MarkKind `json:"kind"`
	Name     string   `json:"name"`
	Endpoint string   `json:"endpoint,omitempty"`
	Start    int64    `json:"startNs"`
	End      int64    `json:"endNs"`
	Error    string   `json:"error,omitempty"`
	// Address is where the endpoint is reached, if its name is not that: the IP
	// address of a pod, whose marks a control plane reports, perhaps late; the
	// address and port of a process, which was seen directly.
	Address string `json:"address,omitempty"`
	// Shutdown, only for MarkTerminating and where known, is how the endpoint
	// stops.
	Shutdown *Shutdown `json:"shutdown,omitempty"`
	// Output, only for MarkStep, has the last lines that the step's command
	// printed, at most 20.
	Output []string `json:"output,omitempty"`
	// Removes, only for MarkStep, is how the step takes endpoints away, if by other
	// means than a rollout or a scale-in: RemovesByDeletion, RemovesByEviction.
	Removes string `json:"removes,omitempty"`
}

// The ways in which a step takes endpoints away.
const (
	RemovesByDeletion = "deletion"
	RemovesByEviction = "eviction" // which heeds PodDisruptionBudgets
)

// Clause is what a mark says, to go after "before" or "after": of a step its start
// or its end, of an endpoint what happened to it, with a verb.
func (m *Mark) Clause(toEnd bool) string {
	switch {
	case m.Kind == MarkStep && toEnd:
		return "the end of " + m.Name
	case m.Kind == MarkStep:
		return "the start of " + m.Name
	case m.Endpoint == "" || m.Name != m.Kind.Of(m.Endpoint):
		return m.Name // a name of its own
	}
	switch m.Kind {
	case MarkTerminating:
		return "replica " + m.Endpoint + " began to terminate"
	case MarkEndpointGoes:
		return "endpoint " + m.Endpoint + " began to terminate"
	case MarkSignalled, MarkKilled, MarkReady:
		return "replica " + m.Endpoint + " was " + string(m.Kind)
	case MarkEndpointRemoved, MarkEndpointDropped, MarkNotReady:
		return "endpoint " + m.Endpoint + " was " + strings.TrimPrefix(string(m.Kind), "endpoint ")
	case MarkConnectionsCut:
		return "the connections of " + m.Endpoint + " were cut"
	case MarkListenerClosed:
		return "the " + m.Name
	default:
		return m.Name
	}
}

// Shutdown is how an endpoint shuts down: its pre-stop hook and grace period.
type Shutdown struct {
	PreStop string `json:"preStop,omitempty"` // what runs before the stop signal, such as "sleep 5s"; "" = nothing
	Grace   int64  `json:"graceNs,omitempty"` // ns from the request to terminate to the kill; 0 = unknown
	Signal  string `json:"signal,omitempty"`  // the stop signal, if it is known not to be SIGTERM
}

// String describes them in words.
func (s *Shutdown) String() string {
	text := "no pre-stop hook"
	if s.PreStop != "" {
		text = "pre-stop hook: " + s.PreStop
	}
	if s.Grace > 0 {
		text += ", grace period " + strconv.FormatFloat(time.Duration(s.Grace).Seconds(), 'f', -1, 64) + "s"
	}
	if s.Signal != "" {
		text += ", " + s.Signal
	}
	return text
}

// SortMarks sorts marks by start, then by end.
func SortMarks(marks []Mark) {
	slices.SortStableFunc(marks, func(a, b Mark) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
}
