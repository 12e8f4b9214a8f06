package diagnosis

import (
	"nodrop/report/phrase"
)

func explainProxy(s *observation, e *evidence) Finding {
	return Finding{
		Title:      "the proxy failed " + phrase.Counted(int64(len(e.lost)), "request", "requests"),
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check -x: what is behind the proxy was not reached, and nothing is known of it"}},
	}
}
