package kube

import (
	"context"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// Watch tells by marks what becomes of the pods of an object, and of their
// endpoints, from its Run to its Undo. A mark's time is that of the event's
// arrival here: the API's own times are whole seconds, of other clocks.
type Watch struct {
	Access *Access
	Object Ref
	Pods   Pods

	stop context.CancelFunc
	done sync.WaitGroup
}

// Run begins to watch, and returns when what there is at the beginning is known.
func (w *Watch) Run(ctx context.Context, env *scenario.Env) error {
	pods, err := w.pods(ctx)
	if err != nil {
		return err
	}
	l := &lives{mark: env.Mark, pods: map[string]*podLife{}}
	var running context.Context
	running, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, s := range []stream{
		{pods.cluster.pods(), metav1.ListOptions{LabelSelector: pods.selector}, l.pod},
		{pods.cluster.dynamic.Resource(slicesResource()).Namespace(pods.cluster.Namespace), metav1.ListOptions{}, l.slice},
	} {
		version, err := s.list(ctx)
		if err != nil {
			w.stop()
			return pods.cluster.explain("watch", err)
		}
		w.done.Go(func() { s.follow(running, version) })
	}
	l.settle()
	return nil
}

// pods are those to watch.
func (w *Watch) pods(ctx context.Context) (podSet, error) {
	if w.Pods.Selector != "" {
		c, err := w.Pods.or(w.Access).Open()
		return podSet{c, w.Pods.Selector}, err
	}
	o, err := w.Access.object(ctx, w.Object)
	if err != nil {
		return podSet{}, err
	}
	return w.Pods.of(ctx, o)
}

// Undo ends it.
func (w *Watch) Undo(context.Context) error {
	if w.stop != nil {
		w.stop()
		w.done.Wait()
	}
	return nil
}

// plan only looks.
func (w *Watch) plan() []planned {
	return []planned{{access: w.Pods.or(w.Access), object: Ref{"pods", ""}, needs: []need{{"list", ""}, {"watch", ""}}}, {access: w.Pods.or(w.Access), object: Ref{"endpointslices.discovery.k8s.io", ""}, needs: []need{{"list", ""}, {"watch", ""}}}}
}

// or is the access of the pods.
func (p Pods) or(a *Access) *Access {
	if p.Access != nil {
		return p.Access
	}
	return a
}

// stream is a list of objects, and what becomes of them.
type stream struct {
	from    dynamic.ResourceInterface
	options metav1.ListOptions
	take    func(o *unstructured.Unstructured, gone bool, at time.Time)
}

// list takes what there is.
func (s *stream) list(ctx context.Context) (version string, err error) {
	list, err := s.from.List(ctx, s.options)
	if err != nil {
		return "", err
	}
	now := time.Now()
	for i := range list.Items {
		s.take(&list.Items[i], false, now)
	}
	return list.GetResourceVersion(), nil
}

// follow takes what happens until ctx ends. After an interruption everything is
// listed again: what happened meanwhile is told late, but told.
func (s *stream) follow(ctx context.Context, version string) {
	for ctx.Err() == nil {
		options := s.options
		options.ResourceVersion = version
		w, err := s.from.Watch(ctx, options)
		if err == nil {
			s.drain(w)
		}
		if pauseFor(ctx, poll) != nil {
			return
		}
		if v, err := s.list(ctx); err == nil {
			version = v
		}
	}
}

func (s *stream) drain(w watch.Interface) {
	defer w.Stop()
	for event := range w.ResultChan() {
		now := time.Now()
		o, ok := event.Object.(*unstructured.Unstructured)
		if !ok || event.Type == watch.Error {
			return
		}
		s.take(o, event.Type == watch.Deleted, now)
	}
}

// lives are what is known of pods.
type lives struct {
	mark func(kind loadgen.MarkKind, endpoint string, at time.Time, err error)

	mu      sync.Mutex // guards all below
	pods    map[string]*podLife
	settled bool // what there was at the beginning is known: from here on it is told
}

// podLife is what was told of one pod.
type podLife struct {
	ready, leaving, exited bool

	slices  map[string]bool // that have it as a ready endpoint
	routed  bool            // one did
	removed bool            // none does, which is told
	out     time.Time       // since when none does
}

func (l *lives) settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settled = true
}

// tell needs the lock.
func (l *lives) tell(kind loadgen.MarkKind, pod string, at time.Time, err error) {
	if l.settled {
		l.mark(kind, pod, at, err)
	}
}

// pod takes one state of a pod.
func (l *lives) pod(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := o.GetName()
	p := l.life(name)
	if !p.ready && condition(o.Object, "Ready") {
		p.ready = true
		l.tell(loadgen.MarkReady, name, now, nil)
	}
	if !p.leaving && (o.GetDeletionTimestamp() != nil || gone) {
		p.leaving = true
		l.tell(loadgen.MarkTerminating, name, now, nil)
		l.remove(name, p)
	}
	ended, code := terminated(o.Object)
	if !p.exited && p.leaving && (ended || gone) {
		p.exited = true
		var err error
		if ended && code != 0 {
			err = fmt.Errorf("exit code %d", code)
		}
		l.tell(loadgen.MarkExited, name, now, err)
	}
}

// terminated reports that every container of a pod has ended, and with which
// exit code the first that did not end well.
func terminated(pod map[string]any) (bool, int64) {
	list, _ := at(pod, "status", "containerStatuses")
	statuses, _ := list.([]any)
	code := int64(0)
	for _, s := range statuses {
		fields, _ := s.(map[string]any)
		if _, ended := at(fields, "state", "terminated"); !ended {
			return false, 0
		}
		if c := number(fields, "state", "terminated", "exitCode"); c != 0 && code == 0 {
			code = c
		}
	}
	return len(statuses) > 0, code
}

// slice takes one state of an EndpointSlice. An endpoint that is not ready gets
// no new connections where others are: it is out of the balancer from when each
// dataplane hears of that.
func (l *lives) slice(o *unstructured.Unstructured, gone bool, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list, _ := at(o.Object, "endpoints")
	endpoints, _ := list.([]any)
	here := map[string]bool{}
	for _, e := range endpoints {
		fields, _ := e.(map[string]any)
		ready, told := at(fields, "conditions", "ready")
		if text(fields, "targetRef", "kind") == "Pod" && !gone && (!told || ready == true) {
			here[text(fields, "targetRef", "name")] = true
		}
	}
	slice := o.GetName()
	for name := range here {
		p := l.life(name)
		p.slices[slice], p.routed = true, true
	}
	for name, p := range l.pods {
		if here[name] || !p.slices[slice] {
			continue
		}
		delete(p.slices, slice)
		p.out = now
		l.remove(name, p)
	}
}

// remove tells that the last slice has dropped a pod that leaves, whichever was
// heard of first. It needs the lock.
func (l *lives) remove(name string, p *podLife) {
	if p.leaving && p.routed && len(p.slices) == 0 && !p.removed {
		p.removed = true
		l.tell(loadgen.MarkNotReady, name, p.out, nil)
	}
}

// life is that of a pod, from the first word of it on. It needs the lock.
func (l *lives) life(name string) *podLife {
	p := l.pods[name]
	if p == nil {
		p = &podLife{slices: map[string]bool{}}
		l.pods[name] = p
	}
	return p
}
