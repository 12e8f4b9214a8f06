package probe

import (
	"slices"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

// begin is when a probe of an endpoint began.
type begin struct {
	endpoint int
	at       int64
}

// carryOut lists the probes that begin within a minute on a clock that only
// waits move, and whose outcomes are as given.
func carryOut(a *agenda, outcomeOf func(endpoint int) outcome) []begin {
	const end = 60 * second
	var list []begin
	for now := int64(0); now < end; {
		s, wait := a.next(now)
		if s == nil {
			now += min(wait, end)
			continue
		}
		list = append(list, begin{s.endpoint, now})
		s.outcome = outcomeOf(s.endpoint)
		a.ended(s, now)
	}
	return list
}

func fails(int) outcome { return outcome{} }

// TestTwentyInAnySecond: however many endpoints lose requests, no second has
// more than 20 probes, and every endpoint is probed once before any is again.
func TestTwentyInAnySecond(t *testing.T) {
	const endpoints = 50
	a := newAgenda()
	for i := range endpoints {
		a.add(loss{endpoint: i})
	}
	list := carryOut(a, fails)
	if len(list) != 60*perSecond {
		t.Errorf("%d probes in a minute; want %d", len(list), 60*perSecond)
	}
	for i := range list[perSecond:] {
		if apart := list[i+perSecond].at - list[i].at; apart < second {
			t.Fatalf("%d probes within %d ns", perSecond+1, apart)
		}
	}
	first := map[int]bool{}
	for _, b := range list[:endpoints] {
		first[b.endpoint] = true
	}
	if len(first) != endpoints {
		t.Errorf("the first %d probes went to %d endpoints", endpoints, len(first))
	}
	count := map[int]int{}
	for _, b := range list {
		count[b.endpoint]++
	}
	for i := range endpoints {
		if n := count[i]; n != len(list)/endpoints {
			t.Errorf("endpoint %d was probed %d times; want %d", i, n, len(list)/endpoints)
		}
	}
}

// TestRepeats: an endpoint that fails is tried again, less and less often, until
// it works. An address that replicas share is first tried again at once.
func TestRepeats(t *testing.T) {
	for _, tt := range []struct {
		shared bool
		want   []int64 // ms
	}{
		{false, []int64{0, 50, 150, 350, 750, 1250, 1750}},
		{true, []int64{0, 0, 50, 150, 350, 750, 1250}},
	} {
		a := newAgenda()
		a.add(loss{endpoint: 3})
		tries := 0
		list := carryOut(a, func(int) outcome {
			tries++
			return outcome{works: tries == len(tt.want), shared: tt.shared}
		})
		var got []int64
		for _, b := range list {
			got = append(got, b.at/ms)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("shared %v: got %v; want %v", tt.shared, got, tt.want)
		}
		if len(a.subjects) > 0 {
			t.Errorf("shared %v: it works, but is still on the agenda", tt.shared)
		}
	}
}

// TestOneInFlight: an endpoint is not probed while a probe of it has not ended,
// and a new loss comes before repeats.
func TestOneInFlight(t *testing.T) {
	a := newAgenda()
	a.add(loss{endpoint: 1})
	first, _ := a.next(0)
	a.add(loss{endpoint: 1, at: ms})
	if s, _ := a.next(10 * second); s != nil {
		t.Error("a second probe began")
	}
	a.ended(first, 10*second)
	a.add(loss{endpoint: 2, at: 10*second + 51*ms})
	if s, _ := a.next(10*second + 51*ms); s == nil || s.endpoint != 2 || s.loss != 10*second+51*ms {
		t.Errorf("got %+v; want the endpoint that has just lost a request", s)
	}
}

// TestFlapping: endpoints that lose a request every 20 ms, but work whenever
// they are probed, take no probes from one that is down.
func TestFlapping(t *testing.T) {
	const down, end, every = 1000, 60 * second, 20 * ms
	for _, tt := range []struct {
		flapping int
		most     int64 // between two probes of the endpoint that is down
		each     int   // most probes of one that flaps
	}{
		{1, lastPause, 2*60 + 5},
		{10, lastPause + second, 2*60 + 5},
		{100, 8 * second, 20},
	} {
		a := newAgenda()
		a.add(loss{endpoint: down})
		count, last := map[int]int{}, int64(0)
		for now, lost := int64(0), int64(0); now < end; {
			for ; lost <= now; lost += every {
				for i := range tt.flapping {
					a.add(loss{endpoint: i, at: lost})
				}
			}
			s, wait := a.next(now)
			if s == nil {
				now = min(now+min(wait, end), lost)
				continue
			}
			count[s.endpoint]++
			if s.endpoint == down {
				if now-last > tt.most {
					t.Errorf("%d flapping: no probe of the endpoint that is down for %d ms at %d ms", tt.flapping, (now-last)/ms, now/ms)
				}
				last = now
			}
			s.outcome = outcome{works: s.endpoint != down}
			a.ended(s, now)
		}
		if last < end-tt.most {
			t.Errorf("%d flapping: the last probe of the endpoint that is down was at %d ms", tt.flapping, last/ms)
		}
		for i := range tt.flapping {
			if n := count[i]; n < 3 || n > tt.each {
				t.Errorf("%d flapping: endpoint %d was probed %d times", tt.flapping, i, n)
			}
		}
	}
}

// TestRest: an endpoint that worked is probed again 50 ms later at the soonest,
// after a loss meanwhile, and at once if it has been well for a while.
func TestRest(t *testing.T) {
	a := newAgenda()
	var got []int64
	for _, at := range []int64{0, 10, 60, 200, 2000, 2010} { // ms
		a.add(loss{endpoint: 3, at: at * ms})
		_, wait := a.next(at * ms)
		now := at*ms + wait
		s, _ := a.next(now)
		if s == nil {
			if s = a.subjects[3]; s == nil || !s.inFlight {
				t.Fatalf("no probe of the loss at %d ms", at)
			}
			now = at * ms
		}
		got = append(got, now/ms)
		s.outcome = outcome{works: true}
		a.ended(s, now)
	}
	if want := []int64{0, 50, 150, 350, 2000, 2050}; !slices.Equal(got, want) {
		t.Errorf("probes at %v ms; want %v", got, want)
	}
}

// TestUnsure: a probe that says nothing is repeated at once, with a whole
// handshake from then on, and the next one is the first after the loss.
func TestUnsure(t *testing.T) {
	a := newAgenda()
	a.add(loss{endpoint: 3, at: ms})
	s, _ := a.next(ms)
	if s.whole {
		t.Error("a whole handshake, though none has failed")
	}
	s.outcome = outcome{inTLS: true, unsure: true}
	if a.ended(s, 2*ms) {
		t.Fatal("off the agenda")
	}
	again, _ := a.next(2 * ms)
	if again != s || !s.whole || s.loss != ms || s.pause != firstPause {
		t.Errorf("got %+v, then %+v", s, again)
	}
}

// TestWholeAfterFailure: once a handshake has failed, of the load or of a probe,
// probes make whole ones.
func TestWholeAfterFailure(t *testing.T) {
	a := newAgenda()
	a.add(loss{endpoint: 1, inTLS: true})
	a.add(loss{endpoint: 2})
	for range 2 {
		s, _ := a.next(0)
		if s.whole != (s.endpoint == 1) {
			t.Errorf("endpoint %d: whole %v", s.endpoint, s.whole)
		}
		s.outcome = outcome{inTLS: s.endpoint == 2}
		a.ended(s, 0)
	}
	for range 2 {
		if s, _ := a.next(second); !s.whole {
			t.Errorf("endpoint %d: no whole handshake", s.endpoint)
		}
	}
}
