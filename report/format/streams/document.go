package streams

import (
	"nodrop/loadgen/record/ledger"
	"nodrop/report/analysis"
)

// Document is what report-json says; report.schema.json describes it.
type Document struct {
	H2             int64     `json:"h2"`
	H2C            int64     `json:"h2c"`
	HTTP1          int64     `json:"http1"`
	Streams        int64     `json:"streams"`
	MostStreams    int64     `json:"mostStreams"`
	Goaway         goawayDoc `json:"goaway"`
	Resets         []codeDoc `json:"resets"`
	Ended          endedDoc  `json:"ended"`
	NeverProcessed int64     `json:"neverProcessed"`
	OKTurnedAway   int64     `json:"okTurnedAway"`
}

type goawayDoc struct {
	Connections  int64         `json:"connections"`
	Codes        []codeDoc     `json:"codes"`
	Announced    *announcedDoc `json:"announced"`
	TurnedAwayOn int64         `json:"turnedAwayOn"`
	TurnedAway   int64         `json:"turnedAway"`
	Finished     int64         `json:"finished"`
}

type announcedDoc struct {
	FirstNs       int64  `json:"firstNs"`
	LastNs        int64  `json:"lastNs"`
	YoungestNs    int64  `json:"youngestNs"`
	OldestNs      int64  `json:"oldestNs"`
	FewestStreams *int64 `json:"fewestStreams"`
	MostStreams   *int64 `json:"mostStreams"`
}

type codeDoc struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
}

// endedDoc is "streams lost / connections lost".
type endedDoc struct {
	Connections int64    `json:"connections"`
	Streams     int64    `json:"streams"`
	Kinds       []cutDoc `json:"kinds"`
}

type cutDoc struct {
	Cause       string `json:"cause"`
	Goaway      bool   `json:"goaway"`
	Connections int64  `json:"connections"`
	Streams     int64  `json:"streams"`
	MostOnOne   int64  `json:"mostOnOne"`
}

// DocumentOf returns nil for a run without HTTP/2.
func DocumentOf(s *analysis.Streams) *Document {
	h := s.HTTP2
	if h == nil {
		return nil
	}
	d := &Document{
		H2: h.H2, H2C: h.H2C, HTTP1: h.HTTP1, Streams: h.Streams, MostStreams: h.MostStreams,
		Goaway: goawayDoc{
			Connections: h.Goaway.Total(), Codes: codesOf(&h.Goaway), Announced: announcedOf(h.Announced),
			TurnedAwayOn: h.Turned, TurnedAway: h.TurnedAway, Finished: h.Finished,
		},
		Resets: codesOf(&h.Resets), Ended: endedDoc{Kinds: []cutDoc{}}, NeverProcessed: s.NeverProcessed, OKTurnedAway: s.TurnedAway,
	}
	d.Ended.Connections, d.Ended.Streams = s.Ended()
	for _, c := range h.Cuts {
		d.Ended.Kinds = append(d.Ended.Kinds, cutDoc{c.Cause, c.Goaway, c.Connections, c.Streams, c.Most})
	}
	return d
}

func codesOf(c *ledger.Codes) []codeDoc {
	list := []codeDoc{}
	for _, one := range c.List() {
		list = append(list, codeDoc(one))
	}
	return list
}

func announcedOf(a *ledger.Announced) *announcedDoc {
	if a == nil {
		return nil
	}
	d := &announcedDoc{FirstNs: a.First, LastNs: a.Last, YoungestNs: a.Youngest, OldestNs: a.Oldest}
	if a.Named > 0 {
		d.FewestStreams, d.MostStreams = &a.Fewest, &a.Most
	}
	return d
}
