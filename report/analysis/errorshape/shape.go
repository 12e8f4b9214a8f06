// Package errorshape groups a run's error responses by the shape of their
// losses: when they came, from where, and how quickly. It holds numbers, no
// words.
package errorshape

import (
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Kind is what the shape of some error responses points to.
type Kind uint8

// The kinds. Unclear fits none of the others, or several.
const (
	Unclear     Kind = iota
	Scattered        // one at a time, over seconds, from no endpoint in particular, and quick
	NothingLeft      // for a while, every response was an error
	Lasting          // they began with the event and never ended
	Arriving         // from an endpoint that had just started, until it served
	Leaving          // from an endpoint that was about to go
)

// Basis is what a kind rests on.
type Basis uint8

// The bases, besides the times of the responses.
const (
	Responses   Basis = iota // nothing else
	Marks                    // a mark that names the endpoint: ready, terminating or signalled
	SharedMarks              // such a mark of some endpoint behind the same address
	ExitMark                 // a mark of the endpoint's exit
	Refusals                 // connections that the same endpoint refused
	FirstSeen                // the first connection to the endpoint
	Silence                  // the endpoint got no connection and sent no response any more
)

// Group is a set of error responses of one kind, with what supports it.
type Group struct {
	Kind        Kind
	Basis       Basis
	Endpoint    string // "" if there are several, or none is known
	Lost        int
	First, Last int64 // ns; when the first and the last response came
	Mark        int64 // ns; of the mark for Marks, SharedMarks and ExitMark, of the first connection for FirstSeen; else analysis.Unknown
	Said        Said  // over all its statuses
	// Share is the share of errors among the responses in that time.
	Share float64
	// Begin and End, of NothingLeft only, are the time in ns within First and Last
	// in which no response was ok.
	Begin, End int64
	// Recovered: responses were ok afterwards.
	Recovered bool
	// Moments, of Scattered only, is at how many different times they came; at Late
	// of these, most of them took longer than ok ones do.
	Moments, Late int
	// NoChance, of Scattered only: they are so many that it is no accident that they
	// are spread over the load and quick.
	NoChance bool
	// Quick counts the responses that took no longer than ok ones do.
	Quick  int
	Signal bool // Mark is of the stop signal
	// AtExit, of Marks and Leaving only: all came together just when the process
	// exited, some time after Mark, to requests that it had got long before.
	AtExit bool
	// Alone: no response with these statuses came from elsewhere or at another
	// time, and no mark of the opposite kind competes.
	Alone bool
	// Back is when an endpoint was ready again while errors went on;
	// analysis.Unknown if no mark says so.
	Back int64
	// Begun, of Lasting only: they began with the event, and not by chance.
	Begun bool
}

// Shape says which kind each error response of a run is of.
type Shape struct {
	groups   map[*record.LostRequest]*Group
	event    span
	known    bool         // whether there was an event
	soon     int64        // ns; see builder
	statuses map[int]bool // of error responses before the event
}

// span is a stretch of time, in ns.
type span struct{ from, to int64 }

func (s span) holds(at int64) bool { return at >= s.from && at <= s.to }

// Input is what a Shape is made from.
type Input struct {
	Run  *record.Run
	Loss *analysis.Loss
	Said map[int]Said // by status
	// LifecycleOf returns the lifecycle of a loss's endpoint at that time; nil if
	// no mark names the endpoint.
	LifecycleOf func(*record.LostRequest) *analysis.Lifecycle
	Shared      bool // the endpoints that marks name are behind one address
}

// Of returns the shape of a run's error responses. What is surest comes first:
// each response belongs to one group at most.
func Of(in Input) *Shape {
	b := newBuilder(in)
	for _, take := range []func(){b.takeTerminating, b.takePlaces, b.takeOutages, b.takeShared, b.takeLasting, b.takeScattered} {
		if len(b.rest) == 0 {
			break
		}
		take()
		b.rest = slices.DeleteFunc(b.rest, func(l *record.LostRequest) bool { return b.shape.groups[l] != nil })
	}
	return b.shape
}

// KindOf returns the kind of a loss; Unclear for one that is no error response.
func (s *Shape) KindOf(l *record.LostRequest) Kind {
	if g := s.groups[l]; g != nil {
		return g.Kind
	}
	return Unclear
}

// AtExit reports whether a loss is a response that came with others just when its
// process exited.
func (s *Shape) AtExit(l *record.LostRequest) bool {
	g := s.groups[l]
	return g != nil && g.AtExit
}

// ByMarks reports whether marks that name the endpoint of a loss explain it.
func (s *Shape) ByMarks(l *record.LostRequest) bool {
	g := s.groups[l]
	return g != nil && g.Basis == Marks
}

// Groups returns the groups of some losses, each once, in the order of the
// losses.
func (s *Shape) Groups(lost []*record.LostRequest) []*Group {
	var list []*Group
	known := map[*Group]bool{}
	for _, l := range lost {
		if g := s.groups[l]; g != nil && !known[g] {
			known[g] = true
			list = append(list, g)
		}
	}
	return list
}

// Event returns when the event began; false if there was none.
func (s *Shape) Event() (begin int64, known bool) { return s.event.from, s.known }

// WithEvent reports whether error responses began with the event: none with the
// same status came before it.
func (s *Shape) WithEvent(lost []*record.LostRequest) bool {
	if !s.known || len(lost) == 0 {
		return false
	}
	first := lost[0].End
	for _, l := range lost {
		if s.statuses[l.Class.Status()] {
			return false
		}
		first = min(first, l.End)
	}
	return analysis.Within(first, s.event.from, s.event.to+s.soon)
}
