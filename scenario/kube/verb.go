package kube

import (
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Verb is an operation on a cluster that a scenario can request; its name is
// the key in the scenario.
type Verb struct {
	Name  string
	Takes Subject
	Keys  []string // keys that it takes in addition to the common ones
	Needs string   // the required one of them; "" means none
	Make  func(s *Settings) scenario.Action
}

// Subject is the type of a verb's value.
type Subject int

// The subjects.
const (
	AnObject    Subject = iota // a name or a selector
	AWord                      // a name, or a selector
	SomeObjects                // a manifest file, or the manifests themselves
)

var verbs = []Verb{
	{Name: "scale", Keys: []string{"replicas", "keep", "pods", "timeout"}, Needs: "replicas", Make: newScale},
	{Name: "restart", Keys: []string{"pods", "timeout"}, Make: newRestart},
	{Name: "patch", Keys: []string{"with", "type"}, Needs: "with", Make: newPatch},
	{Name: "annotate", Keys: []string{"with"}, Needs: "with", Make: newAnnotation},
	{Name: "watch", Keys: []string{"pods"}, Make: newWatch},
	{Name: "wait", Keys: []string{"for", "timeout"}, Needs: "for", Make: newWait},
	{Name: "delete-pod", Takes: AWord, Keys: []string{"grace", "timeout"}, Make: newDeletePod},
	{Name: "delete", Takes: AWord, Keys: []string{"count", "grace", "timeout"}, Make: newDelete},
	{Name: "evict", Takes: AWord, Keys: []string{"count", "grace", "timeout"}, Make: newEvict},
	{Name: "drain-node", Takes: AWord, Keys: []string{"grace", "timeout"}, Make: newDrain},
	{Name: "gone", Takes: AWord, Keys: []string{"timeout"}, Make: newGone},
	{Name: "address", Takes: AWord, Keys: []string{"port", "serves", "timeout"}, Make: newAddress},
	{Name: "apply", Takes: SomeObjects, Make: newApply},
}

// Verbs returns all verbs in the order in which they are listed.
func Verbs() []Verb { return verbs }

// Settings hold the values of an action's keys in a scenario. A zero value
// means the key was not given.
type Settings struct {
	Part   string // section of the scenario that contains the action
	Host   string // Host header of the load's requests
	Secure bool   // the load uses TLS

	Access    *api.Access
	Object    api.Ref
	Word      string
	Manifests []map[string]any // instead of those in the file that Word names
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

	// Fault reports a problem with the value of a key, or with the whole action
	// (""). A missing key has been reported already.
	Fault func(key, format string, args ...any)
}

// checkSelector reports a word that is no label selector.
func (s *Settings) checkSelector(verb string) {
	if _, err := labels.Parse(s.Word); err != nil {
		s.Fault("", "%s: %q is not a label selector: %v", verb, s.Word, err)
	}
}
