package record

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func markAt(name string, at int64) Mark { return Mark{Kind: MarkStep, Name: name, Start: at, End: at} }

// TestMarksAreWatched: a watcher gets the marks so far and every later one, in
// the order of their addition; List sorts them.
func TestMarksAreWatched(t *testing.T) {
	var m Marks
	if list := m.List(); list == nil || len(list) > 0 {
		t.Errorf("got %#v of nothing; want an empty list", list)
	}
	m.Add(markAt("late", 5))
	var got []string
	m.Each(func(mark Mark) { got = append(got, mark.Name) })
	m.Add(markAt("early", 1))
	if diff := cmp.Diff([]string{"late", "early"}, got); diff != "" {
		t.Errorf("watched: %s", diff)
	}
	if diff := cmp.Diff([]Mark{markAt("early", 1), markAt("late", 5)}, m.List()); diff != "" {
		t.Errorf("listed: %s", diff)
	}
}

// TestMarksFromManyGoroutines: no watcher misses a mark or sees one twice,
// however they are added and watched.
func TestMarksFromManyGoroutines(t *testing.T) {
	const adders, each = 4, 100
	var m Marks
	var work sync.WaitGroup
	counts := make([]int, adders)
	for i := range adders {
		work.Go(func() {
			for range each {
				m.Add(markAt("", 0))
			}
		})
		work.Go(func() { m.Each(func(Mark) { counts[i]++ }) })
	}
	work.Wait()
	for i, n := range counts {
		if n != adders*each {
			t.Errorf("watcher %d saw %d marks; want %d", i, n, adders*each)
		}
	}
}

// TestMarkClause: what is said of a mark has a verb, also of a step, which has two
// ends. A name of its own is left alone.
func TestMarkClause(t *testing.T) {
	for kind, want := range map[MarkKind]string{
		MarkTerminating:     "replica a began to terminate",
		MarkSignalled:       "replica a was signalled",
		MarkListenerClosed:  "the listener of replica a closed",
		MarkKilled:          "replica a was killed",
		MarkExited:          "replica a exited",
		MarkCrashed:         "a crashed",
		MarkEndpointRemoved: "endpoint a was removed",
		MarkNotReady:        "endpoint a was not ready",
		MarkEndpointGoes:    "endpoint a began to terminate",
		MarkEndpointDropped: "endpoint a was dropped",
		MarkConnectionsCut:  "the connections of a were cut",
		MarkReady:           "replica a was ready",
	} {
		m := Mark{Kind: kind, Name: kind.Of("a"), Endpoint: "a"}
		if got := m.Clause(false); got != want {
			t.Errorf("%s: got %q; want %q", kind, got, want)
		}
		m.Name = "the balancer read its table"
		if got := m.Clause(false); got != m.Name {
			t.Errorf("%s: got %q; want %q", kind, got, m.Name)
		}
	}
	step := Mark{Kind: MarkStep, Name: "deploy", End: 9}
	if start, end := step.Clause(false), step.Clause(true); start != "the start of deploy" || end != "the end of deploy" {
		t.Errorf("got %q, %q", start, end)
	}
}
