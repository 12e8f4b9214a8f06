package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// nameLost: the name was not found.
type nameLost struct{}

func (nameLost) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageDNS
}

func (nameLost) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title:      "the host name did not resolve for " + phrase.Duration(e.Span()),
		Confidence: Likely,
		Measured:   e.Span(),
		Evidence:   append([]string{e.What(), e.When()}, s.Texts(e)...),
		Remedies:   []Remedy{{"any", "keep the DNS record until the last endpoint that it names is gone"}},
	}
	if !s.Shapes.Eventful() {
		f.Remedies = append([]Remedy{{"any", "check the name servers, and what changes the record"}}, f.Remedies...)
		return f
	}
	f.advise(remedy.Advice{
		Where: inKubernetes, Words: "a headless Service lists only ready pods: set {}, or use a Service with a cluster IP",
		Settings: []record.Remedy{{Part: "Service", Setting: "publishNotReadyAddresses", Value: "true"}},
	})
	return f
}
