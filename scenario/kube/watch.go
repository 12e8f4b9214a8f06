package kube

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"nodrop/scenario"
)

// Watch tells by marks what becomes of the pods of an object, or of one pod, and of
// their endpoints, from its Run to its Undo. A mark's time is that of the event's
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
		{from: pods.cluster.pods(), options: pods.options(), take: l.pod},
		{from: pods.cluster.dynamic.Resource(slicesResource()).Namespace(pods.cluster.Namespace), take: l.slice},
	} {
		version, err := s.list(ctx)
		if err != nil {
			w.stop()
			return pods.cluster.explain("watch", err)
		}
		w.done.Go(func() { s.follow(running, version) })
	}
	env.Replicas = max(env.Replicas, l.settle())
	return nil
}

// pods are those to watch.
func (w *Watch) pods(ctx context.Context) (podSet, error) {
	if w.Pods.Selector != "" {
		c, err := w.Pods.or(w.Access).Open()
		return podSet{cluster: c, selector: w.Pods.Selector}, err
	}
	o, err := w.Access.object(ctx, w.Object)
	if err != nil {
		return podSet{}, err
	}
	if o.resource.gvr == podsResource() {
		return podSet{cluster: o.cluster, name: o.name}, nil
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

	known map[string]*unstructured.Unstructured // what was taken last, by name
}

// list takes what there is, and that what was there before is gone.
func (s *stream) list(ctx context.Context) (version string, err error) {
	list, err := s.from.List(ctx, s.options)
	if err != nil {
		return "", err
	}
	now := time.Now()
	before := s.known
	s.known = map[string]*unstructured.Unstructured{}
	for i := range list.Items {
		o := &list.Items[i]
		s.known[o.GetName()] = o
		delete(before, o.GetName())
		s.take(o, false, now)
	}
	for _, o := range before {
		s.take(o, true, now)
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
		gone := event.Type == watch.Deleted
		if s.known[o.GetName()] = o; gone {
			delete(s.known, o.GetName())
		}
		s.take(o, gone, now)
	}
}
