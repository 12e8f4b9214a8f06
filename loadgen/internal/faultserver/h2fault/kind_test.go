package h2fault

import (
	"fmt"
	"testing"
)

func TestEveryKindHasARow(t *testing.T) {
	names := map[string]Kind{}
	for _, k := range Kinds() {
		row := kinds[k]
		if k.String() == "" {
			t.Errorf("kind %d has no row in the table", uint8(k))
		}
		if before, taken := names[k.String()]; taken {
			t.Errorf("kinds %d and %d are both %q", before, k, k)
		}
		names[k.String()] = k
		if row.act == nil && row.open == nil && !row.stalls {
			t.Errorf("%v does nothing", k)
		}
	}
	if got, want := numKinds.String(), fmt.Sprintf("kind(%d)", numKinds); got != want {
		t.Errorf("unknown kind: got %q; want %q", got, want)
	}
}

// streams is how many requests the tests of kinds send at once.
const streams = 4

// mixed lists the fates of kinds that do not treat all streams alike.
var mixed = map[Kind]map[Fate]int64{
	GoAwayMiddle:        {Responded: 2, Unprocessed: 2},
	GoAwayError:         {Responded: 2, Unprocessed: 2},
	GoAwayCalm:          {Responded: 2, Unprocessed: 2},
	GoAwayLast:          {Responded: 4},
	GoAwayTwice:         {Responded: 2, Unprocessed: 2},
	GoAwayTwoStep:       {Responded: 4},
	GoAwayTwoStepMiddle: {Responded: 2, Unprocessed: 2},
	GoAwayRaised:        {Responded: 2, Unprocessed: 2},
	GoAwayIdle:          {Responded: 4},
	GoAwayEOF:           {Cut: 2, Unprocessed: 2},
	GoAwayReset:         {Cut: 2, Unprocessed: 2},
	HalfThenEOF:         {Responded: 2, Cut: 2},
	HalfThenReset:       {Responded: 2, Cut: 2},
	OKThenEOF:           {Responded: 4},
	OKThenReset:         {Responded: 4},
	GoAwayAfter:         {Responded: 3, Unprocessed: 1},
	FewStreams:          {Responded: 2, Refused: 2},
	ChangingStreams:     {Responded: 2, Refused: 2},
	WindowShut:          {Responded: 4}, // of requests without bodies
}

// fatesOf are the fates of requests sent at once on one connection.
func fatesOf(k Kind) map[Fate]int64 {
	if fates, ok := mixed[k]; ok {
		return fates
	}
	for fate, classes := range kinds[k].says {
		if len(classes) > 0 {
			return map[Fate]int64{Fate(fate): streams}
		}
	}
	return map[Fate]int64{Responded: streams}
}

// TestKinds: what the server counts is what a client of frames sees, for every
// kind, to the last stream.
func TestKinds(t *testing.T) {
	for _, k := range Kinds() {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/tls=%t", k, secure), func(t *testing.T) {
				t.Parallel()
				s := start(t, planOf(k), secure)
				c := dial(t, s)
				want := fatesOf(k)
				c.begin()
				for range streams {
					c.open("GET", true)
				}
				gaveUp := want[Held]+want[Broken] > 0
				if gaveUp {
					c.finish()
					c.watchEnd()
				} else {
					c.watch()
				}
				c.quit()
				n := countsOf(t, s)
				if n.Streams != streams || n.Opened != streams || n.Connections != 1 || n.Incomplete != 0 {
					t.Errorf("counts %+v; want %d streams on one connection", n, streams)
				}
				same(t, "the server counted", totals(n.ByKind[k]), want)
				if want[Broken] == 0 {
					same(t, "the client saw", c.seen.fates(gaveUp), want)
				}
			})
		}
	}
}

func planOf(k Kind) Plan {
	plan := Always(k)
	plan.Gather, plan.Patience, plan.Requests = streams, patient, streams-1
	return plan
}
