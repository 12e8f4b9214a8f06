package phrase

import "testing"

func TestDurations(t *testing.T) {
	for want, of := range map[string][2]int64{"1.7 ms to 3.7 ms": {1_700_000, 3_700_000}, "1.7 ms": {1_700_000, 1_700_001}} {
		if got := Durations(of[0], of[1]); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}
