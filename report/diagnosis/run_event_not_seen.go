package diagnosis

import "nodrop/report/diagnosis/observed"

// eventNotSeen: no mark shows what the steps did.
type eventNotSeen struct{}

func (eventNotSeen) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	return Finding{
		Title:      "nodrop did not see what the steps did to the target: no mark names an endpoint",
		Confidence: Shown,
		Evidence:   []string{"a step that changed nothing looks the same as one that caused no loss"},
	}, s.Loss.Event.Known && len(s.Lifecycles) == 0
}
