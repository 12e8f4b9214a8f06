package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// endpointCrashed: the endpoint's process exited, and nobody had told it to.
type endpointCrashed struct{}

// matches ignores losses that a leaving endpoint explains as well, unless the
// marks name the endpoint that crashed.
func (endpointCrashed) matches(s *observed.Observation, l *record.LostRequest) bool {
	return s.CrashOf(l) != nil && (s.Named(l) || !leaving(s, l))
}

func (endpointCrashed) explain(s *observed.Observation, e *observed.Evidence) Finding {
	met := s.CrashesOf(e)
	f := Finding{
		Title:      fmt.Sprintf("%s lost when %s", phrase.Counted(int64(len(e.Lost)), "request was", "requests were"), observed.Crashed(met)),
		Confidence: Shown,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Remedies:   []Remedy{mendCrash()},
	}
	for _, c := range met {
		f.Evidence = append(f.Evidence, observed.Story(c))
	}
	if slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return !s.Named(l) }) {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "the endpoints share one address, so it is not known which of them lost a request")
	}
	if slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return l.End < s.CrashOf(l).At-analysis.Near }) {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, fmt.Sprintf("the control plane may report a crash up to %s late: requests lost within that time before a crash mark are attributed to that crash", phrase.Duration(analysis.ExitLag)))
	}
	return f
}

// leaving reports whether an endpoint that was terminating explains a loss.
func leaving(s *observed.Observation, l *record.LostRequest) bool {
	if analysis.IsRefusal(l.Class) {
		return len(s.Overlapping(l)) > 0 || s.SlowRemovals[l] != nil
	}
	for range s.Exits(l) {
		return true
	}
	return false
}

func mendCrash() Remedy {
	return Remedy{"any", "fix the crash first: no shutdown setting helps a process that exits unexpectedly, and its losses cannot be told apart from those of the event"}
}

// orCrashed adds to a finding about leaving endpoints the crashes that may have
// lost the requests instead.
func orCrashed(s *observed.Observation, e *observed.Evidence, f *Finding) {
	for _, c := range s.CrashesOf(e) {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "cannot tell whether a crash was the cause instead: "+observed.Story(c))
	}
}
