package observed

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// Evidence is what the losses of one finding have in common.
type Evidence struct {
	Lost        []*record.LostRequest
	First, Last int64 // ns; when the first and the last met their cause, see analysis.FailedAt
	Longest     int64 // ns; the longest time from a request's start to its failure
	reused      int64
	Redirected  int64    // of lost: after a redirect
	Endpoints   []string // in natural order
	Classes     []record.BinLoss
}

// NewEvidence sums up losses, of which there is at least one.
func NewEvidence(lost []*record.LostRequest) *Evidence {
	e := &Evidence{Lost: lost}
	w := analysis.Window{}
	endpoints := map[string]bool{}
	for i, l := range lost {
		from, until := analysis.FailedAt(l, analysis.Near)
		if i == 0 {
			e.First, e.Last = from, until
		}
		e.First, e.Last = min(e.First, from), max(e.Last, until)
		e.Longest = max(e.Longest, l.End-l.Start)
		if l.Redirected {
			e.Redirected++
		}
		if l.Reused {
			e.reused++
		}
		if l.Endpoint != "" {
			endpoints[l.Endpoint] = true
		}
		w.AddClass(l.Class, 1)
	}
	e.Endpoints = slices.SortedFunc(maps.Keys(endpoints), analysis.CompareNatural)
	e.Classes = w.Classes
	slices.SortStableFunc(e.Classes, func(a, b record.BinLoss) int { return cmp.Compare(b.Count, a.Count) })
	return e
}

// Span is the time from the first to the last loss.
func (e *Evidence) Span() int64 { return e.Last - e.First }

// What counts the losses: "9 × wait.reset, on new connections; the server may
// have processed them".
func (e *Evidence) What() string {
	var parts []string
	for _, c := range e.Classes {
		parts = append(parts, phrase.Number(c.Count)+" × "+c.Class.String())
	}
	text := strings.Join(parts, ", ")
	switch n := int64(len(e.Lost)); {
	case !slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return analysis.BeyondConnect(l.Class) }):
	case e.reused == 0:
		text += ", on new connections"
	case e.reused == n:
		text += ", on reused connections"
	default:
		text += fmt.Sprintf(", %s on new connections, %s on reused ones", phrase.Number(n-e.reused), phrase.Number(e.reused))
	}
	every := func(is func(record.Class) bool) bool {
		return !slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return !is(l.Class) })
	}
	never := every(func(c record.Class) bool { return c.Info().SafeToRetry() })
	switch n := int64(len(e.Lost)); {
	case every(analysis.Refused):
		return text + "; the server says that it has not acted on " + phrase.Choose(n, "it", "them")
	case never && e.Redirected == n:
		return text + "; sent after a redirect: an earlier host responded, the host that failed received nothing"
	case never && e.Redirected > 0:
		return text + fmt.Sprintf("; %s of them came after a redirect: an earlier host responded, the host that failed received nothing", phrase.Number(e.Redirected))
	case never:
		return text + "; never reached the server"
	}
	return text + "; the server may have processed " + phrase.Choose(int64(len(e.Lost)), "it", "them")
}

// Connections returns how many connections the losses were on, and the most that
// were on one of them; 0 if that is not known of each.
func (e *Evidence) Connections() (n, most int64) {
	on := map[int64]int64{}
	for _, l := range e.Lost {
		if l.Connection == 0 {
			return 0, 0
		}
		on[l.Connection]++
		most = max(most, on[l.Connection])
	}
	return int64(len(on)), most
}

// When says at what times of the run the losses happened.
func (e *Evidence) When() string {
	first, last := phrase.Moment(e.First), phrase.Moment(e.Last)
	if first == last {
		return "at " + first
	}
	return "from " + first + " to " + last
}

// Started is when for losses that are placed at the start of their requests.
func (e *Evidence) Started() string {
	if e.Span() == 0 {
		return "started at " + phrase.Moment(e.First)
	}
	return fmt.Sprintf("started between %s and %s", phrase.Moment(e.First), phrase.Moment(e.Last))
}

// Subject names the endpoint of the evidence, or counts them if there are
// several.
func Subject(e *Evidence) string {
	if len(e.Endpoints) == 1 {
		return e.Endpoints[0]
	}
	return phrase.Counted(int64(len(e.Endpoints)), "endpoint", "endpoints")
}
