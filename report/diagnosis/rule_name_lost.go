package diagnosis

import (
	"nodrop/report/phrase"
)

func explainName(s *observation, e *evidence) Finding {
	return Finding{
		Title:      "the name was not found for " + phrase.Duration(e.span()),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "keep the record until the last endpoint it names is gone"}, {"Kubernetes", "a headless Service names ready pods alone: publishNotReadyAddresses, or a Service with an address"}},
	}
}
