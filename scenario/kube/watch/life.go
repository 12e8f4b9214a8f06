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

// lives are what is known of pods.
type lifecycles struct {
	mark func(scenario.Moment)

	mu      sync.Mutex // guards all below
	pods    map[string]*podLifecycle
	settled bool      // what there was at the beginning is known: from here on it is told
	heard   time.Time // when it was heard again that nothing was heard before
}

// podLifecycle is what was told of one pod.
type podLifecycle struct {
	uid           types.UID // "" until it was seen itself
	version       int64     // of its last state
	address       string    // "" until it has one
	ready, exited bool
	watched       bool             // it is one of ours; slices list others, too
	old           bool             // it was leaving before the watch began: it is no part of the run
	ends          map[string]int64 // of each of its containers, so far
	leaving       time.Time        // since when it is; zero while it is not
	slices        map[string]State // that list it, by name
	listed        State            // the best of these
}

// settle ends the beginning.
func (l *lifecycles) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = true
	for _, p := range l.pods {
		p.old = !p.leaving.IsZero()
	}
}

// tell needs the lock.
func (l *lifecycles) tell(m scenario.Moment) {
	if p := l.pods[m.Endpoint]; l.settled && p.watched && !p.old {
		m.Address = p.address
		l.mark(m)
	}
}

// missed tells of a time in which nothing was heard.
func (l *lifecycles) missed(from, to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.settled && from.After(l.heard) { // by the other streams the same is told
		l.heard = to
		l.mark(scenario.Moment{Kind: record.MarkNote, Note: "the API server was not heard: marks of pods and endpoints may be late", Since: from, At: to})
	}
}

// pod takes one state of a pod.
func (l *lifecycles) pod(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := o.GetName()
	p := l.lifecycle(name)
	version, _ := strconv.ParseInt(o.GetResourceVersion(), 10, 64) // a number that grows, as of Kubernetes 1.35
	if version < p.version {
		return // another stream has told of it
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

// replaced tells that a pod is gone, where all that was seen of it is another one
// of its name. It needs the lock.
func (l *lifecycles) replaced(name string, p *podLifecycle, now time.Time) {
	if !p.watched || p.exited {
		return
	}
	if p.leaving.IsZero() {
		l.tell(scenario.Moment{Kind: record.MarkTerminating, Endpoint: name, At: now})
	}
	l.tell(scenario.Moment{Kind: record.MarkExited, Endpoint: name, At: now})
}

// crashed tells of containers that ended while nobody had told their pod to go. It
// needs the lock.
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
			err = errors.New("a container ended, with exit code 0")
		}
		l.tell(scenario.Moment{Kind: record.MarkCrashed, Endpoint: name, At: now, Err: err})
	}
}

// ending is how a container ended.
type ending struct {
	code   int64
	reason string
}

func endingAt(status map[string]any, state string) (ending, bool) {
	_, ended := api.At(status, state, "terminated")
	return ending{api.Number(status, state, "terminated", "exitCode"), api.Text(status, state, "terminated", "reason")}, ended
}

// killed reports that SIGKILL ended it, for another reason than its memory.
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
	killedCode  = 128 + 9     // of a container that SIGKILL ended
	outOfMemory = "OOMKilled" // the reason, where that was the kernel's doing
	// graceSlack is how much sooner than after its grace a kubelet's kill may seem
	// to come: kubelets count from a moment in whole seconds, and the begin of the
	// termination was told here later than it was. Of a pod that has no longer
	// than this, every kill counts.
	graceSlack = 1500 * time.Millisecond
)

// terminated reports that every container of a pod has ended, and how the worst of
// them did: one that was killed or else the first that did not end well.
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

// life is that of a pod, from the first word of it on. It needs the lock.
func (l *lifecycles) lifecycle(name string) *podLifecycle {
	p := l.pods[name]
	if p == nil {
		p = &podLifecycle{slices: map[string]State{}}
		l.pods[name] = p
	}
	return p
}
