package kube

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// lives are what is known of pods.
type lives struct {
	mark func(scenario.Moment)

	mu      sync.Mutex // guards all below
	pods    map[string]*podLife
	settled bool // what there was at the beginning is known: from here on it is told
}

// podLife is what was told of one pod.
type podLife struct {
	address       string // "" until it has one
	ready, exited bool
	watched       bool                     // it is one of ours; slices list others, too
	old           bool                     // it was leaving before the watch began: it is no part of the run
	ends          int64                    // of its containers, so far
	leaving       time.Time                // since when it is; zero while it is not
	slices        map[string]endpointState // that list it, by name
	listed        endpointState            // the best of these
}

// settle ends the beginning, and counts the pods that are ready and stay.
func (l *lives) settle() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = true
	ready := 0
	for _, p := range l.pods {
		p.old = !p.leaving.IsZero()
		if p.ready && !p.old {
			ready++
		}
	}
	return ready
}

// tell needs the lock.
func (l *lives) tell(m scenario.Moment) {
	if p := l.pods[m.Endpoint]; l.settled && p.watched && !p.old {
		m.Address = p.address
		l.mark(m)
	}
}

// pod takes one state of a pod.
func (l *lives) pod(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := o.GetName()
	p := l.life(name)
	p.watched = true
	p.address = cmp.Or(p.address, text(o.Object, "status", "podIP"))
	if ready := condition(o.Object, "Ready"); ready != p.ready {
		p.ready = ready
		if ready {
			l.tell(scenario.Moment{Kind: loadgen.MarkReady, Endpoint: name, At: now})
		}
	}
	if p.leaving.IsZero() && (o.GetDeletionTimestamp() != nil || gone) {
		p.leaving = now
		l.tell(scenario.Moment{Kind: loadgen.MarkTerminating, Endpoint: name, At: now, Shutdown: shutdownOf(o)})
	}
	if p.leaving.IsZero() {
		l.crashed(name, p, o.Object, now)
		return
	}
	ended, last := terminated(o.Object)
	if p.exited || !ended && !gone {
		return
	}
	p.exited = true
	if last.killed() && now.Sub(p.leaving) >= graceOf(o)-graceSlack {
		l.tell(scenario.Moment{Kind: loadgen.MarkKilled, Endpoint: name, At: now})
	}
	l.tell(scenario.Moment{Kind: loadgen.MarkExited, Endpoint: name, At: now, Err: last.err()})
}

// crashed tells of a container that ended while nobody had told its pod to go. It
// needs the lock.
func (l *lives) crashed(name string, p *podLife, pod map[string]any, now time.Time) {
	var ends int64
	var last ending
	for _, status := range items(pod, "status", "containerStatuses") {
		ends += number(status, "restartCount")
		e, ended := endingAt(status, "state")
		if ended {
			ends++
		} else {
			e, ended = endingAt(status, "lastState")
		}
		if ended && last.err() == nil {
			last = e
		}
	}
	if ends > p.ends {
		p.ends = ends
		err := last.err()
		if err == nil {
			err = errors.New("a container ended, with exit code 0")
		}
		l.tell(scenario.Moment{Kind: loadgen.MarkCrashed, Endpoint: name, At: now, Err: err})
	}
}

// ending is how a container ended.
type ending struct {
	code   int64
	reason string
}

func endingAt(status map[string]any, state string) (ending, bool) {
	_, ended := at(status, state, "terminated")
	return ending{number(status, state, "terminated", "exitCode"), text(status, state, "terminated", "reason")}, ended
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
	// graceSlack is how much sooner than after its grace a kubelet's kill may
	// seem to come: deletionTimestamp is whole seconds.
	graceSlack = 1500 * time.Millisecond
)

// terminated reports that every container of a pod has ended, and how the first
// did that did not end well.
func terminated(pod map[string]any) (ended bool, last ending) {
	statuses := items(pod, "status", "containerStatuses")
	for _, status := range statuses {
		e, ended := endingAt(status, "state")
		if !ended {
			return false, ending{}
		}
		if last.code == 0 {
			last = e
		}
	}
	return len(statuses) > 0, last
}

// life is that of a pod, from the first word of it on. It needs the lock.
func (l *lives) life(name string) *podLife {
	p := l.pods[name]
	if p == nil {
		p = &podLife{slices: map[string]endpointState{}}
		l.pods[name] = p
	}
	return p
}
