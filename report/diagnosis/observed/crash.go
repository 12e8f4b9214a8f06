package observed

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// CrashOf returns the crash that can have caused a loss, the last one if
// several can; nil if none can.
func (s *Observation) CrashOf(l *record.LostRequest) *analysis.Crash {
	own := s.HistoryOf(l.Endpoint)
	if own != nil {
		for _, c := range slices.Backward(own.Crashes) {
			if c.Cuts(l) || analysis.IsRefusal(l.Class) && c.Lasts(l.End) {
				return c
			}
		}
		return nil
	}
	for i := range slices.Backward(s.Crashes) {
		c := &s.Crashes[i]
		if s.shared && (c.Cuts(l) || analysis.IsRefusal(l.Class) && c.Lasts(l.End) && s.outageBegin(l) <= c.At+max(analysis.Near, s.Loss.Gap)) {
			return c
		}
	}
	return nil
}

// CrashesOf returns the crashes that can have caused some of the losses, each
// once.
func (s *Observation) CrashesOf(e *Evidence) []*analysis.Crash {
	var list []*analysis.Crash
	for _, l := range e.Lost {
		if c := s.CrashOf(l); c != nil && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// Story describes a crash for people.
func Story(c *analysis.Crash) string {
	text := c.Endpoint + " crashed at " + phrase.Moment(c.At)
	if c.Text != "" {
		text += " (" + c.Text + ")"
	}
	if c.Back != analysis.Unknown {
		text += fmt.Sprintf(", and was ready again at %s", phrase.Moment(c.Back))
	}
	return text
}

// Crashed says which endpoints crashed.
func Crashed(list []*analysis.Crash) string {
	var endpoints []string
	for _, c := range list {
		endpoints = append(endpoints, c.Endpoint)
	}
	return phrase.Names(endpoints) + " crashed"
}
