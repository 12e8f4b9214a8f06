package diagnosis

import (
	"slices"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/streamed"
	"nodrop/report/phrase"
)

// drainedPolitely: GOAWAY came, and nothing was lost to it.
type drainedPolitely struct{}

func (drainedPolitely) explain(s *observed.Observation, ofLosses []Finding) (Finding, bool) {
	n := s.Loss.Streams
	if n.HTTP2 == nil || n.Goaway.Total() == 0 || slices.ContainsFunc(ofLosses, func(f Finding) bool { return f.Rule == "turned-away" }) {
		return Finding{}, false
	}
	if _, cut := n.Lost(true); cut > 0 {
		return Finding{}, false
	}
	return Finding{
		Title:      "GOAWAY ended " + phrase.Counted(n.Goaway.Total(), "connection", "connections") + ", and no request was lost to it",
		Confidence: Shown,
		Evidence:   []string{streamed.Goaway(s)},
	}, true
}
