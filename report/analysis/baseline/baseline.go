// Package baseline compares the losses from an event on with those before it,
// class by class.
//
// A target that always fails a little, as production does, still tells what an
// event did to it: a class of losses that is as frequent before the event as
// from then on is not the event's, and a class that becomes more frequent, or
// appears, is.
//
// Compare counts each class over the requests that got far enough to meet it: a
// status over the responses, a refused connection over all requests. Refusals
// do not make error responses rarer in this way, although a closed loop sends
// more requests while it is refused.
//
// Two Poisson counts are compared by their sum: given the sum, the later count
// is binomial (Przyborowski and Wilenski, Biometrika 31, 1940). But errors come
// in bursts, so requests are no independent witnesses. Following Rao and Scott
// (Biometrics 48, 1992), both counts are first divided by the design effect:
// how much more the losses of a slice of the baseline vary than by chance. This
// is estimated from at most 20 slices of equal length, with an allowance for
// its own error, and is at least 1 + 10/losses, because few losses do not show
// how they cluster.
//
// The comparison is made twice: over the whole time from the event on, which
// finds a lasting rise, and for the densest slice of it (times the number of
// slices), which finds a short one. A class is added to if twice the smaller
// p-value is below Level. Level is strict because the design effect is itself
// estimated: in simulations of steady errors, alone and in bursts, fewer than 1
// comparison in 20 finds a rise (see TestFalseAlarms).
//
// Limits. Bursts that are longer than a slice, or so rare that none came before
// the event, look like losses of the event. A baseline with fewer than 5 slices
// of 20 requests decides nothing about the classes that it met. Only whole bins
// are counted before the event; the bin in which it begins counts as its own.
// Of very many losses only the proportions of 1,000 are compared, so that a
// rise too small to matter is not found by their number alone.
package baseline

import (
	"cmp"
	"math"
	"slices"

	"nodrop/loadgen/record"
)

const (
	// Level is the significance level of a rise.
	Level = 0.01

	mostSlices    = 20
	leastSlices   = 5
	leastRequests = 20 // per slice, on average
)

// Outcome says what an event did to a class of losses.
type Outcome string

// The outcomes.
const (
	Steady  Outcome = "steady"  // no more frequent than before
	Added   Outcome = "added"   // more frequent than before, or new
	Unknown Outcome = "unknown" // too few requests or losses to tell
)

// Count is how many of the requests that got far enough were lost.
type Count struct {
	Lost, Of int64
}

// Rate returns the share of lost requests.
func (c Count) Rate() float64 {
	if c.Of == 0 {
		return 0
	}
	return float64(c.Lost) / float64(c.Of)
}

// Class compares one class of losses.
type Class struct {
	Class         record.Class
	Before, After Count // After is from the event on
	Outcome       Outcome
	Added         int64   // losses beyond those that the rate before makes expect; 0 unless Outcome is Added
	P             float64 // one-sided p-value of a rise; 1 if none was computed
	Sure          bool    // of a steady class: the rate has not doubled (one-sided 95 %)
}

// Compare compares every class of losses, the most frequent first. The event
// begins at until, in ns. Without losses before it there is nothing to compare
// and the list is empty. together is how many losses of a class may be one
// event: requests that shared a connection.
func Compare(bins *record.Bins, until int64, together func(record.Class) int64) []Class {
	if bins.Width <= 0 || until <= 0 {
		return nil
	}
	split := int(min(until/bins.Width, int64(len(bins.List))))
	earlier := totals(bins.List[:split])
	if len(earlier) == 0 {
		return nil
	}
	var list []Class
	for class := range totals(bins.List) {
		counts := countsOf(bins.List, class)
		list = append(list, judge(class, counts[:split], counts[split:], kinOf(class, earlier), together(class)))
	}
	slices.SortFunc(list, func(a, b Class) int {
		return cmp.Or(cmp.Compare(b.Before.Lost+b.After.Lost, a.Before.Lost+a.After.Lost), cmp.Compare(a.Class, b.Class))
	})
	return list
}

// totals counts the losses of each class.
func totals(list []record.Bin) map[record.Class]int64 {
	n := map[record.Class]int64{}
	for i := range list {
		for _, l := range list[i].Lost {
			if l.Count > 0 {
				n[l.Class] += l.Count
			}
		}
	}
	return n
}

// countsOf counts a class, bin by bin.
func countsOf(list []record.Bin, class record.Class) []Count {
	counts := make([]Count, len(list))
	for i := range list {
		c := &counts[i]
		c.Of = list[i].OK
		for _, l := range list[i].Lost {
			if l.Class.Stage() >= class.Stage() {
				c.Of += l.Count
			}
			if l.Class == class {
				c.Lost += l.Count
			}
		}
	}
	return counts
}

// kinOf counts the losses of the other classes of the same kind.
func kinOf(class record.Class, lost map[record.Class]int64) int64 {
	var n int64
	for other, count := range lost {
		if other != class && kindOf(other) == kindOf(class) {
			n += count
		}
	}
	return n
}

// kind groups the classes in which one cause may show: a target that sends 502s
// may send 503s as well.
type kind struct {
	stage  record.Stage
	status int // its first digit
}

func kindOf(c record.Class) kind {
	switch c.Stage() {
	case record.StageTLS:
		return kind{stage: record.StageProxy}
	case record.StageSend, record.StageHead, record.StageBody:
		return kind{stage: record.StageWait}
	default:
		return kind{c.Stage(), c.Status() / 100}
	}
}

// judge compares the bins before the event with those from it on. kin is how
// many losses of the same kind, but of other classes, came before it.
// together is how many losses may be one event.
func judge(class record.Class, before, after []Count, kin, together int64) Class {
	c := Class{Class: class, Before: sum(before), After: sum(after), Outcome: Unknown, P: 1}
	n := int(min(mostSlices, int64(len(before)), c.Before.Of/leastRequests))
	switch {
	case c.Before.Lost == 0 && kin == 0:
		c.Outcome, c.Added = Added, c.After.Lost
		return c
	case n < leastSlices || c.After.Of < leastRequests:
		return c
	}
	t := test{before: c.Before, effect: designEffect(divide(before, n), c.Before, kin, together)}
	whole := t.rise(c.After)
	densest, excess := t.densest(cut(after, len(before)/n))
	c.P = min(1, 2*min(whole, densest))
	switch {
	case c.P < Level:
		more := max(excess, float64(c.After.Lost)-t.expected(c.After))
		c.Outcome, c.Added = Added, min(int64(math.Round(more)), c.After.Lost)
	case c.Before.Lost > together && c.After.Rate() <= 2*c.Before.Rate(): // one event recurs nowhere
		c.Outcome, c.Sure = Steady, t.undoubled(c.After)
	}
	return c
}

func sum(list []Count) Count {
	var all Count
	for _, c := range list {
		all.Lost += c.Lost
		all.Of += c.Of
	}
	return all
}

// divide divides bins into n slices of nearly the same length.
func divide(list []Count, n int) []Count {
	parts := make([]Count, n)
	for i := range parts {
		parts[i] = sum(list[i*len(list)/n : (i+1)*len(list)/n])
	}
	return parts
}

// cut divides bins into slices of a length; the last one may be shorter.
func cut(list []Count, length int) []Count {
	var parts []Count
	for part := range slices.Chunk(list, max(1, length)) {
		parts = append(parts, sum(part))
	}
	return parts
}
