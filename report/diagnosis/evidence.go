package diagnosis

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

// evidence is what the losses of one finding have in common.
type evidence struct {
	lost        []*record.LostRequest
	first, last int64 // ns; when the first and the last met their cause, see analysis.FailedAt
	longest     int64 // ns; the longest time from a request's start to its failure
	reused      int64
	redirected  int64    // of lost: after a redirect
	endpoints   []string // in natural order
	classes     []record.BinLoss
}

func newEvidence(lost []*record.LostRequest) *evidence {
	e := &evidence{lost: lost}
	w := analysis.Window{}
	endpoints := map[string]bool{}
	for i, l := range lost {
		from, until := analysis.FailedAt(l, analysis.Near)
		if i == 0 {
			e.first, e.last = from, until
		}
		e.first, e.last = min(e.first, from), max(e.last, until)
		e.longest = max(e.longest, l.End-l.Start)
		if l.Redirected {
			e.redirected++
		}
		if l.Reused {
			e.reused++
		}
		if l.Endpoint != "" {
			endpoints[l.Endpoint] = true
		}
		w.AddClass(l.Class, 1)
	}
	e.endpoints = slices.SortedFunc(maps.Keys(endpoints), analysis.CompareNatural)
	e.classes = w.Classes
	slices.SortStableFunc(e.classes, func(a, b record.BinLoss) int { return cmp.Compare(b.Count, a.Count) })
	return e
}

// span is the time from the first to the last loss.
func (e *evidence) span() int64 { return e.last - e.first }

// what counts the losses: "9 × wait.reset, on new connections; the server may
// have processed them".
func (e *evidence) what() string {
	var parts []string
	for _, c := range e.classes {
		parts = append(parts, fmt.Sprintf("%d × %s", c.Count, c.Class))
	}
	text := strings.Join(parts, ", ")
	switch n := int64(len(e.lost)); {
	case !slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return analysis.BeyondConnect(l.Class) }):
	case e.reused == 0:
		text += ", on new connections"
	case e.reused == n:
		text += ", on reused connections"
	default:
		text += fmt.Sprintf(", %d on new connections, %d on reused ones", n-e.reused, e.reused)
	}
	never := !slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return !l.Class.Info().SafeToRetry() })
	switch n := int64(len(e.lost)); {
	case never && e.redirected == n:
		return text + "; sent after a redirect: an earlier host responded, the host that failed received nothing"
	case never && e.redirected > 0:
		return text + fmt.Sprintf("; %d of them came after a redirect: an earlier host responded, the host that failed received nothing", e.redirected)
	case never:
		return text + "; never reached the server"
	}
	return text + "; the server may have processed " + phrase.Choose(int64(len(e.lost)), "it", "them")
}

// when says at what times of the run the losses happened.
func (e *evidence) when() string {
	if e.span() == 0 {
		return "at " + phrase.Moment(e.first)
	}
	return fmt.Sprintf("from %s to %s", phrase.Moment(e.first), phrase.Moment(e.last))
}

// started is when for losses that are placed at the start of their requests.
func (e *evidence) started() string {
	if e.span() == 0 {
		return "started at " + phrase.Moment(e.first)
	}
	return fmt.Sprintf("started between %s and %s", phrase.Moment(e.first), phrase.Moment(e.last))
}

// subject names the endpoint of the evidence, or counts them if there are
// several.
func subject(e *evidence) string {
	if len(e.endpoints) == 1 {
		return e.endpoints[0]
	}
	return phrase.Counted(int64(len(e.endpoints)), "endpoint", "endpoints")
}
