package diagnosis

import (
	"fmt"
	"slices"
)

// Finding is why requests were lost, or why the figures prove little: what was
// seen, how sure it is, and what to do.
type Finding struct {
	Rule       string // its name in the table
	Title      string // in plain words
	Lost       int64  // requests that it explains; 0 for one about the run
	Confidence Confidence
	Measured   int64 // ns; the length of time that Title tells; 0 without one
	Needed     int64 // ns; what the remedy's number must exceed; 0 when that is not known
	Evidence   []string
	Remedies   []Remedy
	own        string // where those of the gateway belong that the run met; "" is not known
}

// Confidence says how well the evidence carries a finding.
type Confidence string

// The grades. Shown: marks and losses tell the same. Likely: the losses alone
// point to it. CannotTell: two causes fit, or a mark is missing.
const (
	Shown      Confidence = "shown"
	Likely     Confidence = "likely"
	CannotTell Confidence = "cannot tell"
)

func (f *Finding) addRemedy(r Remedy) {
	if !slices.Contains(f.Remedies, r) {
		f.Remedies = append(f.Remedies, r)
	}
}

// RemediesIn are the remedies to tell of the finding in place i: all of the
// first's, and of the others those that belong where the first of them does.
func (f *Finding) RemediesIn(i int) []Remedy {
	for k, r := range f.Remedies {
		if i > 0 && r.Where != f.Remedies[0].Where && r.Where != f.own {
			return f.Remedies[:k]
		}
	}
	return f.Remedies
}

// Weight is how much a finding explains, and how surely.
func (f *Finding) Weight() string {
	if f.Lost == 0 {
		return string(f.Confidence)
	}
	return fmt.Sprintf("%d lost; %s", f.Lost, f.Confidence)
}
