package length

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ms = 1_000_000

type body struct{ at, bytes int64 }

func drawn(rng *rand.Rand, n int, span int64) []body {
	list := make([]body, n)
	for i := range list {
		list[i] = body{rng.Int64N(span), 100 + rng.Int64N(20)}
	}
	return list
}

// lineOf is what one Line makes of all bodies.
func lineOf(list []body, offset int64) *Line {
	var l Line
	for _, b := range list {
		l.Add(b.at-offset, b.bytes)
	}
	return &l
}

// TestAnySplit: the sum of Lines does not depend on how bodies were spread over
// them, nor on their order, even if the Lines have slots of different widths and
// began at different times.
func TestAnySplit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for seed := range 50 {
		span := []int64{900 * ms, 4_000 * ms, 61_000 * ms}[seed%3]
		list := drawn(rng, 1+rng.IntN(3000), span)
		want := lineOf(list, 0)
		parts := 1 + rng.IntN(7)
		shares, offsets := make([][]body, parts), make([]int64, parts)
		for i := range offsets[1:] {
			offsets[i+1] = want.Width * rng.Int64N(5)
		}
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		for _, b := range list {
			i := rng.IntN(parts)
			if b.at < offsets[i] {
				i = 0
			}
			shares[i] = append(shares[i], b)
		}
		var got *Line
		for i, share := range shares {
			part := lineOf(share, offsets[i])
			before := fmt.Sprint(*part)
			got = Sum(got, part, offsets[i])
			if fmt.Sprint(*part) != before {
				t.Fatal("Sum changed what it added")
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d parts (-one line +sum):\n%s", parts, diff)
		}
	}
}

// TestBounds: any number of bodies over any time takes the same memory, all of
// it from the first one on.
func TestBounds(t *testing.T) {
	var l Line
	at := int64(0)
	l.Add(0, 1)
	if n := testing.AllocsPerRun(100_000, func() {
		at += 700_000
		l.Add(at, at%977)
	}); n != 0 {
		t.Errorf("%v allocations for a body; want none", n)
	}
	if len(l.List) > MaxSlots || cap(l.List) != MaxSlots || l.Width <= FirstWidth {
		t.Errorf("%d slots of %d ns, room for %d", len(l.List), l.Width, cap(l.List))
	}
	if all, _ := l.Since(0, at, 0); all.Count != 100_002 || all.Min != 0 || all.Max != 976 {
		t.Errorf("%+v; want all of 100002 bodies", all)
	}
	if l.Add(1<<58, 5); len(l.List) > MaxSlots {
		t.Errorf("%d slots after a body that was years late", len(l.List))
	}
}

func TestRanges(t *testing.T) {
	var l Line
	for at, lengths := range map[int64][]int64{
		1:  {5000, 5000, 4990},
		7:  {5010},
		12: {2500, 3000, 5000},
		21: {1, 2, 3, 4, 5, 6, 7, 8, 5000}, // more than a slot keeps
		26: {10, 20, 30, 40, 50, 60, 70},   // the same, and all short
		31: {5000},
	} {
		for _, n := range lengths {
			l.Add(at*ms, n)
		}
	}
	for name, tt := range map[string]struct{ got, want Range }{
		"before the first slot ends":          {l.Before(4 * ms), Range{}},
		"whole slots only":                    {l.Before(9 * ms), Range{3, 4990, 5000}},
		"two slots":                           {l.Before(10 * ms), Range{4, 4990, 5010}},
		"before everything":                   {l.Before(-1), Range{}},
		"the last few, and those beside them": {l.Last(2, 0), Range{8, 10, 5000}},
		"the last few of a short time":        {l.Last(100, 30*ms), Range{1, 5000, 5000}},
		"none of no line":                     {(*Line)(nil).Before(ms), Range{}},
		"none of no line at its end":          {(*Line)(nil).Last(1, 0), Range{}},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %+v; want %+v", name, tt.got, tt.want)
		}
	}
	for _, tt := range []struct {
		from, until, limit int64
		all, shorter       Range
	}{
		{10 * ms, 14 * ms, 4990, Range{3, 2500, 5000}, Range{2, 2500, 3000}},
		{13 * ms, 13 * ms, 3000, Range{3, 2500, 5000}, Range{1, 2500, 2500}},
		{0, 9 * ms, 4990, Range{4, 4990, 5010}, Range{}},
		{20 * ms, 24 * ms, 4990, Range{9, 1, 5000}, Range{6, 1, 6}}, // a lower bound
		{25 * ms, 29 * ms, 4990, Range{7, 10, 70}, Range{7, 10, 70}},
		{40 * ms, 50 * ms, 4990, Range{}, Range{}},
		{-ms, 100 * ms, 0, Range{24, 1, 5010}, Range{}},
	} {
		all, shorter := l.Since(tt.from, tt.until, tt.limit)
		if all != tt.all || shorter != tt.shorter {
			t.Errorf("from %d to %d, below %d: got %+v, %+v; want %+v, %+v", tt.from, tt.until, tt.limit, all, shorter, tt.all, tt.shorter)
		}
	}
}

func TestJSON(t *testing.T) {
	l := lineOf([]body{{0, 7}, {1, 7}, {2, 9}, {11 * ms, 0}}, 0)
	text, err := json.Marshal(l)
	const want = `{"widthNs":5000000,"list":[{"count":3,"max":9,"least":[{"bytes":7,"count":2},{"bytes":9,"count":1}]},{},{"count":1,"least":[{"bytes":0,"count":1}]}]}`
	if err != nil || string(text) != want {
		t.Errorf("got %s, %v; want %s", text, err, want)
	}
	var back Line
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, &back); diff != "" {
		t.Error(diff)
	}
	if err := json.Unmarshal([]byte(`{"list":[{"least":[{},{},{},{},{},{},{}]}]}`), &Line{}); err == nil {
		t.Error("seven lengths in a slot: no error")
	}
	back.Add(12*ms, 5) // what was read can go on
	if all, _ := back.Since(0, 20*ms, 0); all.Count != 5 {
		t.Errorf("%+v", all)
	}
}

func TestValidate(t *testing.T) {
	const most, mostTime = 1000, 1 << 58
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		if err := lineOf(drawn(rng, 900, 61_000*ms), 0).Validate(most, mostTime); err != nil {
			t.Error(err)
		}
	}
	if err := (*Line)(nil).Validate(most, mostTime); err != nil {
		t.Error(err)
	}
	one := Least{{5, 1}}
	for name, l := range map[string]Line{
		"no width":              {List: []Slot{{}}},
		"a negative width":      {Width: -1},
		"a width of centuries":  {Width: mostTime},
		"too many slots":        {Width: 1, List: make([]Slot, MaxSlots+1)},
		"a negative count":      {Width: 1, List: []Slot{{Count: -1}}},
		"a count out of range":  {Width: 1, List: []Slot{{Count: most + 1, Max: 5, Least: one}}},
		"no length":             {Width: 1, List: []Slot{{Count: 1, Max: 5}}},
		"more than there are":   {Width: 1, List: []Slot{{Count: 1, Max: 5, Least: Least{{5, 2}}}}},
		"more than the longest": {Width: 1, List: []Slot{{Count: 1, Max: 4, Least: one}}},
		"out of order":          {Width: 1, List: []Slot{{Count: 2, Max: 6, Least: Least{{6, 1}, {5, 1}}}}},
		"a gap":                 {Width: 1, List: []Slot{{Count: 2, Max: 6, Least: Least{{}, {5, 1}}}}},
		"a negative length":     {Width: 1, List: []Slot{{Count: 2, Max: 6, Least: Least{{-5, 1}}}}},
	} {
		if err := l.Validate(most, mostTime); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	var l Line
	at := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		at += 20_000
		l.Add(at, 5000+at%7)
	}
}
