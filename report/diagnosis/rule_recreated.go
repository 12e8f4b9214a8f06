package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/shape"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// recreated: the old endpoint was stopped before a new one served, and nothing
// served beside it.
type recreated struct{}

// matches leaves a loss to the other rules if a balancer's removal explains it,
// unless the marks show that a new endpoint ended the outage.
func (recreated) matches(s *observed.Observation, l *record.LostRequest) bool {
	o := s.Shapes.OutageOf(l)
	return o != nil && (o.Marked() || len(s.Overlapping(l)) == 0 && s.SlowRemovals[l] == nil)
}

func (recreated) explain(s *observed.Observation, e *observed.Evidence) Finding {
	met := outagesOf(s, e)
	longest, times, marked := e.Span(), "for", true
	if len(met) > 1 {
		longest, times = 0, fmt.Sprintf("in %d outages of up to", len(met))
	}
	f := Finding{
		Confidence: Shown,
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e), "nearly every request that was sent in that time was lost, whatever its endpoint"},
	}
	f.advise(remedy.StartFirst(s.Removed(e.First))...)
	for i, o := range met {
		marked = marked && o.Marked()
		if len(met) > 1 {
			longest = max(longest, o.End-o.Begin)
		}
		if o.Marked() && i < observed.MaxTexts {
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
func outagesOf(s *observed.Observation, e *observed.Evidence) []*shape.Outage {
	var list []*shape.Outage
	for _, l := range e.Lost {
		if o := s.Shapes.OutageOf(l); !slices.Contains(list, o) {
			list = append(list, o)
		}
	}
	return list
}
