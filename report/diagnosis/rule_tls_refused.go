package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// tlsRefused: the TLS handshake failed.
type tlsRefused struct{}

func (tlsRefused) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageTLS
}

func (tlsRefused) explain(s *observed.Observation, e *observed.Evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "TLS handshake", "TLS handshakes") + " failed",
		Confidence: Likely,
		Evidence:   append([]string{e.What(), e.When() + "; " + s.Where(e)}, s.Texts(e)...),
		Remedies:   []Remedy{{"any", "check that old and new replicas use the same certificates and TLS versions"}},
	}
}
