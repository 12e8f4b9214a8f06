package watch

import (
	"context"
	"sync"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// place is the scope in which the name of a pod is unique.
type place struct{ server, namespace string }

// Shared holds the state of pods, by place. The zero value is empty.
type Shared struct {
	places map[place]*lifecycles
	users  int // number of running watches
}

// at returns the state for a place, and whether it is new.
func (s *Shared) at(here place, mark func(scenario.Moment)) (l *lifecycles, isNew bool) {
	if l = s.places[here]; l != nil {
		return l, false
	}
	if s.places == nil {
		s.places = map[place]*lifecycles{}
	}
	l = &lifecycles{mark: mark, pods: map[string]*podLifecycle{}}
	s.places[here] = l
	return l, true
}

// Watching is a running watch.
type Watching struct {
	Replicas int // ready at the beginning

	shared *Shared
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// Begin starts to watch sets of pods and returns once their initial state is
// known. The Watching must be ended even after an error.
func (s *Shared) Begin(ctx context.Context, sets []api.PodSet, mark func(scenario.Moment)) (*Watching, error) {
	w := &Watching{shared: s}
	var running context.Context
	running, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.users++
	var streams []*followed
	places := map[place]*lifecycles{}
	for _, pods := range sets {
		here := place{pods.Cluster.Server, pods.Cluster.Namespace}
		l, isNew := s.at(here, mark)
		places[here] = l
		if isNew {
			streams = append(streams, &followed{cluster: pods.Cluster, from: pods.Cluster.Slices(), take: l.slice, missed: l.missed})
		}
		streams = append(streams, &followed{cluster: pods.Cluster, from: pods.Cluster.Pods(), options: pods.Options(), take: l.pod, missed: l.missed})
	}
	for _, one := range streams {
		version, err := one.list(ctx)
		if err != nil {
			return w, one.cluster.Explain("watch", err)
		}
		w.Replicas = max(w.Replicas, one.ready())
		w.done.Go(func() { one.follow(running, version) })
	}
	for _, l := range places {
		l.settle()
	}
	return w, nil
}

// End stops the watch.
func (w *Watching) End() {
	w.stop()
	w.done.Wait()
	if w.shared.users--; w.shared.users == 0 {
		w.shared.places = nil
	}
}
