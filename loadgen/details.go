package loadgen

import (
	"cmp"
	"slices"
	"strings"
)

const (
	maxLostDetails = 100_000
	lostSlack      = 10_000 // how many more are held until they are sorted and cut
	maxSamples     = 1_000  // distinct texts; the rest share one for each class
)

// lostDetails keeps the first 100,000 lost requests in the order of
// compareLost. What it keeps follows from what it was given alone, not from
// the order, so that shards, their merge and a stream read back agree.
type lostDetails struct {
	list   []lostDetail
	full   bool
	last   lostDetail // the last that was kept when the list was cut; valid if full
	untold int64
}

// lostDetail is a lost request whose sample has no number yet: numbers are the
// merge's to give.
type lostDetail struct {
	LostRequest
	text string
}

// add keeps d, or counts it.
func (l *lostDetails) add(d lostDetail) {
	if l.full && compareLost(d, l.last) >= 0 {
		l.untold++
		return
	}
	l.list = append(l.list, d)
	if len(l.list) >= maxLostDetails+lostSlack {
		l.cut()
	}
}

// cut sorts the list and drops what is too much.
func (l *lostDetails) cut() {
	slices.SortFunc(l.list, compareLost)
	extra := len(l.list) - maxLostDetails
	if extra <= 0 {
		return
	}
	l.untold += int64(extra)
	clear(l.list[maxLostDetails:])
	l.list = l.list[:maxLostDetails]
	l.full, l.last = true, l.list[maxLostDetails-1]
}

func (l *lostDetails) merge(o *lostDetails) {
	for _, d := range o.list {
		l.add(d)
	}
	l.untold += o.untold
}

// compareLost orders lost requests by the time of failure. Those it calls
// equal do not differ in anything.
func compareLost(a, b lostDetail) int {
	if c := cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Endpoint, b.Endpoint),
		compareBool(a.Reused, b.Reused), cmp.Compare(a.text, b.text))
}

// sampleKey tells samples apart: a reset reads the same wherever it strikes.
type sampleKey struct {
	text  string
	class Class
}

func (k sampleKey) compare(o sampleKey) int {
	return cmp.Or(cmp.Compare(k.text, o.text), cmp.Compare(k.class, o.class))
}

// sampleSet counts error texts: 1,000 of them one by one, the rest by class.
// Those are the least in order of text, because that is the same in whatever
// order they are met and however they fall to shards.
type sampleSet struct {
	kept   map[sampleKey]*Sample
	last   sampleKey // the greatest of kept, once there are 1,000
	others map[Class]int64
}

// add counts n requests that met a text, and returns the text: the same one in
// memory for as long as it is kept.
func (s *sampleSet) add(class Class, text string, n int64) string {
	key := sampleKey{text, class}
	if found := s.kept[key]; found != nil {
		found.Count += n
		return found.Text
	}
	if len(s.kept) >= maxSamples {
		if key.compare(s.last) > 0 {
			s.other(class, n)
			return text
		}
		s.other(s.last.class, s.kept[s.last].Count)
		delete(s.kept, s.last)
	}
	if s.kept == nil {
		s.kept = map[sampleKey]*Sample{}
	}
	s.kept[key] = &Sample{Class: class, Text: text, Count: n}
	if len(s.kept) == maxSamples {
		s.last = s.greatest()
	}
	return text
}

func (s *sampleSet) other(class Class, n int64) {
	if s.others == nil {
		s.others = map[Class]int64{}
	}
	s.others[class] += n
}

func (s *sampleSet) greatest() sampleKey {
	var last sampleKey
	for key := range s.kept {
		if key.compare(last) > 0 {
			last = key
		}
	}
	return last
}

func (s *sampleSet) merge(o *sampleSet) {
	for _, sample := range o.kept {
		s.add(sample.Class, sample.Text, sample.Count)
	}
	for class, n := range o.others {
		s.other(class, n)
	}
}

// list is every text with its count, most frequent first, and the place of
// each in it.
func (s *sampleSet) list() ([]Sample, map[sampleKey]int) {
	counts := map[sampleKey]int64{}
	for key, sample := range s.kept {
		counts[key] = sample.Count
	}
	for class, n := range s.others {
		counts[otherSamples(class)] += n
	}
	list := make([]Sample, 0, len(counts))
	for key, n := range counts {
		list = append(list, Sample{Class: key.class, Text: key.text, Count: n})
	}
	slices.SortFunc(list, func(a, b Sample) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Text, b.Text))
	})
	places := make(map[sampleKey]int, len(list))
	for i, sample := range list {
		places[sampleKey{sample.Text, sample.Class}] = i
	}
	return list, places
}

// otherSamples is what the texts beyond the first 1,000 share.
func otherSamples(class Class) sampleKey {
	return sampleKey{"other errors of class " + class.String(), class}
}

// asText is s as files hold it: what a server sent may be anything, and must
// not be another text, or the same as another, when it is read back.
func asText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
