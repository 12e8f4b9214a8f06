package analysis

import (
	"testing"

	"nodrop/loadgen/record"
)

// TestSettle: the hint names a time that is longer than the longest pause between
// the marks after the last step. The load is held that long after each of them.
func TestSettle(t *testing.T) {
	const ms = 1_000_000
	step := record.Mark{Kind: record.MarkStep, Start: 100 * ms, End: 9000 * ms}
	at := func(kind record.MarkKind, ms64 int64) record.Mark {
		return record.Mark{Kind: kind, Start: ms64 * ms, End: ms64 * ms}
	}
	for name, tt := range map[string]struct {
		marks []record.Mark
		want  int64
	}{
		"a long step": {[]record.Mark{step}, 1},
		"a mark soon": {[]record.Mark{step, at(record.MarkReady, 9700)}, 1},
		"a new pod":   {[]record.Mark{step, at(record.MarkReady, 10_900)}, 3},
		"one by one":  {[]record.Mark{at(record.MarkExited, 500), step, at(record.MarkReady, 9900), at(record.MarkReady, 12_000), at(record.MarkReady, 12_900)}, 3},
		"notes":       {[]record.Mark{step, at(record.MarkNote, 60_000), at(record.MarkCrashed, 60_000)}, 1},
	} {
		e := findEvent(&record.Run{Marks: tt.marks})
		if got := e.Settle(); got != tt.want {
			t.Errorf("%s: %d s; want %d", name, got, tt.want)
		}
	}
	slow := &record.Run{Marks: []record.Mark{step}, Bins: record.Bins{Width: 500 * ms, List: make([]record.Bin, 20)}}
	for _, at := range []int{0, 3, 6, 9} { // all wait for responses that take 1.5 s
		slow.Bins.List[at].Started = 40
	}
	e := findEvent(slow)
	if got := e.Settle(); got != 2 {
		t.Errorf("slow responses: %d s; want 2", got)
	}
}
