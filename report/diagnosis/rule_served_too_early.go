package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/phrase"
)

// servedTooEarly: an endpoint that had just started got requests before it
// could serve them, and responded with errors.
type servedTooEarly struct{ ofShape }

func (servedTooEarly) explain(s *observation, e *evidence) Finding {
	n := int64(len(e.lost))
	like := responsesLike(s, e)
	who := "a new replica"
	if len(e.endpoints) > 0 && s.errors.Groups(e.lost)[0].Basis != errorshape.SharedMarks {
		who = subject(e)
	}
	lacks, remedy := "before it could serve them", "mark a replica ready only once it can serve requests: its readiness check must fail until then"
	routes := slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return l.Class.Status() == 404 })
	if routes {
		lacks, remedy = "before it had its configuration", "mark replicas ready only once they have their configuration: the readiness check must ask for what needs the routes that the traffic uses"
	}
	f := Finding{
		Title:      fmt.Sprintf("%s got requests %s: %s had status %s, over %s", who, lacks, phrase.Counted(n, "response", "responses"), statuses(e), phrase.Duration(e.span())),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies: []Remedy{
			{"any", remedy},
			{inKubernetes, "readinessProbe.httpGet of a path that responds with 200 only then; minReadySeconds, if the gateway needs time to load what it serves"},
		},
	}
	shown, unsure := true, false
	groups := s.errors.Groups(e.lost)
	for i, g := range groups {
		if i < maxTexts {
			f.Evidence = append(f.Evidence, errorpage.Arrival(g, s.called(g.Endpoint)))
		}
		shown = shown && g.Basis == errorshape.Marks && g.Alone && g.Lost >= surelySpread
		unsure = unsure || g.Basis == errorshape.SharedMarks && !g.Alone
	}
	if extra := len(groups) - maxTexts; extra > 0 {
		f.Evidence = append(f.Evidence, phrase.Counted(int64(extra), "more time of that kind", "more times of that kind"))
	}
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, maxTexts, n)...)
	if unsure || n < leastErrors {
		f.Confidence = CannotTell
		f.Title = fmt.Sprintf("%s had status %s, over %s", phrase.Counted(n, "response", "responses"), statuses(e), phrase.Duration(e.span()))
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
