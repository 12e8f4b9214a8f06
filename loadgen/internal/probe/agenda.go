package probe

import (
	"cmp"
	"math"
	"time"
)

// Limits of an agenda. Pauses are in ns.
const (
	perSecond  = 20 // probes that may begin in any second
	second     = int64(time.Second)
	firstPause = int64(50 * time.Millisecond) // before the first repeat; each further one is twice as long
	lastPause  = int64(500 * time.Millisecond)
	headStart  = second // by which the first probe after a loss comes before repeats
)

// subject is an endpoint that lost a request, and has not worked since.
type subject struct {
	endpoint int
	loss     int64 // when the request was lost that leads to the next probe; 0 for a repeat
	due      int64 // when to probe it
	pause    int64 // before the repeat after the next one
	turn     int   // which probe of all its last one was; 0 for none yet
	whole    bool  // a handshake failed, so the next ones do not resume a session
	inFlight bool
	outcome  outcome // of the last probe
}

// outcome is what the agenda needs to know of a probe.
type outcome struct {
	works  bool // or the load has ended
	shared bool // several replicas share the address: the next connection may reach another one
	inTLS  bool // the handshake failed
	unsure bool // it may have failed because of the session that it offered
}

// rest is the time for which an endpoint that worked is not probed again.
type rest struct {
	until int64
	pause int64 // how long it is
}

// agenda says when to probe which endpoint. Times are ns from the run's start.
type agenda struct {
	subjects map[int]*subject
	rests    map[int]rest     // by endpoint
	begun    [perSecond]int64 // when the last probes began, in turn
	count    int              // how many have begun
}

func newAgenda() *agenda { return &agenda{subjects: map[int]*subject{}, rests: map[int]rest{}} }

// add puts an endpoint on the agenda, to be probed at once, or after its rest.
func (a *agenda) add(l loss) {
	if a.subjects[l.endpoint] == nil {
		due := max(l.at, a.rests[l.endpoint].until)
		a.subjects[l.endpoint] = &subject{endpoint: l.endpoint, loss: max(l.at, 1), due: due, pause: firstPause, whole: l.inTLS}
	}
}

// next returns the endpoint whose probe begins now, or nil and how long to wait.
func (a *agenda) next(now int64) (s *subject, wait int64) {
	for _, other := range a.subjects {
		if !other.inFlight && (s == nil || other.before(s)) {
			s = other
		}
	}
	if s == nil {
		return nil, math.MaxInt64
	}
	begin := s.due
	if a.count >= perSecond {
		begin = max(begin, a.begun[a.count%perSecond]+second)
	}
	if begin > now {
		return nil, begin - now
	}
	a.begun[a.count%perSecond] = now
	a.count++
	s.inFlight, s.turn = true, a.count
	return s, 0
}

// before reports whether s comes before o: whichever has been due for longer,
// with a head start for endpoints that have just lost a request. Repeats that
// have waited for longer than that come first, because only they bracket the end
// of an outage.
func (s *subject) before(o *subject) bool {
	return cmp.Or(cmp.Compare(s.rank(), o.rank()), cmp.Compare(s.turn, o.turn), cmp.Compare(s.endpoint, o.endpoint)) < 0
}

func (s *subject) rank() int64 {
	if s.loss != 0 {
		return s.due - headStart
	}
	return s.due
}

// ended takes the outcome of a probe, and reports whether the endpoint is off
// the agenda. An address that replicas share is tried again at once after the
// first failure, and so is any after one that says nothing.
func (a *agenda) ended(s *subject, now int64) (over bool) {
	if s.outcome.works {
		delete(a.subjects, s.endpoint)
		a.rest(s.endpoint, now)
		return true
	}
	s.whole = s.whole || s.outcome.inTLS
	if s.outcome.unsure {
		s.due, s.inFlight = now, false
		return false
	}
	s.due = now + s.pause
	if s.outcome.shared && s.loss != 0 {
		s.due = now
	} else {
		s.pause = min(2*s.pause, lastPause)
	}
	s.loss, s.inFlight = 0, false
	return false
}

// rest lets an endpoint rest that works. One that goes on losing a request now
// and then rests longer and longer, so that it does not take the probes of those
// that are down.
func (a *agenda) rest(endpoint int, now int64) {
	last, pause := a.rests[endpoint], firstPause
	if last.pause > 0 && now < last.until+lastPause {
		pause = min(2*last.pause, lastPause)
	}
	a.rests[endpoint] = rest{now + pause, pause}
}
