package diagnosis

import (
	"fmt"
	"math"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// tooLittleExposure: the load was too low to notice an outage.
type tooLittleExposure struct{}

func (tooLittleExposure) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	event := s.Loss.Event
	length := event.End - event.Begin
	smallest := s.Loss.Limits.Smallest(1)
	title := fmt.Sprintf("too little load to tell: an outage of 1 of %d endpoints shorter than %s would have gone unnoticed", s.Loss.Limits.Of, phrase.Duration(smallest))
	if smallest == math.MaxInt64 {
		title = fmt.Sprintf("too little load to tell: an outage of 1 of %d endpoints would have gone unnoticed, however long", s.Loss.Limits.Of)
	}
	return Finding{
		Title:      title,
		Confidence: Shown,
		Measured:   smallest,
		Evidence:   []string{fmt.Sprintf("the whole event lasted %s", phrase.Duration(length))},
		Remedies:   []Remedy{{"any", "send more requests per second: raise -c or -q"}},
	}, s.Run.Counts.Lost == 0 && event.Known && s.Loss.Limits.Of > 1 && smallest > length
}
