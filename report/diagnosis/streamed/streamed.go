// Package streamed puts into words what the ledger of HTTP/2 and the losses of
// one finding say about connections that requests shared.
package streamed

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// Over reports whether a loss was on an HTTP/2 connection: those of a run whose
// server chose HTTP/1.1 on some may have been on either.
func Over(s *observed.Observation) bool {
	h := &s.Loss.Streams
	return h.Shared() && h.HTTP1 == 0
}

// Limit is a bound on the life of a connection at which its server sends GOAWAY.
type Limit struct {
	Requests int64 // that each carried; 0 if they carried different numbers
	Age      int64 // of the youngest, in ns; 0 if it does not explain them
	// Again: connections that replaced others met it as well. Otherwise all may
	// have got GOAWAY in one drain.
	Again bool
}

// LimitOf finds the bound. A drain sends GOAWAY on connections that are open at
// the same time; a bound does so on those as well that replaced them.
func LimitOf(s *observed.Observation) Limit {
	a := s.Loss.Streams.Announced
	if a == nil || s.Loss.Streams.Goaway.Total() < 3 {
		return Limit{}
	}
	l := Limit{Again: a.Last-a.First >= a.Youngest && a.Youngest > 0}
	if a.Named == s.Loss.Streams.Goaway.Total() && a.Fewest == a.Most && a.Most > 1 {
		l.Requests = a.Most
	}
	if l.Again && 4*(a.Oldest-a.Youngest) <= a.Oldest { // gRPC servers vary it by a tenth
		l.Age = a.Youngest
	}
	return l
}

// Goaway says on how many connections GOAWAY came, and what became of the
// requests that were on them.
func Goaway(s *observed.Observation) string {
	h := &s.Loss.Streams
	_, cut := h.Lost(true)
	fate := "none was cut"
	if cut > 0 {
		fate = phrase.Counted(cut, "was cut", "were cut")
	}
	return fmt.Sprintf("GOAWAY came on %s; %s after it, %s", phrase.Counted(h.Goaway.Total(), "connection", "connections"),
		phrase.Counted(h.Finished, "request finished", "requests finished"), fate)
}

// Draining says how surely requests were turned away because something was done
// to their server: during the event, and of an endpoint that marks say was
// leaving.
func Draining(s *observed.Observation, lost []*record.LostRequest) (likely, sure bool) {
	t := s.Shapes.Times(lost)
	if t.During == 0 || t.Before+t.After > 0 {
		return false, false
	}
	for _, l := range lost {
		own := s.LifecycleOf(l)
		if own == nil || own.Begin() > l.End+analysis.Near {
			return true, false
		}
	}
	return true, true
}

// Connections says how many connections the losses were on, and how many of those
// had got GOAWAY; "" if each had its own, or that is not known.
func Connections(s *observed.Observation, e *observed.Evidence) string {
	n, most := e.Connections()
	alone := slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return !analysis.IsCut(l.Class) })
	if !s.Loss.Streams.Shared() || n == 0 || n == int64(len(e.Lost)) || alone {
		return ""
	}
	text := fmt.Sprintf("%s lost on %s", phrase.Counted(int64(len(e.Lost)), "request", "requests"), phrase.Counted(n, "connection", "connections"))
	if n > 1 {
		text += fmt.Sprintf(", at most %s on one", phrase.Number(most))
	}
	return text + ": each connection is one event"
}

// Announced returns the least and the most time between GOAWAY and the end of the
// connection, in ns.
func Announced(lost []*record.LostRequest) (least, most int64) {
	least = lost[0].Goaway
	for _, l := range lost {
		least, most = min(least, l.Goaway), max(most, l.Goaway)
	}
	return least, most
}

// Exits counts the losses at the time of which marks show that a process exited.
func Exits(s *observed.Observation, lost []*record.LostRequest) int64 {
	var n int64
	for _, l := range lost {
		for range s.Exits(l) {
			n++
			break
		}
	}
	return n
}
