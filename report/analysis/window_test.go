package analysis

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

func TestWindowsPartitionTheLosses(t *testing.T) {
	reporttest.EachRandomRun(t, func(t *testing.T, run *record.Run) {
		gap := windowGap(run)
		var total int64
		byClass := map[record.Class]int64{}
		for i, w := range windows(run, gap) {
			total += w.Lost
			var inClasses int64
			for _, c := range w.Classes {
				inClasses += c.Count
				byClass[c.Class] += c.Count
			}
			if inClasses != w.Lost {
				t.Errorf("window %d: got %d lost by class; want %d", i, inClasses, w.Lost)
			}
		}
		if total != run.Counts.Lost {
			t.Errorf("got %d lost in windows; want %d", total, run.Counts.Lost)
		}
		want := map[record.Class]int64{}
		for _, l := range run.Lost {
			want[l.Class]++
		}
		if diff := cmp.Diff(want, byClass); diff != "" {
			t.Errorf("lost by class over all windows differ (- want, + got)\n%s", diff)
		}
	})
}

func TestWindowEdges(t *testing.T) {
	reporttest.EachRandomRun(t, func(t *testing.T, run *record.Run) {
		gap := windowGap(run)
		list := windows(run, gap)
		for i, w := range list {
			if w.Begin > w.End {
				t.Errorf("window %d: got [%d, %d]; want the begin first", i, w.Begin, w.End)
			}
			if i > 0 && w.Begin <= list[i-1].End {
				t.Errorf("window %d begins at %d; want after %d, the end of the one before", i, w.Begin, list[i-1].End)
			}
		}
		for _, l := range run.Lost {
			at := metAt(l)
			in := slices.IndexFunc(list, func(w Window) bool { return w.Begin <= at && at <= w.End })
			if in < 0 {
				t.Errorf("a loss at %d is in no window", at)
			}
		}
		for i, w := range list {
			met := lossesIn(run, w)
			if got, want := w.End, met[len(met)-1]; got != want {
				t.Errorf("window %d: got end %d; want the last loss, %d", i, got, want)
			}
			if got, first := w.Begin, met[0]; got > first || got < first-run.Bins.Width {
				t.Errorf("window %d: got begin %d; want the first loss, %d, or the start of a request that failed at once", i, got, first)
			}
		}
	})
}

// metAt is the time that a loss belongs to: its failure or, for a timeout, its
// start.
func metAt(l record.LostRequest) int64 {
	if strings.HasSuffix(l.Class.String(), ".timeout") {
		return l.Start
	}
	return l.End
}

// lossesIn lists the times of the losses inside a window, in order.
func lossesIn(run *record.Run, w Window) []int64 {
	var met []int64
	for _, l := range run.Lost {
		if at := metAt(l); w.Begin <= at && at <= w.End {
			met = append(met, at)
		}
	}
	slices.Sort(met)
	return met
}

func TestWindowGapRule(t *testing.T) {
	reporttest.EachRandomRun(t, func(t *testing.T, run *record.Run) {
		gap := windowGap(run)
		list := windows(run, gap)
		for i, w := range list {
			if i > 0 && w.Begin-list[i-1].End <= gap {
				t.Errorf("window %d: got %d ns after the one before; want more than the gap, %d", i, w.Begin-list[i-1].End, gap)
			}
			met := lossesIn(run, w)
			for j := 1; j < len(met); j++ {
				if distance := met[j] - met[j-1]; distance > gap+run.Bins.Width {
					t.Errorf("window %d: got %d ns between two losses; want at most the gap, %d, and the time a refusal takes", i, distance, gap)
				}
			}
		}
	})
}

func TestWindowCounts(t *testing.T) {
	for seed := range int64(40) {
		rng := rand.New(rand.NewSource(seed))
		requests := reporttest.RandomRequests(rng)
		run := reporttest.NewRun(t, requests)
		for i, w := range windows(run, windowGap(run)) {
			var inside, wider, inFlight int64
			endpoints := map[string]bool{}
			for _, q := range requests {
				if w.Begin <= q.Start && q.Start <= w.End {
					inside++
				}
				if w.Begin-run.Bins.Width < q.Start && q.Start < w.End+run.Bins.Width {
					wider++
				}
				at := metAt(record.LostRequest{Start: q.Start, End: q.End, Class: reporttest.Class(t, q.Class)})
				if q.Fate != record.FateLost || at < w.Begin || at > w.End {
					continue
				}
				endpoints[q.Endpoint] = true
				if q.Start < w.Begin {
					inFlight++
				}
			}
			if w.Exposed < inside || w.Exposed > wider {
				t.Errorf("seed %d, window %d: got %d exposed; want %d to %d", seed, i, w.Exposed, inside, wider)
			}
			if w.InFlight != inFlight {
				t.Errorf("seed %d, window %d: got %d in flight before it; want %d", seed, i, w.InFlight, inFlight)
			}
			if w.Exposed < w.Lost-w.InFlight {
				t.Errorf("seed %d, window %d: got %d exposed; want at least %d lost − %d in flight", seed, i, w.Exposed, w.Lost, w.InFlight)
			}
			if got := len(w.Endpoints); got != len(endpoints) {
				t.Errorf("seed %d, window %d: got %d endpoints; want %d", seed, i, got, len(endpoints))
			}
		}
	}
}

// TestWindowsMoveWithTheClock: shifting every time by whole bins shifts the
// windows and changes nothing else.
func TestWindowsMoveWithTheClock(t *testing.T) {
	for seed := range int64(40) {
		rng := rand.New(rand.NewSource(seed))
		requests, marks := reporttest.RandomRequests(rng), reporttest.RandomMarks(rng)
		by := int64(1+rng.Intn(500)) * 5 * ms
		run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) { run.Marks = slices.Clone(marks) }))
		for i := range requests {
			requests[i].Start += by
			requests[i].End += by
		}
		for i := range marks {
			marks[i].Start += by
			marks[i].End += by
		}
		shifted := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) { run.Marks = marks }))
		gap := windowGap(run)
		want, got := windows(run, gap), windows(shifted, gap)
		for i := range want {
			want[i].Begin += by
			want[i].End += by
			for _, r := range []*Relation{&want[i].BeginNear, &want[i].EndNear} {
				if r.Known {
					r.Mark.Start += by
					r.Mark.End += by
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: windows differ after a shift by %d (- want, + got)\n%s", seed, by, diff)
		}
	}
}

// TestWindowsOfUnlistedLosses: losses without details have the edges of their
// bins; those with details are exact.
func TestWindowsOfUnlistedLosses(t *testing.T) {
	list := reporttest.Steady(1000, 0, ms, "gw-1")
	for i := range int64(10) {
		list = append(list,
			reporttest.Lost(101*ms+i*100*us, 101*ms+i*100*us+50*us, "connect.refused", "gw-2", reporttest.RefusedText),
			reporttest.Lost(501*ms+i*100*us, 501*ms+i*100*us+50*us, "connect.refused", "gw-2", reporttest.RefusedText),
			reporttest.Lost(901*ms+i*100*us, 901*ms+i*100*us+50*us, "connect.refused", "gw-2", reporttest.RefusedText))
	}
	run := reporttest.NewRun(t, list, func(b *reporttest.Builder) { b.Told = 15 })
	type edges struct{ begin, end, lost, endpoints int64 }
	var got []edges
	for _, w := range windows(run, windowGap(run)) {
		got = append(got, edges{w.Begin, w.End, w.Lost, int64(len(w.Endpoints))})
	}
	want := []edges{
		{101 * ms, 101*ms + 950*us, 10, 1},
		{500 * ms, 505 * ms, 10, 1},
		{900 * ms, 905 * ms, 10, 0},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v; want %v", got, want)
	}
}

// TestWindowsOfContradictingRecording: edges stay in order if details are
// missing.
func TestWindowsOfContradictingRecording(t *testing.T) {
	run := reporttest.Abrupt(t)
	run.Lost = nil
	r := Of(run)
	if r.Loss.Identity == nil {
		t.Error("got no contradiction; want the missing details named")
	}
	for _, w := range r.Loss.Windows {
		if w.Begin > w.End {
			t.Errorf("got a window from %d to %d; want its begin first", w.Begin, w.End)
		}
	}
}

func TestInFlight(t *testing.T) {
	for name, tt := range map[string]struct {
		losses               []reporttest.Request
		begin, end, inFlight int64
	}{
		"failed at once": {
			[]reporttest.Request{reporttest.Lost(100*ms, 101*ms, "connect.refused", "gw-1", "")},
			100 * ms, 101 * ms, 0,
		},
		"killed after a while": {
			[]reporttest.Request{reporttest.Lost(40*ms, 101*ms, "wait.eof", "gw-1", "")},
			101 * ms, 101 * ms, 1,
		},
		"one of each": {
			[]reporttest.Request{reporttest.Lost(40*ms, 102*ms, "wait.eof", "gw-1", ""), reporttest.Lost(100*ms, 101*ms, "connect.refused", "gw-1", "")},
			100 * ms, 102 * ms, 1,
		},
		"began in the window, killed after a while": {
			[]reporttest.Request{reporttest.Lost(100*ms, 101*ms, "connect.refused", "gw-1", ""), reporttest.Lost(103*ms, 140*ms, "wait.eof", "gw-1", "")},
			100 * ms, 140 * ms, 0,
		},
		"hung until the timeout": {
			[]reporttest.Request{reporttest.Lost(100*ms, 140*ms, "connect.timeout", "gw-1", ""), reporttest.Lost(103*ms, 190*ms, "wait.timeout", "gw-1", "")},
			100 * ms, 103 * ms, 0,
		},
		"as long as a bin": {
			[]reporttest.Request{reporttest.Lost(100*ms, 105*ms, "connect.refused", "gw-1", "")},
			100 * ms, 105 * ms, 0,
		},
		"longer than a bin": {
			[]reporttest.Request{reporttest.Lost(100*ms, 105*ms+1, "connect.refused", "gw-1", "")},
			105*ms + 1, 105*ms + 1, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := reporttest.NewRun(t, append(reporttest.Steady(200, 0, ms, "gw-1"), tt.losses...))
			list := windows(run, windowGap(run))
			if len(list) != 1 {
				t.Fatalf("got %d windows; want 1", len(list))
			}
			w := list[0]
			if w.Begin != tt.begin || w.End != tt.end || w.InFlight != tt.inFlight {
				t.Errorf("got [%d, %d] with %d in flight; want [%d, %d] with %d", w.Begin, w.End, w.InFlight, tt.begin, tt.end, tt.inFlight)
			}
		})
	}
}

func TestNearest(t *testing.T) {
	step := record.Mark{Kind: record.MarkStep, Name: "step", Start: 100, End: 200}
	exited := record.Mark{Kind: record.MarkExited, Name: "gw-1 exited", Endpoint: "gw-1", Start: 190, End: 190}
	again := record.Mark{Kind: record.MarkExited, Name: "gw-2 exited", Endpoint: "gw-2", Start: 192, End: 192}
	note := record.Mark{Kind: record.MarkNote, Name: "note", Start: 150, End: 150}
	for name, tt := range map[string]struct {
		marks []record.Mark
		at    int64
		want  Relation
	}{
		"no marks":             {nil, 150, Relation{}},
		"a note alone":         {[]record.Mark{note}, 150, Relation{}},
		"before the begin":     {[]record.Mark{step}, 90, Relation{step, -10, false, true}},
		"after the begin":      {[]record.Mark{step}, 110, Relation{step, 10, false, true}},
		"before the end":       {[]record.Mark{step}, 195, Relation{step, -5, true, true}},
		"after the end":        {[]record.Mark{step}, 250, Relation{step, 50, true, true}},
		"at the mark":          {[]record.Mark{step}, 100, Relation{step, 0, false, true}},
		"another is nearer":    {[]record.Mark{step, note, exited}, 191, Relation{exited, 1, false, true}},
		"a note is not nearer": {[]record.Mark{step, note, exited}, 149, Relation{exited, -41, false, true}},
		"the first of equals":  {[]record.Mark{exited, again}, 191, Relation{exited, 1, false, true}},
		"moments before steps": {[]record.Mark{step, exited}, 101, Relation{exited, -89, false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := nearest(tt.marks, tt.at); !cmp.Equal(got, tt.want) {
				t.Errorf("got %+v; want %+v", got, tt.want)
			}
		})
	}
}

func TestWindowGap(t *testing.T) {
	endpoints := func(n int) []record.EndpointSeen {
		list := make([]record.EndpointSeen, n)
		for i := range list {
			list[i].Name = fmt.Sprintf("gw-%d", i)
		}
		return list
	}
	for name, tt := range map[string]struct {
		started, duration int64
		endpoints         int
		want              int64
	}{
		"nothing started":                    {0, 1000 * ms, 1, 50 * ms},
		"no time passed":                     {10, 0, 1, 50 * ms},
		"fast":                               {50_000, 2000 * ms, 10, 50 * ms},
		"200/s, on the edge":                 {200, 1000 * ms, 1, 50 * ms},
		"100/s":                              {100, 1000 * ms, 1, 100 * ms},
		"10/s":                               {10, 1000 * ms, 1, 1000 * ms},
		"10/s over 3 endpoints":              {10, 1000 * ms, 3, 3000 * ms},
		"1000/s over 10 endpoints":           {1000, 1000 * ms, 10, 100 * ms},
		"10/s, no endpoint was ever reached": {10, 1000 * ms, 0, 1000 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			run := &record.Run{Duration: tt.duration, Counts: record.Counts{Started: tt.started}, Endpoints: endpoints(tt.endpoints)}
			if got := windowGap(run); got != tt.want {
				t.Errorf("got %d; want %d", got, tt.want)
			}
		})
	}
}

// TestEndpointCount: marks count a replica that no request reached; the backend
// is not an endpoint.
func TestEndpointCount(t *testing.T) {
	run := &record.Run{
		Endpoints: []record.EndpointSeen{{Name: "gw-1"}, {Name: "gw-2"}},
		Marks:     []record.Mark{{Endpoint: "gw-2"}, {Endpoint: "gw-3"}, {Name: "step"}, {Kind: record.MarkCrashed, Endpoint: "backend"}},
	}
	if got := EndpointCount(run); got != 3 {
		t.Errorf("got %d; want 3", got)
	}
	behind := &record.Run{
		Settings:  record.Settings{EndpointHeader: "X-Pod"},
		Endpoints: []record.EndpointSeen{{Name: "10.0.0.1:80", FirstResponse: -1}, {Name: "pod-1", FirstConnect: -1}, {Name: "pod-2", FirstConnect: -1}},
	}
	if got := EndpointCount(behind); got != 2 {
		t.Errorf("got %d; want the 2 that answers named", got)
	}
	met, marks := []record.EndpointSeen{{Name: "10.0.0.1:80"}}, []record.Mark{{Endpoint: "pod-1"}, {Endpoint: "pod-2"}}
	for n := range 3 { // a process or pods behind the address that requests use
		if got := EndpointCount(&record.Run{Endpoints: met, Marks: marks[:n]}); got != max(1, n) {
			t.Errorf("%d marked behind one address: got %d", n, got)
		}
	}
}

// TestSlowLoadHasOneWindow: at 10 requests/s an outage of 2 s is one window,
// although its losses are 100 ms apart.
func TestSlowLoadHasOneWindow(t *testing.T) {
	list := slices.Concat(reporttest.Steady(20, 0, 100*ms, "gw-1"), reporttest.Steady(20, 4000*ms, 100*ms, "gw-1"))
	for i := range int64(20) {
		list = append(list, reporttest.Lost(2000*ms+i*100*ms, 2001*ms+i*100*ms, "connect.refused", "gw-1", reporttest.RefusedText))
	}
	l := findLoss(reporttest.NewRun(t, list))
	if len(l.Windows) != 1 {
		t.Fatalf("got %d windows; want 1 (gap %d)", len(l.Windows), l.Gap)
	}
	if w := l.Windows[0]; w.Begin != 2000*ms || w.End != 3901*ms {
		t.Errorf("got [%d, %d]; want [%d, %d]", w.Begin, w.End, 2000*ms, 3901*ms)
	}
	if got, want := l.Time, 1901*ms; got != want {
		t.Errorf("got %v s with loss; want %v", got, want)
	}
}

func TestCompareNatural(t *testing.T) {
	ordered := []string{
		"", "10.0.0.2:80", "10.0.0.10:80", "10.0.0.10:8080", "gw", "gw-1", "gw-01", "gw-1x", "gw-2", "gw-2-a", "gw-10", "gw-10x", "gw-99999999999999999999998", "gw-99999999999999999999999", "gx-1",
	}
	// gw-01 and gw-1 are the same number but different names.
	slices.SortFunc(ordered[5:7], strings.Compare)
	for i, a := range ordered {
		for j, b := range ordered {
			got := CompareNatural(a, b)
			if (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("compareNatural(%q, %q): got %d; want the order of the list", a, b, got)
			}
		}
	}
}
