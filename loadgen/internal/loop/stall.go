//go:build linux

package loop

import "os"

// beat notes that the Shard runs at now, and since the last beat meant to wait
// for rest.
func (s *Shard) beat(now, rest int64) {
	span, stood := s.stalls.Beat(now, rest)
	if stood {
		s.driver.Stood(span)
		s.stood = true
	}
}

// caughtUp reports whether what arrived while the Shard stood still has been
// taken in: until then no deadline counts, since what would meet it may be
// there. all says that the last look saw all the events there were. A Shard that
// never keeps up looks at as many events as all its slots can have, and no more.
func (s *Shard) caughtUp(all, stood bool) bool {
	switch {
	case s.behind > 0 && all && !stood:
		s.behind = 0
	case s.behind > 0:
		s.behind--
	case stood:
		s.behind = len(s.slots)/maxEvents + 1
	}
	return s.behind == 0
}

// late reports whether an exchange that ended at end took longer than it may.
func (s *Shard) late(sl *slot, end int64) bool {
	return s.cfg.Timeout > 0 && end-sl.x.Start > s.cfg.Timeout
}

// stalled reports whether it did because the Shard stood still.
func (s *Shard) stalled(sl *slot, end int64) bool {
	s.beat(end, 0) // a time that it stood still may have ended just now
	return s.stalls.Ours(sl.x.Start, end, s.cfg.Timeout)
}

// failLate fails an exchange whose response is whole, but late.
func (s *Shard) failLate(sl *slot) {
	if sl.firstByte-sl.x.Start > s.cfg.Timeout {
		sl.x.Parser.Reset(sl.x.Request.HeadOnly) // not a byte of it was there in time
	}
	s.fail(sl, &Failure{Stage: StageResponse, Err: os.ErrDeadlineExceeded, Stalled: s.stalled(sl, sl.x.End)})
}
