// Package length keeps how long the bodies of responses were, over the time of
// a run.
//
//	Tally → Line.Add (one Line for each shard) → Sum → the Line of the run → Before, Since, Last
//
// Where a response does not say how long its body is, a body that was cut short
// on its way to a gateway looks complete. Only its length gives it away, next to
// the lengths of the others.
//
// The invariant: a Line does not depend on how responses were spread over
// Lines, nor on their order, and takes the same memory for any number of them.
package length

import (
	"errors"
	"fmt"
)

const (
	// FirstWidth is the initial width of a slot, in ns.
	FirstWidth = 5_000_000
	// MaxSlots is the maximum number of slots. Beyond it, the width doubles.
	MaxSlots = 1024
	// Kept is how many lengths of a slot are counted one by one.
	Kept = 6
)

// Line is a time line of lengths. Slots start at 0 and are Width ns wide.
type Line struct {
	Width int64  `json:"widthNs"`
	List  []Slot `json:"list"`
}

// Slot holds the lengths of the bodies that ended in one interval, in bytes.
type Slot struct {
	Count int64 `json:"count,omitempty"` // bodies
	Max   int64 `json:"max,omitempty"`
	Least Least `json:"least,omitzero"`
}

// Least counts the bodies of the shortest lengths of a slot, in the order of
// their lengths. All others are longer, and only in Slot.Count. Which lengths
// are kept does not depend on the order in which they come: one that was dropped
// never comes back.
type Least [Kept]Share

// Share counts the bodies of one length; Count is 0 if there is none.
type Share struct {
	Bytes int64 `json:"bytes"`
	Count int64 `json:"count"`
}

// Add counts one body that ended at a time, in ns. It allocates only for the
// first.
func (l *Line) Add(at, bytes int64) {
	l.begin(FirstWidth)
	s := l.at(at)
	s.Count++
	s.Max = max(s.Max, bytes)
	s.Least.add(Share{bytes, 1})
}

// begin makes room for all slots, unless there is some.
func (l *Line) begin(width int64) {
	if l.Width == 0 {
		l.Width, l.List = width, make([]Slot, 0, MaxSlots)
	}
}

// at returns the slot of a time. It is valid until the next call.
func (l *Line) at(ns int64) *Slot {
	ns = max(ns, 0)
	for ns/l.Width >= MaxSlots {
		l.double()
	}
	i := int(ns / l.Width)
	for len(l.List) <= i {
		l.List = append(l.List, Slot{})
	}
	return &l.List[i]
}

func (l *Line) double() {
	l.Width *= 2
	for i := range l.List {
		s := l.List[i]
		if i%2 == 0 {
			l.List[i/2] = s
		} else {
			l.List[i/2].add(&s)
		}
	}
	l.List = l.List[:(len(l.List)+1)/2]
}

func (s *Slot) add(o *Slot) {
	s.Count += o.Count
	s.Max = max(s.Max, o.Max)
	for _, k := range o.Least {
		s.Least.add(k)
	}
}

func (l *Least) add(k Share) {
	if k.Count == 0 {
		return
	}
	for i := range l {
		switch at := &l[i]; {
		case at.Count == 0:
			*at = k
			return
		case at.Bytes == k.Bytes:
			at.Count += k.Count
			return
		case at.Bytes > k.Bytes:
			copy(l[i+1:], l[i:])
			*at = k
			return
		}
	}
}

// Sum adds o, which began offset ns later, to l, and returns l; it makes l if
// there is none. o, which may be nil, stays as it is. Each slot of o moves as a
// whole, to the slot in which it begins.
func Sum(l, o *Line, offset int64) *Line {
	if o == nil || len(o.List) == 0 {
		return l
	}
	if l == nil {
		l = &Line{}
	}
	l.begin(o.Width)
	for l.Width < o.Width {
		l.double()
	}
	for i := range o.List {
		if o.List[i].Count > 0 {
			l.at(int64(i)*o.Width + offset).add(&o.List[i])
		}
	}
	return l
}

// Validate checks a Line that was read from a file. No count may exceed
// mostCount, and no time mostTime, in ns.
func (l *Line) Validate(mostCount, mostTime int64) error {
	switch {
	case l == nil:
		return nil
	case len(l.List) > MaxSlots:
		return fmt.Errorf("lengths: %d slots; want at most %d", len(l.List), MaxSlots)
	case l.Width < 1 || l.Width > mostTime/MaxSlots*2:
		return fmt.Errorf("lengths: widthNs: %d is not between 1 and %d", l.Width, mostTime/MaxSlots*2)
	}
	for i := range l.List {
		if err := l.List[i].validate(mostCount); err != nil {
			return fmt.Errorf("lengths: slot %d: %w", i, err)
		}
	}
	return nil
}

func (s *Slot) validate(mostCount int64) error {
	if s.Count < 0 || s.Count > mostCount || s.Max < 0 {
		return errors.New("a number is out of range")
	}
	rest, last, kept := s.Count, int64(-1), 0
	for i, k := range s.Least {
		if k == (Share{}) {
			continue
		}
		if kept != i || k.Count < 1 || k.Count > rest || k.Bytes <= last || k.Bytes > s.Max {
			return errors.New("inconsistent counts and lengths")
		}
		rest, last, kept = rest-k.Count, k.Bytes, i+1
	}
	if s.Count > 0 && kept == 0 {
		return errors.New("bodies without a length")
	}
	return nil
}
