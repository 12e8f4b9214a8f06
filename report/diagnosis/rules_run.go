package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

func explainUnlisted(s *observation, _ []Finding) (Finding, bool) {
	n := s.run.LostUntold
	return Finding{
		Title:      fmt.Sprintf("%s in the counts alone: the findings are about the first %d", phrase.Counted(n, "lost request is", "lost requests are"), len(s.run.Lost)),
		Confidence: Shown,
	}, n > 0
}

func explainClient(s *observation, _ []Finding) (Finding, bool) {
	n := s.run.Counts.Spoiled
	f := Finding{
		Title:      phrase.Counted(n, "request", "requests") + " failed on this machine, which says nothing about the target",
		Confidence: Shown,
	}
	for _, c := range s.loss.Classes {
		if c.Spoiled {
			f.Evidence = append(f.Evidence, fmt.Sprintf("%d × %s: %s", c.Total(), c.Class, c.Sample))
			f.Remedies = append(f.Remedies, Remedy{"this machine", c.Class.Info().Remedy})
		}
	}
	return f, n > 0
}

func explainEndedEarly(s *observation, _ []Finding) (Finding, bool) {
	e := s.loss.Event
	latest := e.LoadOver + s.run.Bins.Width
	f := Finding{
		Title:      "the load was over before the event was: what came after it met no request",
		Confidence: Shown,
		Measured:   e.End - e.LoadOver,
		Evidence:   []string{fmt.Sprintf("the last request started between %s and %s, the event ended at %s", phrase.Moment(e.LoadOver), phrase.Moment(latest), phrase.Moment(e.End))},
		Remedies:   []Remedy{{"any", "a longer load, or --settle 1s"}},
	}
	if e.End < latest {
		f.Title, f.Confidence = "the load may have been over before the event was", CannotTell
	}
	return f, e.Known && !e.Inside() && !s.run.Interrupted
}

func explainNoEvent(s *observation, _ []Finding) (Finding, bool) {
	return Finding{
		Title:      "what the steps did to the target was not seen: no mark tells of an endpoint",
		Confidence: Shown,
		Evidence:   []string{"a step that changed nothing looks the same as one that lost nothing"},
	}, s.loss.Event.Known && len(s.lifecycles) == 0
}

func explainExposure(s *observation, _ []Finding) (Finding, bool) {
	event := s.loss.Event
	length := event.End - event.Begin
	smallest := s.loss.Limits.Smallest(1)
	return Finding{
		Title:      fmt.Sprintf("too little load to tell: an outage of 1 of %d endpoints shorter than %s would have gone unseen", s.loss.Limits.Of, phrase.Duration(smallest)),
		Confidence: Shown,
		Measured:   smallest,
		Evidence:   []string{fmt.Sprintf("the whole event took %s", phrase.Duration(length))},
		Remedies:   []Remedy{{"any", "more requests per second: a higher -c or -q"}},
	}, s.run.Counts.Lost == 0 && event.Known && s.loss.Limits.Of > 1 && smallest > length
}

// explainKilledUnmet is of endpoints that did not end by themselves, where no loss is
// known to come of it.
func explainKilledUnmet(s *observation, ofLosses []Finding) (Finding, bool) {
	var killed []*analysis.Lifecycle
	for i := range s.lifecycles {
		if s.lifecycles[i].Killed != analysis.Unknown {
			killed = append(killed, &s.lifecycles[i])
		}
	}
	if len(killed) == 0 || slices.ContainsFunc(ofLosses, func(f Finding) bool { return f.Rule == "grace-too-short" }) {
		return Finding{}, false
	}
	f := Finding{
		Title:      phrase.Counted(int64(len(killed)), "endpoint was", "endpoints were") + " killed at the end of the grace, and whatever was open was cut",
		Confidence: Shown,
		Evidence:   []string{fmt.Sprintf("%s, %s", endpointNames(killed), hadLived(killed))},
		Remedies:   endByItself(),
	}
	if s.run.Counts.Lost == 0 {
		f.Evidence = append(f.Evidence, "no request of this run was lost to it")
	}
	f.Evidence = append(f.Evidence, shutdownsOf(killed)...)
	return f, true
}
