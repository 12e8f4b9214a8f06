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

// followed is a list of objects, and what becomes of them.
type followed struct {
	cluster *api.Cluster
	from    dynamic.ResourceInterface
	options metav1.ListOptions
	take    func(o *unstructured.Unstructured, gone bool, at time.Time)
	missed  func(from, to time.Time) // told of an interruption

	known map[string]*unstructured.Unstructured // what was taken last, by name
}

// list takes what there is, and that what was there before is gone.
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
		if api.HasCondition(o.Object, "Ready") && o.GetDeletionTimestamp() == nil {
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

// Propagation is how late marks may be without a word of it: API servers end watches
// from time to time, and they begin again at once.
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
