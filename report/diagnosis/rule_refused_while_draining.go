package diagnosis

import (
	"fmt"

	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// refusedWhileDraining: an endpoint that was stopping responded with errors to
// what the balancer still sent.
type refusedWhileDraining struct{ ofShape }

func (refusedWhileDraining) explain(s *observed.Observation, e *observed.Evidence) Finding {
	n := int64(len(e.Lost))
	like, groups := responsesLike(s, e), s.Errors.Groups(e.Lost)
	responses := fmt.Sprintf("%s had status %s", phrase.Counted(n, "response", "responses"), statuses(e))
	f := Finding{
		Confidence: Likely,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Remedies: []Remedy{
			{"any", "go on serving requests after the stop signal until the load balancer sends no more; only then refuse them and close the listener"},
			{inKubernetes, preStop + " longer than the balancer takes to remove the endpoint: the stop signal then comes when no more requests do"},
			{"server", "turn off what refuses requests at shutdown, for instance return503OnClosing in Fastify"},
		},
	}
	marked, signalled, shown, unsure := true, true, true, false
	for i, g := range groups {
		if i < observed.MaxTexts {
			f.Evidence = append(f.Evidence, errorpage.Departure(g, s.Called(g.Endpoint)))
		}
		marked = marked && (g.Basis == errorshape.Marks || g.Basis == errorshape.SharedMarks)
		signalled = signalled && g.Signal
		shown = shown && g.Basis == errorshape.Marks && g.Alone && g.Lost >= noAccident
		unreached := g.Said.Known && g.Said.Reason&(errorshape.NoServer|errorshape.NotReached|errorshape.Closed) != 0
		unsure = unsure || unreached || g.Basis == errorshape.Silence || g.Basis != errorshape.Marks && !g.Alone
	}
	if extra := len(groups) - observed.MaxTexts; extra > 0 {
		f.Evidence = append(f.Evidence, phrase.Counted(int64(extra), "more endpoint of that kind", "more endpoints of that kind"))
	}
	f.Title = responses + " from " + observed.Subject(e) + ", just before it was gone: it refused requests while draining"
	switch {
	case marked && groups[0].Basis == errorshape.SharedMarks:
		f.Title = responses + " while an endpoint was terminating: it refused requests that it still got"
	case marked && !signalled:
		f.Title = responses + " after termination began: " + observed.Subject(e) + " refused requests while the load balancer still sent them"
	case marked:
		f.Title = responses + " after the stop signal: " + observed.Subject(e) + " refused requests while the load balancer still sent them"
	}
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, observed.MaxTexts, n)...)
	switch {
	case unsure:
		f.Confidence = CannotTell
		f.Title = responses + ", over " + phrase.Duration(e.Span())
		f.Evidence = append(f.Evidence, "cannot tell whether it refused requests while draining, or lost what it needs to serve them at that time: a server or sidecar that stopped first, or a new replica that could not serve yet")
	case shown:
		f.Confidence = Shown
	}
	return f
}
