package scenario

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"nodrop/loadgen/record"
)

// TestRest: the load goes on for the settle time after the event's last mark, which
// may come long after the last step. Marks without end do not hold it for ever, and
// notes do not hold it at all.
func TestRest(t *testing.T) {
	for name, tt := range map[string]struct {
		kind        record.MarkKind
		every, want time.Duration
		marks       int
	}{
		"no mark":           {record.MarkReady, time.Second, time.Second, 0},
		"a new pod":         {record.MarkReady, 900 * time.Millisecond, 1900 * time.Millisecond, 1},
		"two, one by one":   {record.MarkReady, 900 * time.Millisecond, 2800 * time.Millisecond, 2},
		"a restarting pod":  {record.MarkReady, 900 * time.Millisecond, 10 * time.Second, 1000},
		"notes":             {record.MarkNote, 900 * time.Millisecond, time.Second, 5},
		"after it has gone": {record.MarkReady, 1100 * time.Millisecond, time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				line := newTimeline(nil, time.Second, nil)
				var marking sync.WaitGroup
				defer marking.Wait()
				marking.Go(func() {
					for range tt.marks {
						time.Sleep(tt.every)
						line.mark(Moment{Kind: tt.kind, At: time.Now()})
					}
				})
				began := time.Now()
				line.rest(t.Context())
				if got := time.Since(began); got != tt.want {
					t.Errorf("it rested for %v; want %v", got, tt.want)
				}
			})
		})
	}
}
