package record

import (
	"cmp"
	"maps"
	"slices"
)

const (
	// MaxLostDetails is how many lost requests a run lists in full.
	MaxLostDetails = 100_000
	// LostSlack is how many more are kept before the list is sorted and cut.
	LostSlack = 10_000
	// MaxSamples is how many texts of a class are counted separately; the rest
	// are counted together.
	MaxSamples = 1_000
)

// lostDetails keeps the first 100,000 lost requests in the order of compareLost.
// The result depends only on the set of requests, not on the order in which they
// arrive, so shards, their merge and a stream that is read back agree.
type lostDetails struct {
	list     []lostDetail
	full     bool
	last     lostDetail // the last request kept by cut; valid if full
	unlisted int64
}

// lostDetail is a lost request whose sample has no index yet: the merge assigns
// indexes.
type lostDetail struct {
	LostRequest
	text string
}

func (l *lostDetails) add(d lostDetail) {
	if l.full && compareLost(d, l.last) >= 0 {
		l.unlisted++
		return
	}
	l.list = append(l.list, d)
	if len(l.list) >= MaxLostDetails+LostSlack {
		l.cut()
	}
}

// cut sorts the list and drops what exceeds the limit.
func (l *lostDetails) cut() {
	slices.SortFunc(l.list, compareLost)
	extra := len(l.list) - MaxLostDetails
	if extra <= 0 {
		return
	}
	l.unlisted += int64(extra)
	clear(l.list[MaxLostDetails:])
	l.list = l.list[:MaxLostDetails]
	l.full, l.last = true, l.list[MaxLostDetails-1]
}

func (l *lostDetails) merge(o *lostDetails) {
	for _, d := range o.list {
		l.add(d)
	}
	l.unlisted += o.unlisted
}

// compareLost orders lost requests by the time of failure. Requests that compare
// equal are identical in every field.
func compareLost(a, b lostDetail) int {
	if c := cmp.Or(cmp.Compare(a.End, b.End), cmp.Compare(a.Start, b.Start)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Endpoint, b.Endpoint),
		compareBool(a.Reused, b.Reused), compareBool(a.Redirected, b.Redirected), cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Idle, b.Idle), cmp.Compare(a.text, b.text))
}

// classTexts counts texts by class: up to most texts of each class separately,
// the rest together.
type classTexts struct {
	most int
	of   map[Class]*textCount
}

// add counts n requests of a class with a text. It returns the stored copy of the
// text while that is kept.
func (c *classTexts) add(class Class, text string, n int64) string {
	return c.texts(class).add(text, n)
}

// addOne counts one request. It does not copy a text that is already kept.
func (c *classTexts) addOne(class Class, text []byte) {
	texts := c.texts(class)
	if found := texts.kept[string(text)]; found != nil {
		found.n++
		return
	}
	texts.add(string(text), 1)
}

func (c *classTexts) texts(class Class) *textCount {
	if found := c.of[class]; found != nil {
		return found
	}
	if c.of == nil {
		c.of = map[Class]*textCount{}
	}
	made := &textCount{most: c.most, kept: map[string]*textN{}}
	c.of[class] = made
	return made
}

func (c *classTexts) merge(o *classTexts) {
	for class, texts := range o.of {
		into := c.texts(class)
		for _, t := range texts.kept {
			into.add(t.text, t.n)
		}
		into.rest += texts.rest
	}
}

// textCount counts up to most texts separately and the rest together. It keeps
// the texts that sort first: that set does not depend on the order in which
// texts arrive or on how they are spread over shards, because a dropped text
// never comes back.
type textCount struct {
	most int
	kept map[string]*textN
	last string // the greatest of kept, once kept is full
	rest int64
}

type textN struct {
	text string
	n    int64
}

func (c *textCount) add(text string, n int64) string {
	if found := c.kept[text]; found != nil {
		found.n += n
		return found.text
	}
	if len(c.kept) == c.most {
		if text > c.last {
			c.rest += n
			return text
		}
		c.rest += c.kept[c.last].n
		delete(c.kept, c.last)
	}
	c.kept[text] = &textN{text, n}
	if len(c.kept) == c.most {
		c.last = slices.Max(slices.Collect(maps.Keys(c.kept)))
	}
	return text
}

// sampleKey identifies a sample. The class is part of it because errors of
// different classes can have the same text, such as a reset.
type sampleKey struct {
	class Class
	text  string
}

// samples returns the samples of a recording, the most frequent first, and the
// index of each.
func (c *classTexts) samples() ([]Sample, map[sampleKey]int) {
	counts := map[sampleKey]int64{}
	for class, texts := range c.of {
		for text, t := range texts.kept {
			counts[sampleKey{class, text}] += t.n
		}
		if texts.rest > 0 {
			counts[otherSamples(class)] += texts.rest
		}
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
		places[sampleKey{sample.Class, sample.Text}] = i
	}
	return list, places
}

// otherSamples is the sample shared by the texts of a class beyond the first
// 1,000.
func otherSamples(class Class) sampleKey {
	return sampleKey{class, "other errors of class " + class.String()}
}
