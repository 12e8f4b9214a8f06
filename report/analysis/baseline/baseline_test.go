package baseline

import (
	"math/rand/v2"
	"testing"

	"nodrop/loadgen/record"
)

const width = 5_000_000 // ns, of a bin

var (
	refused = record.NewClass(record.StageConnect, record.CauseRefused)
	reset   = record.NewClass(record.StageWait, record.CauseReset)
	error5  = record.StatusClass(500)
)

// timeline holds requests one after the other, ten to a bin. class returns why
// request i was lost, 0 if it was not.
func timeline(requests int, class func(i int) record.Class) *record.Bins {
	const each = 10
	bins := &record.Bins{Width: width, List: make([]record.Bin, (requests+each-1)/each)}
	for i := range requests {
		lose(&bins.List[i/each], class(i), 1)
	}
	return bins
}

// lose adds n requests of a class to a bin.
func lose(b *record.Bin, class record.Class, n int64) {
	if class == 0 {
		b.OK += n
		return
	}
	for i := range b.Lost {
		if b.Lost[i].Class == class {
			b.Lost[i].Count += n
			return
		}
	}
	b.Lost = append(b.Lost, record.BinLoss{Class: class, Count: n})
}

// every loses each nth request.
func every(n int, class record.Class) func(int) record.Class {
	return func(i int) record.Class {
		if i%n == n-1 {
			return class
		}
		return 0
	}
}

// from loses requests in another way from one of them on.
func from(at int, first, then func(int) record.Class) func(int) record.Class {
	return func(i int) record.Class {
		if i < at {
			return first(i)
		}
		return then(i)
	}
}

// alone is for requests that each have their own connection.
func alone(record.Class) int64 { return 1 }

func never(int) record.Class { return 0 }

func TestCompare(t *testing.T) {
	with := func(bins *record.Bins, bin int, class record.Class, n int64) *record.Bins {
		lose(&bins.List[bin], class, n)
		return bins
	}
	steady := func(requests int) *record.Bins { return timeline(requests, every(100, error5)) }
	// The event begins with request 1000, in bin 100, unless at says otherwise.
	for name, tt := range map[string]struct {
		bins  *record.Bins
		at    int64 // bin
		class record.Class
		want  Class // without P
	}{
		"as frequent": {steady(3000), 100, error5, Class{Before: Count{10, 1000}, After: Count{20, 2000}, Outcome: Steady}},
		"as frequent, and much of it": {
			steady(30_000), 1000, error5, Class{Before: Count{100, 10_000}, After: Count{200, 20_000}, Outcome: Steady, Sure: true},
		},
		"no more": {timeline(3000, from(1000, every(100, error5), never)), 100, error5, Class{Before: Count{10, 1000}, After: Count{0, 2000}, Outcome: Steady, Sure: true}},
		"refusals beside steady errors": {
			with(steady(3000), 150, refused, 312), 100, refused, Class{Before: Count{0, 1000}, After: Count{312, 2312}, Outcome: Added, Added: 312},
		},
		"steady errors beside refusals": {
			with(steady(3000), 150, refused, 5000), 100, error5, Class{Before: Count{10, 1000}, After: Count{20, 2000}, Outcome: Steady},
		},
		"more from the event on": {
			timeline(3000, from(1000, every(100, error5), every(10, error5))), 100, error5,
			Class{Before: Count{10, 1000}, After: Count{200, 2000}, Outcome: Added, Added: 180},
		},
		"more for a moment": {
			with(steady(21_000), 150, error5, 60), 100, error5,
			Class{Before: Count{10, 1000}, After: Count{260, 20_060}, Outcome: Added, Added: 59},
		},
		"one before, one after": {
			timeline(3000, func(i int) record.Class {
				if i == 500 || i == 1500 {
					return reset
				}
				return 0
			}), 100, reset, Class{Before: Count{1, 1000}, After: Count{1, 2000}, Outcome: Unknown},
		},
		"one before, hundreds after": {
			with(with(timeline(3000, never), 50, refused, 1), 150, refused, 300), 100, refused,
			Class{Before: Count{1, 1001}, After: Count{300, 2300}, Outcome: Added, Added: 300},
		},
		"too short a time before": {steady(3000), 9, error5, Class{}}, // no error in the first 90
		"too few requests before": {
			with(timeline(3000, never), 2, error5, 3), 9, error5, Class{Before: Count{3, 93}, After: Count{0, 2910}, Outcome: Unknown},
		},
		"too few requests after": {
			timeline(1010, every(100, error5)), 100, error5, Class{Before: Count{10, 1000}, After: Count{0, 10}, Outcome: Unknown},
		},
		"another status, once": {
			with(steady(3000), 150, record.StatusClass(503), 1), 100, record.StatusClass(503),
			Class{Before: Count{0, 1000}, After: Count{1, 2001}, Outcome: Unknown},
		},
		"another status, often": {
			with(steady(3000), 150, record.StatusClass(503), 300), 100, record.StatusClass(503),
			Class{Before: Count{0, 1000}, After: Count{300, 2300}, Outcome: Added, Added: 300},
		},
		"another kind, once": {
			with(steady(3000), 150, record.StatusClass(404), 1), 100, record.StatusClass(404),
			Class{Before: Count{0, 1000}, After: Count{1, 2001}, Outcome: Added, Added: 1},
		},
		"nothing lost before": {timeline(3000, from(1000, never, every(10, error5))), 100, error5, Class{}},
		"no time before":      {steady(3000), 0, error5, Class{}},
		"no bins":             {&record.Bins{}, 100, error5, Class{}},
	} {
		var got Class
		for _, c := range Compare(tt.bins, tt.at*width+width/2, alone) {
			if c.Class == tt.class {
				got = c
			}
			if c.P < 0 || c.P > 1 || (c.Added > 0) != (c.Outcome == Added) {
				t.Errorf("%s: %+v", name, c)
			}
		}
		got.Class, got.P = 0, 0
		if got != tt.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, tt.want)
		}
	}
}

// TestOneConnectionIsOneEvent: what one connection lost before the event does not
// make the same loss in the event a steady rate.
func TestOneConnectionIsOneEvent(t *testing.T) {
	bins := timeline(3000, never)
	lose(&bins.List[50], reset, 96)
	lose(&bins.List[150], reset, 96)
	for together, want := range map[int64]Outcome{1: Steady, 96: Unknown} {
		list := Compare(bins, 100*width, func(record.Class) int64 { return together })
		if len(list) != 1 || list[0].Outcome != want {
			t.Errorf("%d together: got %+v; want %s", together, list, want)
		}
	}
}

// TestHostileBins: numbers that contradict each other give an outcome, too.
func TestHostileBins(t *testing.T) {
	const most = 1 << 40
	bins := timeline(3000, every(100, error5))
	for i := range bins.List {
		lose(&bins.List[i], error5, most*int64(i%3))
		lose(&bins.List[i], 0, most*int64(i%2))
		lose(&bins.List[i], refused, most*int64(i%5))
	}
	for _, c := range Compare(bins, 100*width, alone) {
		if c.Outcome == "" || c.Added < 0 || c.Added > c.After.Lost || !(c.P >= 0 && c.P <= 1) {
			t.Errorf("%+v", c)
		}
	}
}

// bursts loses requests with a probability, in runs of a mean length.
func bursts(rnd *rand.Rand, rate, length float64) func(int) record.Class {
	lost := false
	start := rate / (1 - rate) / length
	return func(int) record.Class {
		if lost {
			lost = rnd.Float64() >= 1/length
		} else {
			lost = rnd.Float64() < start
		}
		if lost {
			return error5
		}
		return 0
	}
}

// TestFalseAlarms: an event that does nothing to errors, which may come alone or
// in bursts, adds to them in at most 1 of 20 runs that had some before.
func TestFalseAlarms(t *testing.T) {
	const runs = 400
	for _, tt := range []struct {
		name          string
		before, after int // requests
		rate, length  float64
	}{
		{"few", 400, 1600, 0.01, 1},
		{"alone", 4000, 8000, 0.01, 1},
		{"often", 2000, 2000, 0.2, 1},
		{"in pairs", 4000, 8000, 0.01, 2},
		{"in short bursts", 5000, 10_000, 0.02, 5},
		{"in bursts", 10_000, 10_000, 0.05, 20},
	} {
		rnd := rand.New(rand.NewPCG(3, 4))
		had, alarms := 0, 0
		for had < runs {
			bins := timeline(tt.before+tt.after, bursts(rnd, tt.rate, tt.length))
			list := Compare(bins, int64(tt.before)/10*width, alone)
			if len(list) == 0 {
				continue // nothing was lost before
			}
			had++
			if list[0].Outcome == Added {
				alarms++
			}
		}
		if alarms > runs/20 {
			t.Errorf("%s: %d alarms in %d runs; want at most 1 in 20", tt.name, alarms, runs)
		}
	}
}

// TestPower: a rise to five times the rate is found nearly always, and so is a
// short outage, with about as many losses as were added.
func TestPower(t *testing.T) {
	const runs = 100
	for _, tt := range []struct {
		name  string
		then  float64 // the rate from the event on
		burst int     // losses within 100 requests
		added int64
	}{
		{"five times as many", 0.05, 0, 160},
		{"a short outage", 0.01, 80, 80},
	} {
		rnd := rand.New(rand.NewPCG(5, 6))
		found := 0
		for range runs {
			calm, rough := bursts(rnd, 0.01, 1), bursts(rnd, tt.then, 1)
			bins := timeline(6000, from(2000, calm, func(i int) record.Class {
				if i >= 3000 && i < 3100 && (i-3000)*tt.burst/100 != (i-2999)*tt.burst/100 {
					return error5
				}
				return rough(i)
			}))
			c := Compare(bins, 200*width, alone)[0]
			if c.Outcome == Added && c.Added > tt.added/2 && c.Added < tt.added*2 {
				found++
			}
		}
		if found < runs*9/10 {
			t.Errorf("%s: found in %d of %d runs; want at least 9 in 10", tt.name, found, runs)
		}
	}
}

func BenchmarkCompare(b *testing.B) {
	bins := timeline(80_000, bursts(rand.New(rand.NewPCG(7, 8)), 0.05, 5))
	for i := range bins.List {
		lose(&bins.List[i], record.StatusClass(502+i%2), int64(i%7))
		lose(&bins.List[i], refused, int64(i%3))
	}
	for b.Loop() {
		Compare(bins, 2000*width, alone)
	}
}
