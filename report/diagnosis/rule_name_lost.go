package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// nameLost: the name was not found.
type nameLost struct{}

func (nameLost) matches(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageDNS
}

func (nameLost) explain(s *observation, e *evidence) Finding {
	f := Finding{
		Title:      "the host name did not resolve for " + phrase.Duration(e.span()),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "keep the DNS record until the last endpoint that it names is gone"}},
	}
	if !s.shapes.Eventful() {
		f.Remedies = append([]Remedy{{"any", "check the name servers, and what changes the record"}}, f.Remedies...)
		return f
	}
	f.advise(remedy.Advice{
		Where: inKubernetes, Words: "a headless Service lists only ready pods: set {}, or use a Service with a cluster IP",
		Settings: []record.Remedy{{Part: "Service", Setting: "publishNotReadyAddresses", Value: "true"}},
	})
	return f
}
