package kube

import (
	"fmt"
	"slices"
	"strings"
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
	ready, exited bool
	old           bool                     // it was leaving before the watch began: it is no part of the run
	leaving       time.Time                // since when it is; zero while it is not
	slices        map[string]endpointState // that list it, by name
	listed        endpointState            // the best of these
}

// endpointState is what an EndpointSlice says of an endpoint.
type endpointState int

// The states, from the worst to the best for who wants to be sent connections.
const (
	unlisted endpointState = iota
	goes                   // told to go
	notReady
	routed
)

// kinds are the marks of the states, but for that of a pod which is ready: it
// is the pod's own that is told.
var kinds = map[endpointState]loadgen.MarkKind{
	unlisted: loadgen.MarkEndpointDropped,
	goes:     loadgen.MarkEndpointGoes,
	notReady: loadgen.MarkNotReady,
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
	if l.settled && !l.pods[m.Endpoint].old {
		l.mark(m)
	}
}

// pod takes one state of a pod.
func (l *lives) pod(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := o.GetName()
	p := l.life(name)
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
	ended, code, reason := terminated(o.Object)
	if p.exited || p.leaving.IsZero() || !ended && !gone {
		return
	}
	p.exited = true
	var err error
	if ended && code != 0 {
		err = fmt.Errorf("exit code %d", code)
	}
	if code == killedCode && reason != "OOMKilled" && now.Sub(p.leaving) >= graceOf(o)-graceSlack {
		l.tell(scenario.Moment{Kind: loadgen.MarkKilled, Endpoint: name, At: now})
	}
	l.tell(scenario.Moment{Kind: loadgen.MarkExited, Endpoint: name, At: now, Err: err})
}

const (
	killedCode = 128 + 9 // of a container that SIGKILL ended
	// graceSlack is how much sooner than after its grace a kubelet's kill may
	// seem to come: deletionTimestamp is whole seconds.
	graceSlack = 1500 * time.Millisecond
)

// graceOf is how long a pod on its way out has.
func graceOf(o *unstructured.Unstructured) time.Duration {
	if s := o.GetDeletionGracePeriodSeconds(); s != nil {
		return time.Duration(*s) * time.Second
	}
	return time.Duration(number(o.Object, "spec", "terminationGracePeriodSeconds")) * time.Second
}

// shutdownOf is what a pod has before it is gone. A pre-stop hook of any of its
// containers counts: which one serves is not known.
func shutdownOf(o *unstructured.Unstructured) *loadgen.Shutdown {
	s := &loadgen.Shutdown{Grace: graceOf(o).Nanoseconds()}
	list, _ := at(o.Object, "spec", "containers")
	containers, _ := list.([]any)
	var hooks []string
	for _, c := range containers {
		fields, _ := c.(map[string]any)
		hook, _ := at(fields, "lifecycle", "preStop")
		if text := hookText(hook); text != "" && !slices.Contains(hooks, text) {
			hooks = append(hooks, text)
		}
	}
	s.PreStop = strings.Join(hooks, ", ")
	return s
}

// hookText is a pre-stop hook in a few words: what it does, by the API's names.
func hookText(hook any) string {
	fields, _ := hook.(map[string]any)
	for name, value := range fields {
		action, _ := value.(map[string]any)
		switch name {
		case "sleep":
			return fmt.Sprintf("sleep %ds", number(action, "seconds"))
		case "exec":
			command, _ := at(action, "command")
			words, _ := command.([]any)
			return cut("exec "+strings.TrimSpace(fmt.Sprintln(words...)), maxHook)
		case "httpGet":
			return cut("GET "+text(action, "path"), maxHook)
		default:
			return name
		}
	}
	return ""
}

// maxHook bounds what is told of a hook's command, in runes.
const maxHook = 60

// cut leaves out what is beyond n runes.
func cut(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// terminated reports that every container of a pod has ended, and with which
// exit code, and why, the first that did not end well.
func terminated(pod map[string]any) (ended bool, code int64, reason string) {
	list, _ := at(pod, "status", "containerStatuses")
	statuses, _ := list.([]any)
	for _, s := range statuses {
		fields, _ := s.(map[string]any)
		if _, ended := at(fields, "state", "terminated"); !ended {
			return false, 0, ""
		}
		if c := number(fields, "state", "terminated", "exitCode"); c != 0 && code == 0 {
			code, reason = c, text(fields, "state", "terminated", "reason")
		}
	}
	return len(statuses) > 0, code, reason
}

// slice takes one state of an EndpointSlice. An endpoint that is not ready gets
// no new connections where others are: it is out of the balancer from when each
// dataplane hears of that.
func (l *lives) slice(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	here := map[string]endpointState{}
	if !gone {
		here = statesIn(o.Object)
	}
	slice := o.GetName()
	for name, state := range here {
		l.life(name).slices[slice] = state
	}
	for name, p := range l.pods {
		if here[name] == unlisted {
			delete(p.slices, slice)
		}
		l.list(name, p, now)
	}
}

// statesIn are those of the pods in an EndpointSlice.
func statesIn(slice map[string]any) map[string]endpointState {
	list, _ := at(slice, "endpoints")
	endpoints, _ := list.([]any)
	states := map[string]endpointState{}
	for _, e := range endpoints {
		fields, _ := e.(map[string]any)
		if text(fields, "targetRef", "kind") != "Pod" {
			continue
		}
		ready, told := at(fields, "conditions", "ready")
		terminating, _ := at(fields, "conditions", "terminating")
		state := notReady
		switch {
		case !told || ready == true: // as the API has it: not told is ready
			state = routed
		case terminating == true:
			state = goes
		}
		name := text(fields, "targetRef", "name")
		states[name] = max(states[name], state)
	}
	return states
}

// list tells what became of a pod's endpoint, which is as ready as the best of
// the slices that have it. It needs the lock.
func (l *lives) list(name string, p *podLife, now time.Time) {
	best := unlisted
	for _, state := range p.slices {
		best = max(best, state)
	}
	before := p.listed
	p.listed = best
	if kind, told := kinds[best]; told && best < before {
		l.tell(scenario.Moment{Kind: kind, Endpoint: name, At: now})
	}
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
