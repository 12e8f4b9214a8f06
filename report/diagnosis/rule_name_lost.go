package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// nameLost: the name was not found.
type nameLost struct{}

func (nameLost) matches(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageDNS
}

func (nameLost) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      "the name was not found for " + phrase.Duration(e.span()),
		Confidence: Likely,
		Settings:   []record.Remedy{{Object: inKubernetes, Setting: "publishNotReadyAddresses", Value: "true"}},
		Measured:   e.span(),
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "keep the record until the last endpoint it names is gone"}, {"Kubernetes", "a headless Service names ready pods alone: publishNotReadyAddresses, or a Service with an address"}},
	}
}
