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

// stalls are the times for which the process did not run, as a goroutine of its
// own and the loop's shards noticed them.
type stalls struct {
	now  func() int64 // of the run's clock
	slow func() int64 // by how much that has fallen behind a clock that goes on while the machine is suspended

	mu    sync.Mutex  // guards what follows
	watch stall.Watch // beaten by the goroutine
	all   stall.Spans // the shards' as well

	suspended   stall.Span // the longest time; it begins by the run's clock, which it takes no time of
	lastSlow    int64
	suspensions int
}

// beatUntil watches until ctx ends.
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

// beat says that the process runs. Whoever asks for spans does so, too: it may be
// the first to run again.
func (s *stalls) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
}

// lookForSuspension compares the clocks. Deadlines have stood still with the
// machine, so that none has passed; but what is on the other side has not.
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

// look needs the lock.
func (s *stalls) look() {
	if span, stood := s.watch.Beat(s.now(), stall.Rest); stood {
		s.all.Add(span)
	}
}

// Add adds what a shard noticed.
func (s *stalls) Add(span stall.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all.Add(span)
}

// Delay is how much later than meant a limit passes that began at from.
func (s *stalls) Delay(from, limit int64) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.watch.Delay(from, math.MaxInt64, limit)
}

// Ours reports that what began at from and ended at end took longer than limit
// because of them.
func (s *stalls) Ours(from, end, limit int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
	return s.watch.Ours(from, end, limit)
}

// notableStall is how long a time must be that is noted though it spoiled
// nothing: shorter ones are normal on a busy machine.
const notableStall = int64(500 * time.Millisecond)

// note says when and for how long the process did not run, "" if that neither
// spoiled a request nor lasted.
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
		when += fmt.Sprintf(", and %d more times for %s in all", more, roughly(a.Sum-a.Longest.Length()))
	}
	effect := "responses from that time look slower than the target was"
	switch {
	case spoiled == 1:
		effect = "1 request that timed out because of it is spoiled (client.stalled), not lost"
	case spoiled > 1:
		effect = fmt.Sprintf("%d requests that timed out because of it are spoiled (client.stalled), not lost", spoiled)
	}
	return fmt.Sprintf("nodrop did not run %s (stopped, suspended, short of processor time, or busy with other responses): %s", when, effect)
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
		more = fmt.Sprintf(", the longest of %d times", s.suspensions)
	}
	return fmt.Sprintf("this machine was suspended for %s at %s%s: -t does not count that time, but requests in flight then may have been lost because of it",
		roughly(s.suspended.Length()), roughly(s.suspended.Begin), more)
}

// roughly is a time or a length in seconds.
func roughly(ns int64) string {
	const tenth = int64(100 * time.Millisecond)
	if ns < 10*tenth {
		return strconv.FormatInt(ns/int64(time.Millisecond), 10) + " ms"
	}
	return strconv.FormatFloat(float64((ns+tenth/2)/tenth)/10, 'f', 1, 64) + " s"
}

// countStalled is how many requests they spoiled.
func countStalled(run *record.Run) int64 {
	var n int64
	for _, o := range run.Outcomes {
		if o.Class == record.NewClass(record.StageClient, record.CauseStalled) {
			n += o.Count
		}
	}
	return n
}
