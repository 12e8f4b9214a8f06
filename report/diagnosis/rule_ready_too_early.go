package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/shape"
	"nodrop/report/phrase"
)

// readyTooEarly: a new endpoint got requests before it could serve them, and
// serves now.
type readyTooEarly struct{}

func (readyTooEarly) matches(s *observation, l *record.LostRequest) bool {
	return s.shapes.ArrivalOf(l) != nil && (analysis.IsRefusal(l.Class) || l.Class.Stage() == record.StageStatus)
}

func (readyTooEarly) explain(s *observation, e *evidence) Finding {
	f := Finding{
		Title: fmt.Sprintf("%s lost on %s that could not serve yet, over %s",
			phrase.Counted(int64(len(e.lost)), "request was", "requests were"), phrase.Choose(int64(len(e.endpoints)), "a new replica", "new replicas"), phrase.Duration(e.span())),
		Confidence: Shown,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies: []Remedy{
			{"any", "let the new replica become ready only when it can serve: a check that makes a request of the kind that clients make, not one that only looks for a process or an open port"},
			{"Kubernetes", "a readinessProbe with httpGet on a path that needs routes, configuration and back ends; minReadySeconds on top"},
		},
	}
	for _, l := range e.lost {
		a := s.shapes.ArrivalOf(l)
		if !a.Marked || !a.New || !analysis.IsRefusal(l.Class) {
			f.Confidence = Likely
		}
	}
	f.Evidence = append(f.Evidence, s.arrived(e)...)
	s.orCrashed(e, &f)
	return f
}

// arrived says when the new endpoints of the losses arrived.
func (s *observation) arrived(e *evidence) []string {
	told := map[*shape.Arrival]bool{}
	var list []string
	for _, l := range e.lost {
		a := s.shapes.ArrivalOf(l)
		if told[a] || len(list) == maxTexts {
			continue
		}
		told[a] = true
		how := "was reached for the first time"
		if a.Marked {
			how = "became ready"
		}
		list = append(list, fmt.Sprintf("%s %s at %s, and went on serving after the last of these losses", l.Endpoint, how, phrase.Moment(a.At)))
	}
	return list
}
