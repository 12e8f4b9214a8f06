package handshake

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
)

const ms = 1_000_000 // ns

// connected returns a run of requests whose connections took so long, in ms.
func connected(times ...int64) *record.Run {
	run := &record.Run{Bins: record.Bins{Width: 5 * ms}}
	for _, t := range times {
		run.Phases.Connect.Record(t * ms)
		run.Latency.OK.Record(t*ms + ms)
		at := int(t*ms+ms) / (5 * ms)
		for len(run.Bins.List) <= at {
			run.Bins.List = append(run.Bins.List, record.Bin{})
		}
		slowest := record.Sketch{Max: t*ms + ms}
		run.Bins.List[at].Latency = slowest.Pack()
	}
	return run
}

func repeated(n int, t int64) []int64 { return slices.Repeat([]int64{t}, n) }

func TestRepeated(t *testing.T) {
	quick := repeated(100, 2)
	timeout := record.Outcome{Fate: "lost", Class: record.NewClass(record.StageConnect, record.CauseTimeout), Count: 2}
	for name, tt := range map[string]struct {
		times    []int64
		outcomes []record.Outcome
		edit     func(*record.Run)
		want     bool
		repeats  []Repeat
	}{
		"all at once":           {times: quick},
		"1, 3 and 7 s":          {times: slices.Concat(quick, repeated(5, 1002), repeated(2, 3010), repeated(1, 7090)), want: true, repeats: []Repeat{{1, 5}, {3, 2}, {7, 1}}},
		"every second":          {times: slices.Concat(quick, repeated(3, 1002), repeated(2, 2003), repeated(1, 4004)), want: true, repeats: []Repeat{{1, 3}, {2, 2}, {4, 1}}},
		"two may be anything":   {times: slices.Concat(quick, repeated(2, 1002)), repeats: []Repeat{{1, 2}}},
		"one, and no replies":   {times: slices.Concat(quick, repeated(1, 1002)), outcomes: []record.Outcome{timeout}, want: true, repeats: []Repeat{{1, 1}}},
		"no replies":            {times: quick, outcomes: []record.Outcome{timeout}},
		"spread":                {times: slices.Concat(quick, repeated(5, 1002), []int64{300, 400, 500}), repeats: []Repeat{{1, 5}}},
		"a slow network":        {times: repeated(10, 1100), repeats: []Repeat{{1, 10}}},
		"reused":                {times: slices.Concat(repeated(100, 0), repeated(5, 1002)), repeats: []Repeat{{1, 5}}},
		"too late for a repeat": {times: slices.Concat(quick, repeated(5, 1500))},
		"name look-ups of a second": {
			times: slices.Concat(quick, repeated(5, 1002)), repeats: []Repeat{{1, 5}},
			edit: func(run *record.Run) {
				for range 5 {
					run.Phases.DNS.Record(1001 * ms)
				}
			},
		},
		"handshakes of a second": {
			times: slices.Concat(quick, repeated(5, 1002)), repeats: []Repeat{{1, 5}},
			edit: func(run *record.Run) {
				for range 5 {
					run.Phases.TLS.Record(1001 * ms)
				}
			},
		},
		"nothing": {},
	} {
		run := connected(tt.times...)
		run.Outcomes = tt.outcomes
		if tt.edit != nil {
			tt.edit(run)
		}
		got := Of(run)
		if got.Repeated() != tt.want || !slices.Equal(got.Repeats, tt.repeats) {
			t.Errorf("%s: got %v of %+v; want %v of %v", name, got.Repeated(), got, tt.want, tt.repeats)
		}
		if n := int64(len(slices.DeleteFunc(slices.Clone(tt.times), func(t int64) bool { return t == 0 }))); got.Prompt+got.Late+got.Other != n {
			t.Errorf("%s: got %d, %d and %d; want %d in all", name, got.Prompt, got.Late, got.Other, n)
		}
	}
}

// TestWhen: the responses that took as long as a repeat are placed in time,
// unless many of them had other reasons.
func TestWhen(t *testing.T) {
	run := connected(slices.Concat(repeated(100, 2), repeated(3, 1002), repeated(1, 3003))...)
	if got := Of(run); got.From != 1000*ms || got.Until != 3005*ms {
		t.Errorf("got %d to %d ns; want from the bin of 1.003 s to that of 3.004 s", got.From, got.Until)
	}
	for range 5 {
		run.Latency.Unexpected.Record(2000 * ms)
	}
	if got := Of(run); got.From != 0 || got.Until != 0 {
		t.Errorf("got %d to %d ns; want neither", got.From, got.Until)
	}
}
