package watch

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// followed is a list of objects that is kept up to date by a watch.
type followed struct {
	cluster *api.Cluster
	from    dynamic.ResourceInterface
	options metav1.ListOptions
	take    func(o *unstructured.Unstructured, gone bool, at time.Time)
	missed  func(from, to time.Time) // reports an interruption

	known map[string]*unstructured.Unstructured // last known state, by name
}

// list processes the current objects, and as gone those that no longer exist.
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
	for name, o := range before { // first, because a new object may have the same name
		if now, ok := s.known[name]; !ok || now.GetUID() != o.GetUID() {
			s.take(o, true, at)
		}
	}
	for _, o := range s.known {
		s.take(o, false, at)
	}
	return list.GetResourceVersion(), nil
}

// ready counts the objects that are ready and not terminating.
func (s *followed) ready() int {
	n := 0
	for _, o := range s.known {
		if api.HasCondition(o.Object, "Ready") && o.GetDeletionTimestamp() == nil {
			n++
		}
	}
	return n
}

// follow processes events until ctx ends. After an interruption it lists
// everything again: changes in between are marked late, but not lost.
func (s *followed) follow(ctx context.Context, version string) {
	var since time.Time // start of the interruption; zero while there is none
	for ctx.Err() == nil {
		options := s.options
		options.ResourceVersion = version
		began := time.Now()
		w, err := s.from.Watch(ctx, options) // may retry for some time
		switch {
		case err == nil:
			s.drain(w)
			since = time.Now()
		case since.IsZero():
			since = began
		}
		if !scenario.Sleep(ctx, api.Poll) {
			return
		}
		v, err := s.list(ctx)
		if err != nil {
			continue
		}
		if now := time.Now(); now.Sub(since) > Propagation {
			s.missed(since, now)
		}
		version, since = v, time.Time{}
	}
}

// Propagation is how late marks may be without a note: API servers end watches
// from time to time, and follow restarts them at once.
const Propagation = time.Second

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
