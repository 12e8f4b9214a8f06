package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// crashOf returns the crash that can have caused a loss, the last one if
// several can; nil if none can.
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

// crashesOf returns the crashes that can have caused some of the losses, each
// once.
func (s *observation) crashesOf(e *evidence) []*analysis.Crash {
	var list []*analysis.Crash
	for _, l := range e.lost {
		if c := s.crashOf(l); c != nil && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// story describes a crash for people.
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

func crashed(list []*analysis.Crash) string {
	var endpoints []string
	for _, c := range list {
		endpoints = append(endpoints, c.Endpoint)
	}
	return phrase.Names(endpoints) + " crashed"
}
