package diagnosis

import (
	"nodrop/report/phrase"
)

func explainTLSRefused(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "TLS handshake", "TLS handshakes") + " failed",
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check that old and new replicas have the same certificates, and the same versions of TLS"}},
	}
}
