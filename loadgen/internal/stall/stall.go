// Package stall knows when the generator itself did not run: it was stopped
// (SIGSTOP, Ctrl-Z), paused along with its machine, or got no processor time.
//
// The owner of a Watch says, again and again, that it runs. Where it says so much
// later than it meant to, it stood still meanwhile: a Span. Times are ns on the
// owner's clock; nothing here reads one.
//
// The time that a target has had for a request is the request's age by that
// clock, less the spans that overlap its life. The request times out when that
// reaches the limit, and not before, even if its deadline on the clock is long
// past:
//
//   - A response that is read within the limit by the clock is ok. Its latency
//     may be too long by a span, never longer than the limit.
//   - What ends later than that by the clock, but within the limit less the
//     spans, is the generator's failure: a response may have come in time, and
//     nobody was there to see when.
//   - What has not ended when the target has had its time is the target's failure.
//
// A clock that stands still along with the generator needs none of this, since
// deadlines then stand still as well.
package stall

const (
	// Bound is how much later than it meant to an owner may run without having
	// stood still. A thread of a machine that is not overloaded waits less for
	// its turn; a container that has used up its processor time pauses for longer,
	// some tens of ms of each 100.
	Bound = 20_000_000
	// Rest is how long an owner may mean to rest. Spans are known as exactly as
	// that.
	Rest = 10_000_000

	kept = 1024 // spans; of older ones the sums
)

// Span is a time for which the generator did not run, from the last moment at
// which it is known to have.
type Span struct{ Begin, End int64 }

// Length is its length.
func (s Span) Length() int64 { return s.End - s.Begin }

// overlap is how much of it lies between two times.
func (s Span) overlap(from, to int64) int64 { return max(0, min(s.End, to)-max(s.Begin, from)) }

// Watch notices spans. It begins to watch with the first Beat.
type Watch struct {
	begun bool
	last  int64 // when the owner is last known to have run
	Spans
}

// Beat says that the owner runs at now, and since the last Beat meant to rest
// for so long. It is true, with the span, if it stood still instead.
func (w *Watch) Beat(now, rest int64) (Span, bool) {
	span := Span{w.last, now}
	stood := w.begun && span.Length()-rest > Bound
	w.begun, w.last = true, max(w.last, now)
	if stood {
		w.Add(span)
	}
	return span, stood
}

// Spans are those of one owner, or of several put together.
type Spans struct {
	list []Span // in order, apart from each other

	// Of all, those that the list no longer holds included.
	Count   int64
	Sum     int64
	Longest Span
}

// Add puts a span to the others. Those that overlap it become one with it.
func (s *Spans) Add(span Span) {
	at := len(s.list)
	for at > 0 && s.list[at-1].End >= span.Begin {
		at--
	}
	end := at
	for end < len(s.list) && s.list[end].Begin <= span.End {
		one := s.list[end]
		s.Count, s.Sum = s.Count-1, s.Sum-one.Length()
		span = Span{min(span.Begin, one.Begin), max(span.End, one.End)}
		end++
	}
	s.list = append(s.list[:at], append([]Span{span}, s.list[end:]...)...)
	s.Count, s.Sum = s.Count+1, s.Sum+span.Length()
	if span.Length() > s.Longest.Length() {
		s.Longest = span
	}
	if len(s.list) > kept {
		s.list = append(s.list[:0], s.list[len(s.list)-kept:]...)
	}
}

// Delay is how much later than meant a limit passes that began at from, as far
// as is known at to. That has an end where a generator hardly ever runs: the
// longest span counts in full, the others up to twice the limit.
func (s *Spans) Delay(from, to, limit int64) int64 {
	var sum, longest int64
	for i := len(s.list) - 1; i >= 0 && s.list[i].End > from; i-- {
		one := s.list[i].overlap(from, to)
		sum, longest = sum+one, max(longest, one)
	}
	return min(sum, longest+2*limit)
}

// Ours reports that what began at from and ended at end took longer than limit
// because of the spans: without them it would have ended within it.
func (s *Spans) Ours(from, end, limit int64) bool {
	took := end - from
	return took >= limit && took < limit+s.Delay(from, end, limit)
}
