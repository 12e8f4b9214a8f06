package kube

import (
	"context"
	"sync"

	"nodrop/scenario"
)

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

// watching is a watch that has begun.
type watching struct {
	replicas int // that were ready at the beginning

	shared *sharedLives
	stop   context.CancelFunc
	done   sync.WaitGroup
}

// begin begins to watch sets of pods, and returns when what there is at the beginning
// is known. It is to be ended also after an error.
func (s *sharedLives) begin(ctx context.Context, sets []podSet, mark func(scenario.Moment)) (*watching, error) {
	w := &watching{shared: s}
	var running context.Context
	running, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.users++
	var streams []*followed
	places := map[place]*lives{}
	for _, pods := range sets {
		here := place{pods.cluster.Server, pods.cluster.Namespace}
		l, isNew := s.at(here, mark)
		places[here] = l
		if isNew {
			streams = append(streams, &followed{cluster: pods.cluster, from: pods.cluster.slices(), take: l.slice, missed: l.missed})
		}
		streams = append(streams, &followed{cluster: pods.cluster, from: pods.cluster.pods(), options: pods.options(), take: l.pod, missed: l.missed})
	}
	for _, one := range streams {
		version, err := one.list(ctx)
		if err != nil {
			return w, one.cluster.explain("watch", err)
		}
		w.replicas = max(w.replicas, one.ready())
		w.done.Go(func() { one.follow(running, version) })
	}
	for _, l := range places {
		l.settle()
	}
	return w, nil
}

// end ends it.
func (w *watching) end() {
	w.stop()
	w.done.Wait()
	if w.shared.users--; w.shared.users == 0 {
		w.shared.places = nil
	}
}
