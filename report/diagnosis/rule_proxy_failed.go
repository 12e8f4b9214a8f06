package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// proxyFailed: the proxy failed the request.
type proxyFailed struct{}

func (proxyFailed) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageProxy
}

func (proxyFailed) explain(s *observed.Observation, e *observed.Evidence) Finding {
	return Finding{
		Title:      "the proxy failed " + phrase.Counted(int64(len(e.Lost)), "request", "requests"),
		Confidence: Likely,
		Evidence:   append([]string{e.What(), e.When()}, s.Texts(e)...),
		Remedies:   []Remedy{{"any", "check -x: the target behind the proxy was not reached, so nothing is known about it"}},
	}
}
