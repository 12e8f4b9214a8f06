package main

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// A follower tells of every object of a kind as it is now, and of every one that
// is no more, also across outages of the API. An informer does the same, but
// waits up to half a minute when an outage is over.
type follower struct {
	resource dynamic.ResourceInterface
	fields   string // a field selector
	changed  func(*unstructured.Unstructured)
	gone     func(*unstructured.Unstructured)

	known map[types.UID]*unstructured.Unstructured
}

func (f *follower) run(ctx context.Context) {
	f.known = map[types.UID]*unstructured.Unstructured{}
	for ctx.Err() == nil {
		// Any error is an outage, or a watch too old to go on.
		_ = f.listAndWatch(ctx)
		sleep(ctx, retryDelay)
	}
}

func (f *follower) listAndWatch(ctx context.Context) error {
	list, err := f.resource.List(ctx, metav1.ListOptions{FieldSelector: f.fields})
	if err != nil {
		return err
	}
	f.replace(list.Items)
	changes, err := f.resource.Watch(ctx, metav1.ListOptions{
		FieldSelector:   f.fields,
		ResourceVersion: list.GetResourceVersion(),
	})
	if err != nil {
		return err
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		object, ok := change.Object.(*unstructured.Unstructured)
		if !ok || change.Type == watch.Error {
			return nil
		}
		f.apply(change.Type, object)
	}
	return nil
}

func (f *follower) replace(items []unstructured.Unstructured) {
	lost := f.known
	f.known = map[types.UID]*unstructured.Unstructured{}
	for i := range items {
		delete(lost, items[i].GetUID())
		f.apply(watch.Modified, &items[i])
	}
	for _, object := range lost {
		f.gone(object)
	}
}

func (f *follower) apply(change watch.EventType, object *unstructured.Unstructured) {
	if change == watch.Deleted {
		delete(f.known, object.GetUID())
		f.gone(object)
		return
	}
	f.known[object.GetUID()] = object
	f.changed(object)
}
