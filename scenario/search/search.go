// Package search finds the smallest value of a setting with which a target loses
// nothing, in as few trials as it can.
//
// The pipeline: try the least value; from the value that its diagnosis names, or
// from the least, go up or down in steps that double until one value is safe and
// a smaller one is not; halve what lies between them; then run the smallest safe
// value and the one below it in turns, to confirm it. A value that loses in its
// confirmation was safe by luck: the search goes on above it.
//
// The invariant: at most 2·log2(steps) + 1 trials come before each confirmation,
// and at most AtMost in all.
// The package knows values only by their place in the range: no clock, no
// process.
package search

import (
	"context"
	"math"
	"math/bits"

	"nodrop/loadgen/record/trials"
)

// Search is for the smallest safe place from 0 to Steps.
type Search struct {
	Steps   int
	Confirm int // runs at the value found, and as many one step below
	// Try runs one trial. Its error ends the search.
	Try func(ctx context.Context, trial Trial) (Seen, error)
}

// Trial is a trial to make.
type Trial struct {
	Place  int
	Part   trials.Part
	Nth    int // from 1
	AtMost int // how many there will be, this one included
}

// Seen is what a trial has shown.
type Seen struct {
	Verdict Verdict
	Lost    int64
	// Needed is the place that the diagnosis of the losses names; false if it names
	// none in the range.
	Needed int
	Named  bool
	// Blind: too few requests are sent to tell two values apart.
	Blind bool
	// Unhealthy: the target failed before the event, which explains Unclear.
	Unhealthy bool
}

// Verdict is what a trial shows of its value.
type Verdict int

// The verdicts.
const (
	Unclear Verdict = iota // it proves nothing
	Safe
	Lossy
)

// Result is how a search ended, and the place that its outcome is about.
type Result struct {
	Outcome trials.Outcome
	Place   int
}

const (
	maxUnclear  = 3 // trials that proved nothing; two in a row end the search as well
	maxRejected = 3 // values that were safe at first and lost later
)

// searching is a search under way.
type searching struct {
	*Search
	ctx context.Context

	lossy, safe int           // the largest place that lost; the smallest above it that did not. -1 and Steps+1 without one
	made        int           // trials so far
	left        int           // trials that may come before the next confirmation
	bound       int           // of made, at the end of a confirmation that holds
	unclear     int           // trials that proved nothing
	start       int           // where the gallop begins
	stride      int           // of the next trial of the gallop; 0 before it begins
	lost        map[int]int64 // the most that a place lost
	refuted     map[int]bool  // places that lost in a confirmation, be it their own
	result      *Result       // set when it is over
	err         error
}

// Run searches. With an error, the result says at which place.
func (s *Search) Run(ctx context.Context) (Result, error) {
	g := &searching{Search: s, ctx: ctx, lossy: -1, safe: s.Steps + 1, left: Before(s.Steps), start: -1, lost: map[int]int64{}, refuted: map[int]bool{}}
	g.first()
	for range maxRejected {
		g.bracket()
		g.confirm()
		g.start, g.stride, g.left = g.lossy+1, 0, Before(s.Steps)
	}
	g.end(trials.Drifting, g.lossy)
	return *g.result, g.err
}

// Before is the greatest number of trials before a confirmation.
func Before(steps int) int {
	if steps < 2 {
		return 2 // both values
	}
	return int(2*math.Log2(float64(steps))) + 1
}

// AtMost is the greatest number of trials of a search, with those of confirmations
// that did not hold and those that proved nothing.
func AtMost(steps, confirm int) int { return maxRejected*(Before(steps)+2*confirm) + maxUnclear }

func (g *searching) end(outcome trials.Outcome, place int) {
	if g.result == nil {
		g.result = &Result{outcome, place}
	}
}

// first tries the least value. Its diagnosis names the place to start from.
func (g *searching) first() {
	seen, ok := g.try(0, trials.Bracket)
	if ok && seen.Verdict == Lossy && seen.Named {
		g.start = seen.Needed
	}
}

// bracket makes trials until the smallest safe place is next to a lossy one.
func (g *searching) bracket() {
	for g.result == nil && g.safe-g.lossy > 1 {
		g.try(g.next(), trials.Bracket)
	}
	if g.result == nil && g.safe > g.Steps {
		g.none()
	}
}

// none ends a search in which no value was safe.
func (g *searching) none() {
	fewest := g.Steps
	for place, lost := range g.lost {
		if lost < g.lost[fewest] || lost == g.lost[fewest] && place < fewest {
			fewest = place
		}
	}
	if g.lost[g.Steps] > 2*g.lost[fewest] {
		g.end(trials.NotMonotone, fewest)
		return
	}
	g.end(trials.NeverSafe, g.Steps)
}

// next chooses the place of the next trial: the next one of the gallop while it
// goes on, if halving could still end in time after it.
func (g *searching) next() int {
	half := (g.lossy + g.safe) / 2
	if place, ok := g.gallop(); ok && 1+g.halvings(place) <= g.left {
		return place
	}
	return half
}

// gallop is the next place away from where it started: up while all are lossy,
// down while all are safe.
func (g *searching) gallop() (place int, ok bool) {
	if g.stride == 0 {
		g.stride = 1
		if g.start > g.lossy && g.start < g.safe {
			return g.start, true
		}
		g.start = max(0, g.lossy)
	}
	stride := g.stride
	g.stride *= 2
	switch {
	case g.safe <= g.start: // the start was safe
		place = g.start - stride
	case g.lossy >= g.start:
		place = min(g.start+stride, g.Steps)
	}
	return place, place > g.lossy && place < g.safe && (g.safe > g.Steps || g.safe <= g.start)
}

// halvings is how many trials the halving takes at most after one at a place.
func (g *searching) halvings(place int) int {
	return bits.Len(uint(max(place-g.lossy, g.safe-place) - 1))
}

// confirm runs the smallest safe place and the one below it in turns.
func (g *searching) confirm() {
	value := g.safe
	g.bound = g.made + 2*g.Confirm
	if value == 0 {
		g.bound -= g.Confirm // there is nothing below
	}
	for i := range 2 * g.Confirm {
		if g.result != nil {
			return
		}
		place := value
		if turn := i % 4; turn == 1 || turn == 2 { // A B B A
			place--
		}
		if place < 0 {
			continue
		}
		seen, ok := g.try(place, trials.Confirm)
		if ok && seen.Verdict == Lossy {
			g.refuted[place] = true
		}
		if !ok || g.refuted[value] {
			return
		}
	}
	switch {
	case value == 0:
		g.end(trials.AlwaysSafe, 0)
	case !g.refuted[value-1]:
		g.end(trials.Drifting, value-1)
	default:
		g.end(trials.Found, value)
	}
}

// try makes a trial, and makes it again if it proved nothing. It returns false
// if the search is over.
func (g *searching) try(place int, part trials.Part) (seen Seen, ok bool) {
	for again := false; ; again = true {
		if g.ctx.Err() != nil {
			g.end(trials.Interrupted, place)
			return seen, false
		}
		g.made++
		seen, g.err = g.Try(g.ctx, Trial{Place: place, Part: part, Nth: g.made, AtMost: g.atMost(part)})
		switch {
		case g.ctx.Err() != nil:
			g.end(trials.Interrupted, place)
			return seen, false
		case g.err != nil:
			g.end(trials.Failed, place)
			return seen, false
		case seen.Blind:
			g.end(trials.TooFew, place)
			return seen, false
		case seen.Verdict != Unclear:
			g.note(place, part, seen)
			return seen, true
		}
		g.bound++ // it is made again
		if g.unclear++; !again && g.unclear < maxUnclear {
			continue
		}
		g.end(trials.Unclear, place)
		if seen.Unhealthy {
			g.result.Outcome = trials.Unhealthy
		}
		return seen, false
	}
}

// note narrows what is left to search. Losses below the largest lossy place, and
// safe runs above the smallest safe one, say nothing new.
func (g *searching) note(place int, part trials.Part, seen Seen) {
	if part == trials.Bracket {
		g.left--
	}
	if seen.Verdict == Safe {
		if place > g.lossy {
			g.safe = min(g.safe, place)
		}
		return
	}
	g.lost[place] = max(g.lost[place], seen.Lost)
	if place > g.lossy {
		g.lossy = place
	}
	if place >= g.safe {
		g.safe = g.Steps + 1 // what was safe above it is tried anew
	}
}

// atMost is a bound on all trials, if none proves nothing and the value found is
// confirmed.
func (g *searching) atMost(part trials.Part) int {
	if part == trials.Bracket {
		return g.made - 1 + g.left + 2*g.Confirm
	}
	return g.bound
}
