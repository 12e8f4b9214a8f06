package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// endpointCrashed: the endpoint's process exited, and nobody had told it to.
type endpointCrashed struct{}

// matches ignores losses that a leaving endpoint explains as well, unless the
// marks name the endpoint that crashed.
func (endpointCrashed) matches(s *observation, l *record.LostRequest) bool {
	return s.crashOf(l) != nil && (s.named(l) || !leaving(s, l))
}

func (endpointCrashed) explain(s *observation, e *evidence) Finding {
	met := s.crashesOf(e)
	f := Finding{
		Title:      fmt.Sprintf("%s lost when %s", phrase.Counted(int64(len(e.lost)), "request was", "requests were"), crashed(met)),
		Confidence: Shown,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies:   []Remedy{mendCrash()},
	}
	for _, c := range met {
		f.Evidence = append(f.Evidence, story(c))
	}
	if slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return !s.named(l) }) {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "the endpoints share one address, so it is not known which of them lost a request")
	}
	if slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return l.End < s.crashOf(l).At-analysis.Near }) {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, fmt.Sprintf("the control plane may report a crash up to %s late: requests lost within that time before a crash mark are attributed to that crash", phrase.Duration(analysis.ExitLag)))
	}
	return f
}

// leaving reports whether an endpoint that was told to leave explains a loss.
func leaving(s *observation, l *record.LostRequest) bool {
	if analysis.IsRefusal(l.Class) {
		return len(s.overlapping(l)) > 0 || s.slowRemovals[l] != nil
	}
	for range s.exits(l) {
		return true
	}
	return false
}

func mendCrash() Remedy {
	return Remedy{"any", "fix the crash first: no shutdown setting helps a process that exits unexpectedly, and its losses cannot be told apart from those of the event"}
}

// orCrashed adds to a finding about leaving endpoints the crashes that may have
// lost the requests instead.
func orCrashed(s *observation, e *evidence, f *Finding) {
	for _, c := range s.crashesOf(e) {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "cannot tell whether a crash was the cause instead: "+story(c))
	}
}
