package errorshape

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/reporttest"
)

const ms = 1_000_000 // ns

// of returns the shape of a run whose lifecycles have the names of endpoints.
func of(run *record.Run, said map[int]Said) *Shape {
	loss := analysis.Of(run).Loss
	histories := analysis.Histories(loss.Lifecycles, loss.Crashes)
	return Of(Input{Run: run, Loss: &loss, Said: said, Shared: len(histories) == 0, LifecycleOf: func(l *record.LostRequest) *analysis.Lifecycle {
		if own := histories[l.Endpoint]; own != nil {
			return own.LifecycleAt(l.End)
		}
		return nil
	}})
}

// TestGroups: groups hold error responses only, each once, and agree with what
// KindOf says.
func TestGroups(t *testing.T) {
	reporttest.EachRandomRun(t, func(t *testing.T, run *record.Run) {
		for _, said := range []Said{{}, {Reason: NoServer | Closed, Known: true}, {Reason: Limited, Known: true}} {
			s := of(run, map[int]Said{503: said})
			counts := map[*Group]int{}
			for i := range run.Lost {
				l := &run.Lost[i]
				groups := s.Groups([]*record.LostRequest{l})
				kind := s.KindOf(l)
				if len(groups) > 1 || len(groups) == 0 && kind != Unclear || len(groups) == 1 && kind != groups[0].Kind {
					t.Errorf("%+v: kind %d, groups %v", l, kind, groups)
				}
				if kind != Unclear && (l.Class.Status() != 503 || said.Reason == Limited) {
					t.Errorf("%+v is of kind %d", l, kind)
				}
				for _, g := range groups {
					counts[g]++
				}
			}
			for g, n := range counts {
				if g.Lost != n || g.First > g.Last || g.Share < 0 || g.Share > 1 || g.Quick > g.Lost {
					t.Errorf("%d responses in %+v", n, g)
				}
			}
		}
	})
}

// TestNeverAnEventThatDidNotHappen: without marks, nothing leaves, and nothing
// has lasted since an event.
func TestNeverAnEventThatDidNotHappen(t *testing.T) {
	reporttest.EachRandomRun(t, func(t *testing.T, run *record.Run) {
		run.Marks = nil
		s := of(run, map[int]Said{503: {Reason: NotReached, Known: true}})
		for i := range run.Lost {
			switch kind := s.KindOf(&run.Lost[i]); kind {
			case Leaving, Lasting:
				t.Errorf("%+v is of kind %d", run.Lost[i], kind)
			case Unclear, Scattered, NothingLeft, Arriving:
			}
		}
		if s.WithEvent(nil) {
			t.Error("an event without marks")
		}
	})
}

func TestSpans(t *testing.T) {
	list := merged([]span{{50, 60}, {10, 20}, {15, 30}, {30, 31}})
	if want := []span{{10, 31}, {50, 60}}; !slices.Equal(list, want) {
		t.Fatalf("got %v; want %v", list, want)
	}
	for at, want := range map[int64]bool{9: false, 10: true, 31: true, 32: false, 49: false, 60: true, 61: false} {
		if got := covers(list, at); got != want {
			t.Errorf("covers(%d): got %t", at, got)
		}
	}
	if got := total(list, 55); got != 26 {
		t.Errorf("total: got %d; want 26", got)
	}
}

func TestEpisodes(t *testing.T) {
	var lost []*record.LostRequest
	for _, at := range []int64{0, 10, 20, 31, 100} {
		lost = append(lost, &record.LostRequest{End: at})
	}
	var got []int
	for _, episode := range episodes(lost, 10) {
		got = append(got, len(episode))
	}
	if want := []int{3, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
	if n := len(between(lost, 10, 31)); n != 3 {
		t.Errorf("between: got %d; want 3", n)
	}
	if n := len(between(lost, 40, 30)); n != 0 {
		t.Errorf("between, reversed: got %d; want none", n)
	}
}

// BenchmarkOf is the cost of 100,000 error responses of 300 endpoints.
func BenchmarkOf(b *testing.B) {
	rng := rand.New(rand.NewSource(1))
	names := reporttest.Replicas(1, 300)
	requests := reporttest.Steady(20_000, 0, ms, names...)
	for range 100_000 {
		at := rng.Int63n(20_000 * ms)
		q := reporttest.Lost(at, at+ms, "status.502", names[rng.Intn(len(names))], "")
		q.Status = 502
		requests = append(requests, q)
	}
	run := reporttest.NewRun(b, requests, reporttest.Edited(func(run *record.Run) {
		for i, name := range names {
			for _, kind := range []record.MarkKind{record.MarkTerminating, record.MarkExited, record.MarkReady} {
				at := int64(i)*60*ms + int64(strings.Count(string(kind), "e"))*ms
				run.Marks = append(run.Marks, record.Mark{Kind: kind, Name: fmt.Sprint(kind, name), Endpoint: name, Start: at, End: at})
			}
		}
	}))
	for b.Loop() {
		of(run, map[int]Said{502: {Reason: Closed, Known: true}})
	}
}
