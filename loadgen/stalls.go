package loadgen

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"nodrop/loadgen/internal/stall"
	"nodrop/loadgen/record"
)

// stalls holds the times in which the process did not run, as noticed by a
// dedicated goroutine and by the loop's shards.
type stalls struct {
	now  func() int64 // the run's clock
	slow func() int64 // how far that clock is behind one that runs while the machine is suspended

	mu    sync.Mutex  // guards what follows
	watch stall.Watch // updated by the goroutine
	all   stall.Spans // includes those of the shards

	suspended   stall.Span // the longest one; Begin is on the run's clock, which stands still meanwhile
	lastSlow    int64
	suspensions int
}

// beatUntil watches the clock until ctx ends.
func (s *stalls) beatUntil(ctx context.Context) {
	tick := time.NewTicker(stall.Rest)
	defer tick.Stop()
	s.lastSlow = s.slow()
	for {
		s.beat()
		s.lookForSuspension()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// beat records that the process runs. Delay and Ours do so too, because their
// caller may be the first to run again.
func (s *stalls) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
}

// lookForSuspension compares the clocks. Deadlines do not pass while the
// machine is suspended, but time passes for the peer.
func (s *stalls) lookForSuspension() {
	slow := s.slow()
	s.mu.Lock()
	defer s.mu.Unlock()
	length := slow - s.lastSlow
	s.lastSlow = slow
	if length <= stall.Bound {
		return
	}
	s.suspensions++
	if at := s.now(); length > s.suspended.Length() {
		s.suspended = stall.Span{Begin: at, End: at + length}
	}
}

// look requires the lock.
func (s *stalls) look() {
	if span, stood := s.watch.Beat(s.now(), stall.Rest); stood {
		s.all.Add(span)
	}
}

// Add adds a span that a shard noticed.
func (s *stalls) Add(span stall.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Add(span)
}

// Delay is how much later than intended a limit that began at from expires.
func (s *stalls) Delay(from, limit int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.watch.Delay(from, math.MaxInt64, limit)
}

// Ours reports whether what began at from and ended at end exceeded limit because
// the process did not run.
func (s *stalls) Ours(from, end, limit int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.watch.Ours(from, end, limit)
}

// notableStall is how long a stall must be to be noted even if it spoiled
// nothing: shorter ones are normal on a busy machine.
const notableStall = int64(500 * time.Millisecond)

// note says when and for how long the process did not run, "" if that was short
// and spoiled no request.
func (s *stalls) note(spoiled int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &s.all
	if a.Count == 0 || spoiled == 0 && a.Longest.Length() < notableStall {
		return ""
	}
	when := fmt.Sprintf("for %s, starting %s into the load", roughly(a.Longest.Length()), roughly(a.Longest.Begin))
	if more := a.Count - 1; more == 1 {
		when += ", and once more for " + roughly(a.Sum-a.Longest.Length())
	} else if more > 1 {
		when += fmt.Sprintf(", and %d more times for %s in total", more, roughly(a.Sum-a.Longest.Length()))
	}
	effect := "responses from that time look slower than they were"
	switch {
	case spoiled == 1:
		effect = "1 request that timed out because of it is spoiled (client.stalled), not lost"
	case spoiled > 1:
		effect = fmt.Sprintf("%d requests that timed out because of it are spoiled (client.stalled), not lost", spoiled)
	}
	return fmt.Sprintf("nodrop did not run %s (stopped, suspended, short of CPU time, or busy with other responses): %s", when, effect)
}

// suspensionNote says when the machine was suspended, "" if it was not.
func (s *stalls) suspensionNote() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	more := ""
	switch {
	case s.suspensions == 0:
		return ""
	case s.suspensions > 1:
		more = fmt.Sprintf(", the longest of %d suspensions", s.suspensions)
	}
	return fmt.Sprintf("this machine was suspended for %s, %s into the load%s: -t does not count that time, but requests in flight then may have been lost because of it",
		roughly(s.suspended.Length()), roughly(s.suspended.Begin), more)
}

func roughly(ns int64) string {
	const tenth = int64(100 * time.Millisecond)
	if ns < 10*tenth {
		return strconv.FormatInt(ns/int64(time.Millisecond), 10) + " ms"
	}
	return strconv.FormatFloat(float64((ns+tenth/2)/tenth)/10, 'f', 1, 64) + " s"
}

// countStalled is how many requests stalls spoiled.
func countStalled(run *record.Run) int64 {
	var n int64
	for _, o := range run.Outcomes {
		if o.Class == record.NewClass(record.StageClient, record.CauseStalled) {
			n += o.Count
		}
	}
	return n
}
