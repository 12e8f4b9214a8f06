package watch

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// lifecycles holds the state of all known pods.
type lifecycles struct {
	mark func(scenario.Moment)

	mu      sync.Mutex // guards all below
	pods    map[string]*podLifecycle
	settled bool      // the initial state is known: from now on, events are marked
	heard   time.Time // end of the last reported interruption
}

// podLifecycle is the state of one pod.
type podLifecycle struct {
	uid           types.UID // "" until the pod itself was seen
	version       int64     // of its last seen state
	address       string    // "" until it has one
	ready, exited bool
	watched       bool             // one of the watched pods; slices also list others
	old           bool             // it was terminating before the watch began, so the run ignores it
	ends          map[string]int64 // how often each container has ended
	leaving       time.Time        // start of termination; zero before
	slices        map[string]State // its state in each slice, by name of the slice
	listed        State            // the best of these
}

// settle ends the initial phase.
func (l *lifecycles) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = true
	for _, p := range l.pods {
		p.old = !p.leaving.IsZero()
	}
}

// tell emits a mark of a watched pod that is not old, once settled is set. It
// requires l.mu to be held.
func (l *lifecycles) tell(m scenario.Moment) {
	if p := l.pods[m.Endpoint]; l.settled && p.watched && !p.old {
		m.Address = p.address
		l.mark(m)
	}
}

// missed reports an interruption of a watch.
func (l *lifecycles) missed(from, to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.settled && from.After(l.heard) { // the other streams report the same interruption
		l.heard = to
		l.mark(scenario.Moment{Kind: record.MarkNote, Note: "lost contact with the API server: marks of pods and endpoints may be late", Since: from, At: to})
	}
}

// pod processes one version of a pod.
func (l *lifecycles) pod(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := o.GetName()
	p := l.lifecycle(name)
	version, _ := strconv.ParseInt(o.GetResourceVersion(), 10, 64) // a number that grows, as of Kubernetes 1.35
	if version < p.version {
		return // another stream has already reported a newer version
	}
	p.version = version
	if uid := o.GetUID(); !p.watched || uid != p.uid {
		l.replaced(name, p, now)
		*p = podLifecycle{uid: uid, version: version, watched: true, slices: p.slices, listed: p.listed, ends: map[string]int64{}}
	}
	p.address = cmp.Or(p.address, api.Text(o.Object, "status", "podIP"))
	if ready := api.HasCondition(o.Object, "Ready"); ready != p.ready {
		p.ready = ready
		if ready {
			l.tell(scenario.Moment{Kind: record.MarkReady, Endpoint: name, At: now})
		}
	}
	if p.leaving.IsZero() && (o.GetDeletionTimestamp() != nil || gone) {
		p.leaving = now
		l.tell(scenario.Moment{Kind: record.MarkTerminating, Endpoint: name, At: now, Shutdown: shutdownOf(o)})
	}
	if p.leaving.IsZero() {
		l.crashed(name, p, o.Object, now)
		return
	}
	ended, worst := terminated(o.Object)
	if p.exited || !ended && !gone {
		return
	}
	p.exited = true
	if worst.killed() && now.Sub(p.leaving) >= graceOf(o)-graceSlack {
		l.tell(scenario.Moment{Kind: record.MarkKilled, Endpoint: name, At: now})
	}
	l.tell(scenario.Moment{Kind: record.MarkExited, Endpoint: name, At: now, Err: worst.err()})
}

// replaced marks the end of a pod whose end was missed: a new pod with its name
// has appeared. It requires l.mu to be held.
func (l *lifecycles) replaced(name string, p *podLifecycle, now time.Time) {
	if !p.watched || p.exited {
		return
	}
	if p.leaving.IsZero() {
		l.tell(scenario.Moment{Kind: record.MarkTerminating, Endpoint: name, At: now})
	}
	l.tell(scenario.Moment{Kind: record.MarkExited, Endpoint: name, At: now})
}

// crashed marks containers that ended although their pod was not terminating.
// It requires l.mu to be held.
func (l *lifecycles) crashed(name string, p *podLifecycle, pod map[string]any, now time.Time) {
	for _, status := range statusesOf(pod) {
		ends := api.Number(status, "restartCount")
		last, ended := endingAt(status, "state")
		if ended {
			ends++
		} else {
			last, _ = endingAt(status, "lastState")
		}
		container := api.Text(status, "name")
		if ends <= p.ends[container] {
			continue
		}
		p.ends[container] = ends
		err := last.err()
		if err == nil {
			err = errors.New("a container exited with code 0")
		}
		l.tell(scenario.Moment{Kind: record.MarkCrashed, Endpoint: name, At: now, Err: err})
	}
}

type ending struct {
	code   int64
	reason string
}

func endingAt(status map[string]any, state string) (ending, bool) {
	_, ended := api.At(status, state, "terminated")
	return ending{api.Number(status, state, "terminated", "exitCode"), api.Text(status, state, "terminated", "reason")}, ended
}

// killed reports that SIGKILL ended it and the cause was not lack of memory.
func (e ending) killed() bool { return e.code == killedCode && e.reason != outOfMemory }

func (e ending) err() error {
	switch {
	case e.code == 0:
		return nil
	case e.reason == outOfMemory:
		return fmt.Errorf("exit code %d: out of memory", e.code)
	}
	return fmt.Errorf("exit code %d", e.code)
}

const (
	killedCode  = 128 + 9     // exit code of a container that SIGKILL ended
	outOfMemory = "OOMKilled" // the reason if the kernel killed it for lack of memory
	// graceSlack is how much earlier than its grace period a kubelet's kill may
	// seem to come: the kubelet counts from a time in whole seconds, and the
	// start of the termination arrived here late. With a grace period no longer
	// than this, every kill counts.
	graceSlack = 1500 * time.Millisecond
)

// terminated reports whether all containers of a pod have ended, and the worst
// ending: a killed container, or else the first with a nonzero exit code.
func terminated(pod map[string]any) (ended bool, worst ending) {
	statuses := statusesOf(pod)
	for _, status := range statuses {
		e, ended := endingAt(status, "state")
		if !ended {
			return false, ending{}
		}
		if worst.code == 0 || e.killed() && !worst.killed() {
			worst = e
		}
	}
	return len(statuses) > 0, worst
}

// lifecycle returns the state of a pod and creates it if necessary. It requires
// l.mu to be held.
func (l *lifecycles) lifecycle(name string) *podLifecycle {
	p := l.pods[name]
	if p == nil {
		p = &podLifecycle{slices: map[string]State{}}
		l.pods[name] = p
	}
	return p
}
