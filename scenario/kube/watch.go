package kube

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"nodrop/scenario"
)

// Watch tells by marks what becomes of pods, and of their endpoints, from its Run to
// its Undo. A mark's time is that of the event's arrival here: the API's own times
// are whole seconds, of other clocks.
type Watch struct {
	Targets []Target // which may have pods in common

	shared *sharedLives // with other watches of the run; nil where there is none
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// Target says whose pods: those of an object, those of a selector, or the one that
// Object names.
type Target struct {
	Access *Access
	Object Ref
	Pods   Pods
}

// place is where the name of a pod is its own.
type place struct{ server, namespace string }

// sharedLives are what is known of pods, by place. The zero value knows of none.
type sharedLives struct {
	places map[place]*lives
	users  int // watches that run
}

// at are those of a place, and whether they are new.
func (s *sharedLives) at(here place, mark func(scenario.Moment)) (l *lives, isNew bool) {
	if l = s.places[here]; l != nil {
		return l, false
	}
	if s.places == nil {
		s.places = map[place]*lives{}
	}
	l = &lives{mark: mark, pods: map[string]*podLife{}}
	s.places[here] = l
	return l, true
}

// Run begins to watch, and returns when what there is at the beginning is known.
func (w *Watch) Run(ctx context.Context, env *scenario.Env) error {
	sets, err := w.sets(ctx)
	if err != nil {
		return err
	}
	if w.shared == nil {
		w.shared = &sharedLives{}
	}
	var running context.Context
	running, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	w.shared.users++
	var streams []*followed
	places := map[place]*lives{}
	for _, pods := range sets {
		here := place{pods.cluster.Server, pods.cluster.Namespace}
		l, isNew := w.shared.at(here, env.Mark)
		places[here] = l
		if isNew {
			streams = append(streams, &followed{cluster: pods.cluster, from: pods.cluster.dynamic.Resource(slicesResource()).Namespace(here.namespace), take: l.slice, missed: l.missed})
		}
		streams = append(streams, &followed{cluster: pods.cluster, from: pods.cluster.pods(), options: pods.options(), take: l.pod, missed: l.missed})
	}
	for _, s := range streams {
		version, err := s.list(ctx)
		if err != nil {
			return s.cluster.explain("watch", err)
		}
		env.Replicas = max(env.Replicas, s.ready())
		w.done.Go(func() { s.follow(running, version) })
	}
	for _, l := range places {
		l.settle()
	}
	return nil
}

// sets are the pods to watch, each set once.
func (w *Watch) sets(ctx context.Context) ([]podSet, error) {
	var list []podSet
	for _, t := range w.Targets {
		set, err := t.pods(ctx)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, set) {
			list = append(list, set)
		}
	}
	return list, nil
}

func (t *Target) pods(ctx context.Context) (podSet, error) {
	if t.Pods.Selector != "" {
		c, err := t.Pods.or(t.Access).Open()
		return podSet{cluster: c, selector: t.Pods.Selector}, err
	}
	o, err := t.Access.object(ctx, t.Object)
	if err != nil {
		return podSet{}, err
	}
	if o.resource.gvr == podsResource() {
		return podSet{cluster: o.cluster, name: o.name}, nil
	}
	return t.Pods.of(ctx, o)
}

// Undo ends it.
func (w *Watch) Undo(context.Context) error {
	if w.stop == nil {
		return nil
	}
	w.stop()
	w.done.Wait()
	w.stop = nil
	if w.shared.users--; w.shared.users == 0 {
		w.shared.places = nil
	}
	return nil
}

// Whose names them.
func (w *Watch) Whose() string {
	var names []string
	for _, t := range w.Targets {
		names = append(names, cmp.Or(t.Pods.Selector, t.Object.String()))
	}
	return strings.Join(names, ", ")
}

// plan only looks.
func (w *Watch) plan() []planned {
	var list []planned
	for _, t := range w.Targets {
		for _, kind := range []string{"pods", "endpointslices.discovery.k8s.io"} {
			list = append(list, planned{access: t.Pods.or(t.Access), object: Ref{kind, ""}, needs: []need{{"list", ""}, {"watch", ""}}})
		}
	}
	return list
}

// or is the access of the pods.
func (p Pods) or(a *Access) *Access {
	if p.Access != nil {
		return p.Access
	}
	return a
}

// followed is a list of objects, and what becomes of them.
type followed struct {
	cluster *Cluster
	from    dynamic.ResourceInterface
	options metav1.ListOptions
	take    func(o *unstructured.Unstructured, gone bool, at time.Time)
	missed  func(from, to time.Time) // told of an interruption

	known map[string]*unstructured.Unstructured // what was taken last, by name
}

// List takes what there is, and that what was there before is gone.
func (s *followed) list(ctx context.Context) (version string, err error) {
	list, err := s.from.List(ctx, s.options)
	if err != nil {
		return "", err
	}
	at := time.Now()
	before := s.known
	s.known = map[string]*unstructured.Unstructured{}
	for i := range list.Items {
		o := &list.Items[i]
		s.known[o.GetName()] = o
	}
	for name, o := range before { // first: another may have come in its name
		if now, ok := s.known[name]; !ok || now.GetUID() != o.GetUID() {
			s.take(o, true, at)
		}
	}
	for _, o := range s.known {
		s.take(o, false, at)
	}
	return list.GetResourceVersion(), nil
}

// ready counts those that are ready and stay.
func (s *followed) ready() int {
	n := 0
	for _, o := range s.known {
		if condition(o.Object, "Ready") && o.GetDeletionTimestamp() == nil {
			n++
		}
	}
	return n
}

// follow takes what happens until ctx ends. After an interruption everything is
// listed again: what happened meanwhile is told late, but told.
func (s *followed) follow(ctx context.Context, version string) {
	var since time.Time // when it was interrupted; zero while it is not
	for ctx.Err() == nil {
		options := s.options
		options.ResourceVersion = version
		began := time.Now()
		w, err := s.from.Watch(ctx, options) // which may try for some time
		switch {
		case err == nil:
			s.drain(w)
			since = time.Now()
		case since.IsZero():
			since = began
		}
		if pauseFor(ctx, poll) != nil {
			return
		}
		v, err := s.list(ctx)
		if err != nil {
			continue
		}
		if now := time.Now(); now.Sub(since) > lateness {
			s.missed(since, now)
		}
		version, since = v, time.Time{}
	}
}

// lateness is how late marks may be without a word of it: API servers end watches
// from time to time, and they begin again at once.
const lateness = time.Second

func (s *followed) drain(w watch.Interface) {
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
