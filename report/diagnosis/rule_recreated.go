package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
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
	f := Finding{
		Title:      "nothing served for " + phrase.Duration(e.span()) + ": the old endpoint was stopped before a new one accepted connections",
		Confidence: Shown,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e), "no request succeeded in that time, on any endpoint"},
		Remedies: []Remedy{
			{"any", "start the new one first, wait until it is ready, then stop the old one; no pre-stop delay and no longer grace period helps while nothing serves beside it"},
			{"Kubernetes", "strategy RollingUpdate with maxUnavailable: 0 and maxSurge: 1 instead of Recreate; two replicas or more, and a PodDisruptionBudget"},
			{"Docker Compose", "order: start-first under deploy.update_config"},
			{"systemd", "socket activation (a .socket unit): connections wait in the socket while the service restarts"},
		},
		Settings: []record.Remedy{
			{Object: inKubernetes, Setting: "strategy.rollingUpdate.maxUnavailable", Value: "0"},
			{Object: inKubernetes, Setting: "strategy.rollingUpdate.maxSurge", Value: "1"},
		},
	}
	told := map[string]bool{}
	for _, l := range e.lost {
		o := s.shapes.OutageOf(l)
		if !o.Marked() {
			f.Confidence = Likely
		}
		if o.Left != analysis.Unknown && o.Ready != analysis.Unknown {
			text := fmt.Sprintf("an endpoint began to leave at %s, and one was ready at %s", phrase.Moment(o.Left), phrase.Moment(o.Ready))
			if !told[text] && len(told) < maxTexts {
				told[text] = true
				f.Evidence = append(f.Evidence, text)
			}
		}
	}
	if f.Confidence == Likely {
		f.Evidence = append(f.Evidence, "requests succeeded before and after it; no mark shows both when the old one stopped and when the new one was ready")
	}
	s.orCrashed(e, &f)
	return f
}
