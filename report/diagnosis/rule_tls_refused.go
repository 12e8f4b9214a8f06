package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// tlsRefused: the TLS handshake failed.
type tlsRefused struct{}

func (tlsRefused) matches(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageTLS
}

func (tlsRefused) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "TLS handshake", "TLS handshakes") + " failed",
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check that old and new replicas use the same certificates and TLS versions"}},
	}
}
