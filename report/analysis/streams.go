package analysis

import (
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
)

// Streams is what HTTP/2 adds to the loss: one connection carries many requests
// at once, and a server can say which of them it has not acted on.
type Streams struct {
	*ledger.HTTP2 // nil if no connection of the run offered or spoke HTTP/2

	TurnedAway     int64 // requests that are ok without a response: --ok goaway
	NeverProcessed int64 // lost requests that the server has not acted on, as it says itself
}

// Shared reports whether requests shared connections: what one connection loses
// is one event, however many requests were on it.
func (s *Streams) Shared() bool { return s.HTTP2 != nil && s.Connections() > 0 }

// Ended counts the connections that ended under requests, and the requests that
// were lost with them.
func (s *Streams) Ended() (connections, requests int64) {
	if s.HTTP2 == nil {
		return 0, 0
	}
	for _, c := range s.Cuts {
		connections, requests = connections+c.Connections, requests+c.Streams
	}
	return connections, requests
}

// Together is how many losses of a class may be one event: what one connection
// lost. It is 1 where every request has its own.
func (s *Streams) Together(c record.Class) int64 {
	most := int64(1)
	switch {
	case !s.Shared():
	case c.Cause() == record.CauseGoaway && s.Turned > 0:
		most = (s.HTTP2.TurnedAway + s.Turned - 1) / s.Turned
	case BeyondConnect(c):
		for _, cut := range s.Cuts {
			if cut.Cause == c.Cause().String() {
				most = max(most, cut.Most)
			}
		}
	}
	return most
}

func findStreams(run *record.Run) Streams {
	s := Streams{HTTP2: run.HTTP2, TurnedAway: turnedAway(run)}
	for _, o := range run.Outcomes {
		if o.Fate == record.FateLost.String() && !o.Redirected && Refused(o.Class) {
			s.NeverProcessed += o.Count
		}
	}
	return s
}

// Refused reports whether a server said that it has not acted on a request and
// will not: HTTP/2 clients send such a request again.
func Refused(c record.Class) bool {
	return c.Cause() == record.CauseGoaway || c.Cause() == record.CauseRefusedStream
}

// turnedAway counts the requests that are ok without a response.
func turnedAway(run *record.Run) int64 {
	var n int64
	for _, o := range run.Outcomes {
		if o.Fate == record.FateOK.String() && o.Class != 0 {
			n += o.Count
		}
	}
	return n
}
