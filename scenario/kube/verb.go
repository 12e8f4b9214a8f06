package kube

import (
	"time"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Verb is one thing that can be done in a cluster, by the key of a scenario that
// says so.
type Verb struct {
	Name  string
	Takes Subject
	Keys  []string // that it takes beside those of all
	Needs string   // the one of them without which it means nothing; "" is none
	Make  func(s *Settings) scenario.Action
}

// Subject is what stands behind the key.
type Subject int

// The subjects.
const (
	AnObject    Subject = iota // KIND/NAME
	AWord                      // a name, or a selector
	SomeObjects                // a file of manifests, or these themselves
)

// verbs are all that there are, in the order in which they are listed.
var verbs = []Verb{
	{Name: "scale", Keys: []string{"replicas", "keep", "pods", "timeout"}, Needs: "replicas", Make: newScale},
	{Name: "restart", Keys: []string{"pods", "timeout"}, Make: newRestart},
	{Name: "patch", Keys: []string{"with", "type"}, Needs: "with", Make: newPatch},
	{Name: "annotate", Keys: []string{"with"}, Needs: "with", Make: newAnnotation},
	{Name: "watch", Keys: []string{"pods"}, Make: newWatch},
	{Name: "wait", Keys: []string{"for", "timeout"}, Needs: "for", Make: newWait},
	{Name: "delete-pod", Takes: AWord, Keys: []string{"grace", "timeout"}, Make: newDeletePod},
	{Name: "delete", Takes: AWord, Keys: []string{"count", "grace", "timeout"}, Make: newDelete},
	{Name: "gone", Takes: AWord, Keys: []string{"timeout"}, Make: newGone},
	{Name: "address", Takes: AWord, Keys: []string{"port", "serves", "timeout"}, Make: newAddress},
	{Name: "apply", Takes: SomeObjects, Make: newApply},
}

// Verbs are all that there are, in the order in which they are listed.
func Verbs() []Verb { return verbs }

// Settings are what the keys of a scenario say of one action. A zero value is what
// was not said.
type Settings struct {
	Part   string // of the scenario that the action stands in
	Host   string // that the load asks for
	Secure bool   // the load goes over TLS

	Access    *api.Access
	Object    api.Ref
	Word      string
	Manifests []map[string]any // in place of those of a file, whose name is Word
	Replicas  int
	Keep      bool
	Patch     api.Patching
	Pods      api.Pods
	Count     int
	Grace     *int64 // seconds
	Until     string
	Serves    string
	Port      int
	Timeout   time.Duration

	// Fault tells what is wrong with what one of the keys says, or with the whole
	// (""). Of a key that is missing there is nothing more to tell.
	Fault func(key, format string, args ...any)
}
