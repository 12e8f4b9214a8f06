package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// proxyFailed: the proxy failed the request.
type proxyFailed struct{}

func (proxyFailed) matches(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageProxy
}

func (proxyFailed) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      "the proxy failed " + phrase.Counted(int64(len(e.lost)), "request", "requests"),
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check -x: the target behind the proxy was not reached, so nothing is known about it"}},
	}
}
