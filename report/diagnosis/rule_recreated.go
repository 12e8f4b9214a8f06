package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/shape"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// recreated: the old endpoint was stopped before a new one served, and nothing
// served beside it.
type recreated struct{}

// matches leaves a loss to the other rules if a balancer's removal explains it,
// unless the marks show that a new endpoint ended the outage.
func (recreated) matches(s *observation, l *record.LostRequest) bool {
	o := s.shapes.OutageOf(l)
	return o != nil && (o.Marked() || len(s.overlapping(l)) == 0 && s.slowRemovals[l] == nil)
}

func (recreated) explain(s *observation, e *evidence) Finding {
	met := outagesOf(s, e)
	longest, times, marked := e.span(), "for", true
	if len(met) > 1 {
		longest, times = 0, fmt.Sprintf("%d times, for up to", len(met))
	}
	f := Finding{
		Confidence: Shown,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e), "nearly every request that was sent in that time was lost, whatever its endpoint"},
	}
	f.advise(remedy.StartFirst()...)
	for i, o := range met {
		marked = marked && o.Marked()
		if len(met) > 1 {
			longest = max(longest, o.End-o.Begin)
		}
		if o.Marked() && i < maxTexts {
			f.Evidence = append(f.Evidence, fmt.Sprintf("an endpoint began to leave at %s, and one was ready at %s", phrase.Moment(o.Left), phrase.Moment(o.Ready)))
		}
	}
	f.Measured = longest
	f.Title = fmt.Sprintf("nothing served %s %s: the old endpoint was stopped before a new one accepted connections", times, phrase.Duration(longest))
	if !marked {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "requests succeeded before and after it; no mark shows both when the old one stopped and when the new one was ready")
	}
	orCrashed(s, e, &f)
	return f
}

// outagesOf returns the outages that the losses belong to, each once.
func outagesOf(s *observation, e *evidence) []*shape.Outage {
	var list []*shape.Outage
	for _, l := range e.lost {
		if o := s.shapes.OutageOf(l); !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return list
}
