package diagnosis

// eventNotSeen: no mark shows what the steps did.
type eventNotSeen struct{}

func (eventNotSeen) explain(s *observation, _ []Finding) (Finding, bool) {
	return Finding{
		Title:      "what the steps did to the target was not seen: no mark tells of an endpoint",
		Confidence: Shown,
		Evidence:   []string{"a step that changed nothing looks the same as one that lost nothing"},
	}, s.loss.Event.Known && len(s.lifecycles) == 0
}
