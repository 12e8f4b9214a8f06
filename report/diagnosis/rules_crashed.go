package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// crashOf is the crash that can have caused a loss, the last one where several can;
// nil where none can.
func (s *observation) crashOf(l *record.LostRequest) *analysis.Crash {
	own := s.historyOf(l.Endpoint)
	if own != nil {
		for _, c := range slices.Backward(own.Crashes) {
			if c.Cuts(l) || analysis.IsRefusal(l.Class) && c.Lasts(l.End) {
				return c
			}
		}
		return nil
	}
	for i := range slices.Backward(s.crashes) {
		c := &s.crashes[i]
		if s.shared && (c.Cuts(l) || analysis.IsRefusal(l.Class) && c.Lasts(l.End) && s.outageBegin(l) <= c.At+max(analysis.Near, s.loss.Gap)) {
			return c
		}
	}
	return nil
}

// story tells of a crash, for people.
func story(c *analysis.Crash) string {
	text := c.Endpoint + " crashed at " + phrase.Moment(c.At)
	if c.Text != "" {
		text += " (" + c.Text + ")"
	}
	if c.Back != analysis.Unknown {
		text += fmt.Sprintf(", and was ready again at %s", phrase.Moment(c.Back))
	}
	return text
}

// matchesCrashed leaves alone what an endpoint that was leaving explains as well,
// unless the marks name the one that crashed.
func matchesCrashed(s *observation, l *record.LostRequest) bool {
	return s.crashOf(l) != nil && (s.named(l) || !s.leaving(l))
}

// leaving reports that an endpoint which was told to go explains a loss.
func (s *observation) leaving(l *record.LostRequest) bool {
	if analysis.IsRefusal(l.Class) {
		return len(s.overlapping(l)) > 0 || s.slowRemovals[l] != nil
	}
	for range s.exits(l) {
		return true
	}
	return false
}

// crashesOf are those that can have caused some of the losses, each once.
func (s *observation) crashesOf(e *evidence) []*analysis.Crash {
	var list []*analysis.Crash
	for _, l := range e.lost {
		if c := s.crashOf(l); c != nil && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

func explainCrashed(s *observation, e *evidence) Finding {
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
		f.Evidence = append(f.Evidence, "the endpoints share an address: which of them lost a request is not known")
	}
	if slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return l.End < s.crashOf(l).At-analysis.Near }) {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, fmt.Sprintf("a control plane tells of an end up to %s after it: what was lost so shortly before a mark is laid to it", phrase.Duration(analysis.ExitLag)))
	}
	return f
}

func mendCrash() Remedy {
	return Remedy{"any", "mend the crash first: no shutdown setting helps a process that ends unasked, and what it loses cannot be told from what the event loses"}
}

func crashed(list []*analysis.Crash) string {
	var endpoints []string
	for _, c := range list {
		endpoints = append(endpoints, c.Endpoint)
	}
	return phrase.Names(endpoints) + " crashed"
}

// orCrashed adds to a finding of endpoints that left what crashed meanwhile, and may
// have lost the requests as well.
func (s *observation) orCrashed(e *evidence, f *Finding) {
	for _, c := range s.crashesOf(e) {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "cannot tell whether it was that: "+story(c))
	}
}
