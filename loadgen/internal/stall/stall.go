// Package stall detects when the generator itself did not run: it was stopped
// (SIGSTOP, Ctrl-Z), paused along with its machine, or got no processor time.
//
// The owner of a Watch reports repeatedly that it runs. If a report comes much
// later than intended, the owner stood still since the last one: that time is a
// Span. Times are in ns on the owner's clock; nothing here reads a clock.
//
// The time that a target has had for a request is the request's age by that
// clock, less the spans that overlap it. The request times out when that time
// reaches the limit, and not before, even if its deadline on the clock is long
// past:
//
//   - A response that is read within the limit by the clock is ok. Its latency
//     may be too long by a span, but never exceeds the limit.
//   - A request that ends later than that by the clock, but within the limit
//     once the spans are subtracted, is the generator's failure: a response may
//     have come in time, and the generator was not there to see when.
//   - A request that has not ended when the target has had its time is the
//     target's failure.
//
// If the clock stands still along with the generator, none of this is needed,
// since deadlines then stand still as well.
package stall

const (
	// Bound is how much later than intended an owner may run without counting
	// as having stood still. On a machine that is not overloaded, a thread
	// waits less for its turn. A container that has used up its processor time
	// pauses for longer, some tens of ms of each 100.
	Bound = 20_000_000
	// Rest is the longest time for which an owner may plan to rest. It is also
	// how exactly spans are known.
	Rest = 10_000_000

	kept = 1024 // spans; older ones only count in the sums
)

// Span is a time for which the generator did not run. It begins at the last
// moment at which the generator is known to have run.
type Span struct{ Begin, End int64 }

// Length returns the span's length.
func (s Span) Length() int64 { return s.End - s.Begin }

func (s Span) overlap(from, to int64) int64 { return max(0, min(s.End, to)-max(s.Begin, from)) }

// Watch detects spans, from the first Beat on.
type Watch struct {
	begun bool
	last  int64 // when the owner is last known to have run
	Spans
}

// Beat reports that the owner runs at now. rest is how long it meant to rest
// since the last Beat. Beat returns the span and true if the owner stood still.
func (w *Watch) Beat(now, rest int64) (Span, bool) {
	span := Span{w.last, now}
	stood := w.begun && span.Length()-rest > Bound
	w.begun, w.last = true, max(w.last, now)
	if stood {
		w.Add(span)
	}
	return span, stood
}

// Spans are the spans of one owner, or of several combined.
type Spans struct {
	list []Span // in order, neither overlapping nor touching

	// Totals, including spans that list no longer holds.
	Count   int64
	Sum     int64
	Longest Span
}

// Add adds a span and merges it with those that it overlaps.
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

// Delay returns how much later than intended a limit passes that began at from,
// as far as is known at to. It is bounded, for a generator that hardly ever
// runs: the longest span counts in full, the others up to twice the limit.
func (s *Spans) Delay(from, to, limit int64) int64 {
	var sum, longest int64
	for i := len(s.list) - 1; i >= 0 && s.list[i].End > from; i-- {
		one := s.list[i].overlap(from, to)
		sum, longest = sum+one, max(longest, one)
	}
	return min(sum, longest+2*limit)
}

// Ours reports whether what lasted from from to end took longer than limit
// because of the spans: without them it would have ended within the limit.
func (s *Spans) Ours(from, end, limit int64) bool {
	took := end - from
	return took >= limit && took < limit+s.Delay(from, end, limit)
}
