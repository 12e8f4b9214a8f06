package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// killedAtTheEndOfGrace: endpoints were killed, but no loss is known to result
// from it.
type killedAtTheEndOfGrace struct{}

func (killedAtTheEndOfGrace) explain(s *observed.Observation, ofLosses []Finding) (Finding, bool) {
	var killed []*analysis.Lifecycle
	for i := range s.Lifecycles {
		if s.Lifecycles[i].Killed != analysis.Unknown {
			killed = append(killed, &s.Lifecycles[i])
		}
	}
	if len(killed) == 0 || slices.ContainsFunc(ofLosses, func(f Finding) bool { return f.Rule == "grace-too-short" || f.Rule == "ignored-sigterm" }) {
		return Finding{}, false
	}
	f := Finding{
		Title:      phrase.Counted(int64(len(killed)), "endpoint was", "endpoints were") + " killed at the end of the grace period, which cut whatever was still open",
		Confidence: Shown,
		Evidence:   []string{fmt.Sprintf("%s, %s", observed.EndpointNames(killed), observed.HadLived(killed))},
		Remedies:   inWords(remedy.EndByItself()),
	}
	switch {
	case every(killed, func(one *analysis.Lifecycle) bool { return s.Listened[one] }):
		f.Code, f.Title, f.Remedies = IgnoredSIGTERM, notHeeded(killed)+" and "+phrase.Choose(int64(len(killed)), "was", "were")+" killed", heedSignal()
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, wentOn(killed))
	case every(killed, func(one *analysis.Lifecycle) bool { return one.MayHaveIgnored(s.Seen, s.Run.Marks) }):
		f.Code, f.Confidence, f.Remedies = IgnoredSIGTERM, CannotTell, append(heedSignal(), f.Remedies...)
		f.Title = mayNotHaveHeeded(killed)
		f.Evidence = append(f.Evidence, stoodBehind(killed))
	}
	if s.Run.Counts.Lost == 0 {
		f.Evidence = append(f.Evidence, "no request of this run was lost because of it")
	}
	f.Evidence = append(f.Evidence, observed.ShutdownsOf(killed)...)
	return f, true
}

func every(list []*analysis.Lifecycle, holds func(*analysis.Lifecycle) bool) bool {
	return !slices.ContainsFunc(list, func(one *analysis.Lifecycle) bool { return !holds(one) })
}
