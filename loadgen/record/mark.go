package record

import (
	"strconv"
	"time"
)

// MarkKind says what a mark is about; reports relate losses to marks by kind.
type MarkKind string

// The kinds of mark. A step's own mark spans its action; the others are
// moments in the life of one endpoint.
const (
	MarkStep            MarkKind = "step"                 // an action of the timeline, start to end
	MarkTerminating     MarkKind = "terminating"          // the endpoint was told to go; its pre-stop delay begins
	MarkSignalled       MarkKind = "signalled"            // the stop signal was sent
	MarkListenerClosed  MarkKind = "listener closed"      // it accepts no more connections
	MarkKilled          MarkKind = "killed"               // its time to go was over, and it was ended by force
	MarkExited          MarkKind = "exited"               // its process is gone
	MarkCrashed         MarkKind = "crashed"              // its process, or that of what serves it, ended unasked: not the event's doing
	MarkEndpointRemoved MarkKind = "endpoint removed"     // the balancer sends it no more connections
	MarkNotReady        MarkKind = "not ready"            // the control plane took it out; a balancer may not have heard yet
	MarkEndpointGoes    MarkKind = "endpoint terminating" // the same, because it was told to go
	MarkEndpointDropped MarkKind = "endpoint dropped"     // the control plane lists it no longer
	MarkConnectionsCut  MarkKind = "connections cut"      // the balancer ended those that it still had
	MarkReady           MarkKind = "ready"                // it serves, and may get connections
	MarkNote            MarkKind = "note"                 // something seen, for instance a failed look-up
)

// Of is a mark's name: the kind, told of one endpoint.
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

// Mark is something done to the target, or seen happening to it.
// Start and End are ns from the start of the run; a moment has both equal.
type Mark struct {
	Kind     MarkKind `json:"kind"`
	Name     string   `json:"name"`
	Endpoint string   `json:"endpoint,omitempty"`
	Start    int64    `json:"startNs"`
	End      int64    `json:"endNs"`
	Error    string   `json:"error,omitempty"`
	// Address is the endpoint's IP address, where its name is another: that of a pod.
	Address string `json:"address,omitempty"`
	// Shutdown, of MarkTerminating where it is known, is how the endpoint goes.
	Shutdown *Shutdown `json:"shutdown,omitempty"`
}

// Shutdown is what an endpoint that is told to go has before it is gone.
type Shutdown struct {
	PreStop string `json:"preStop,omitempty"` // what comes before the stop signal, such as "sleep 5s"; "" is nothing
	Grace   int64  `json:"graceNs,omitempty"` // ns from being told to being killed; 0 is not known
}

// String is both, for people.
func (s *Shutdown) String() string {
	text := "no pre-stop hook"
	if s.PreStop != "" {
		text = "pre-stop hook: " + s.PreStop
	}
	if s.Grace > 0 {
		text += ", grace period " + strconv.FormatFloat(time.Duration(s.Grace).Seconds(), 'f', -1, 64) + "s"
	}
	return text
}
