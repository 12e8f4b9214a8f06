//go:build linux

package loop

import "os"

// beat records that the Shard runs at now. rest is how long it meant to wait
// since the last beat.
func (s *Shard) beat(now, rest int64) {
	span, stood := s.lag.beat(now, rest)
	if stood {
		s.driver.Stood(span)
		s.stood = true
	}
}

// caughtUp reports whether the Shard has handled all that arrived while it
// stood still. Until then no deadline passes, since a response that meets it
// may be there to be read. all says that the last poll returned every pending
// event. A Shard that never catches up polls for as many events as all its
// slots can have, and no more.
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

// late reports whether an exchange that ended at end exceeded its timeout.
func (s *Shard) late(sl *slot, end int64) bool {
	return s.cfg.Timeout > 0 && end-sl.x.Start > s.cfg.Timeout
}

// stalled reports whether an exchange that ended at end was late because of
// the Shard's lag.
func (s *Shard) stalled(sl *slot, end int64) bool {
	s.beat(end, 0) // a stall may have ended just now
	return s.lag.ours(sl.x.Start, end, s.cfg.Timeout, sl.shaken)
}

func (s *Shard) failLate(sl *slot) {
	if sl.firstByte-sl.x.Start > s.cfg.Timeout {
		sl.x.Parser.Reset(sl.x.Request.HeadOnly) // none of it came in time
	}
	s.fail(sl, &Failure{Stage: StageResponse, Err: os.ErrDeadlineExceeded, Stalled: s.stalled(sl, sl.x.End)})
}
