package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/analysis/shape"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// readyTooEarly: a new endpoint got requests before it could serve them, and
// serves now.
type readyTooEarly struct{}

func (readyTooEarly) matches(s *observed.Observation, l *record.LostRequest) bool {
	if s.Shapes.ArrivalOf(l) == nil {
		return false
	}
	// What an error response says and where it came from may explain more.
	return analysis.IsRefusal(l.Class) || errorshape.CanArrive(l.Class.Status()) && s.Errors.KindOf(l) == errorshape.Unclear
}

// leastErrors is how many error responses of a new endpoint are no coincidence.
const leastErrors = 3

func (readyTooEarly) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title: fmt.Sprintf("%s lost on %s that could not serve yet, over %s",
			phrase.Counted(int64(len(e.Lost)), "request was", "requests were"), phrase.Choose(int64(len(e.Endpoints)), "a new replica", "new replicas"), phrase.Duration(e.Span())),
		Confidence: Shown,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Remedies: []Remedy{
			{"any", "let the new replica become ready only when it can serve: a check that makes a request of the kind that clients make, not one that only looks for a process or an open port"},
			{"Kubernetes", "a readinessProbe with httpGet on a path that needs routes, configuration and back ends; minReadySeconds on top"},
		},
	}
	errors := 0
	for _, l := range e.Lost {
		a := s.Shapes.ArrivalOf(l)
		if !analysis.IsRefusal(l.Class) {
			errors++
		}
		if !a.Marked || !a.New || !analysis.IsRefusal(l.Class) {
			f.Confidence = Likely
		}
	}
	f.Evidence = append(f.Evidence, arrived(s, e)...)
	if errors == len(e.Lost) && errors < leastErrors {
		f.Confidence = CannotTell
		f.Title = fmt.Sprintf("%s had status %s, just after %s came", phrase.Counted(int64(errors), "response", "responses"), statuses(e), phrase.Choose(int64(len(e.Endpoints)), "a new replica", "new replicas"))
		f.Evidence = append(f.Evidence, "cannot tell whether that is more than a coincidence: so few responses may be errors at any time")
	}
	orCrashed(s, e, &f)
	return f
}

// arrived says when the new endpoints of the losses arrived.
func arrived(s *observed.Observation, e *observed.Evidence) []string {
	told := map[*shape.Arrival]bool{}
	var list []string
	for _, l := range e.Lost {
		a := s.Shapes.ArrivalOf(l)
		if told[a] || len(list) == observed.MaxTexts {
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
