package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// servedTooEarly: an endpoint that had just started got requests before it
// could serve them, and responded with errors.
type servedTooEarly struct{ ofShape }

func (servedTooEarly) explain(s *observed.Observation, e *observed.Evidence) Finding {
	n := int64(len(e.Lost))
	like := responsesLike(s, e)
	who := "a new replica"
	if len(e.Endpoints) > 0 && s.Errors.Groups(e.Lost)[0].Basis != errorshape.SharedMarks {
		who = observed.Subject(e)
	}
	lacks, remedy := "before it could serve them", "mark a replica ready only once it can serve requests: its readiness check must fail until then"
	routes := slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return l.Class.Status() == 404 })
	if routes {
		lacks, remedy = "before it had its configuration", "mark replicas ready only once they have their configuration: the readiness check must ask for what needs the routes that the traffic uses"
	}
	f := Finding{
		Title:      fmt.Sprintf("%s got requests %s: %s had status %s, over %s", who, lacks, phrase.Counted(n, "response", "responses"), statuses(e), phrase.Duration(e.Span())),
		Confidence: Likely,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Remedies: []Remedy{
			{"any", remedy},
			{inKubernetes, "readinessProbe.httpGet of a path that responds with 200 only then; minReadySeconds, if the gateway needs time to load what it serves"},
		},
	}
	shown, unsure := true, false
	groups := s.Errors.Groups(e.Lost)
	for i, g := range groups {
		if i < observed.MaxTexts {
			f.Evidence = append(f.Evidence, errorpage.Arrival(g, s.Called(g.Endpoint)))
		}
		shown = shown && g.Basis == errorshape.Marks && g.Alone && g.Lost >= noAccident
		unsure = unsure || g.Basis == errorshape.SharedMarks && !g.Alone
	}
	if extra := len(groups) - observed.MaxTexts; extra > 0 {
		f.Evidence = append(f.Evidence, phrase.Counted(int64(extra), "more time of that kind", "more times of that kind"))
	}
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, observed.MaxTexts, n)...)
	if unsure || n < leastErrors {
		f.Confidence = CannotTell
		f.Title = fmt.Sprintf("%s had status %s, over %s", phrase.Counted(n, "response", "responses"), statuses(e), phrase.Duration(e.Span()))
	}
	switch {
	case shown:
		f.Confidence = Shown
	case n < leastErrors:
		f.Evidence = append(f.Evidence, "cannot tell whether that is more than a coincidence: so few responses may be errors at any time")
	case unsure:
		f.Evidence = append(f.Evidence, "cannot tell whether a new replica got requests before it could serve them, or whether one that was leaving refused them: the endpoints share one address, and both happened at that time")
	}
	return f
}
