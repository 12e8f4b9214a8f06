//go:build linux

package loop

import (
	"math"

	"nodrop/loadgen/internal/stall"
)

// lag is the time that a Shard took from its slots: when it did not run (package
// stall), and when it computed TLS handshakes. What arrives meanwhile waits, so
// the target is not to blame for it.
type lag struct {
	stall.Watch
	shaking int64 // ns of handshakes so far
	turn    int64 // ns of them since the last beat
}

// add adds a time for which handshakes were computed.
func (l *lag) add(ns int64) {
	l.shaking += ns
	l.turn += ns
}

// beat records that the Shard runs at now. rest is how long it meant to wait
// since the last beat.
func (l *lag) beat(now, rest int64) (stall.Span, bool) {
	rest += l.turn
	l.turn = 0
	return l.Beat(now, rest)
}

// delay is how much later than intended a limit passes that began at from, when
// handshakes had taken before. It is bounded, for a Shard that does little else.
func (l *lag) delay(from, to, limit, before int64) int64 {
	return l.Delay(from, to, limit) + min(l.shaking-before, 2*limit)
}

// delayNow is delay as far as is known.
func (l *lag) delayNow(from, limit, before int64) int64 {
	return l.delay(from, math.MaxInt64, limit, before)
}

// ours reports whether what lasted from from to end took longer than limit
// because of the lag.
func (l *lag) ours(from, end, limit, before int64) bool {
	took := end - from
	return took >= limit && took < limit+l.delay(from, end, limit, before)
}
