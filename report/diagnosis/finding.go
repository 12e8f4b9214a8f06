package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// Finding says why requests were lost, or why the figures prove little: the
// cause, the evidence, the confidence and the remedy.
type Finding struct {
	Rule       string // name of its rule
	Code       Code   // kind of cause
	Title      string // in plain words
	Lost       int64  // requests that it explains; 0 for a finding about the run
	Confidence Confidence
	Measured   int64 // ns; the length of time in Title; 0 if there is none
	Needed     int64 // ns; what the remedy's number must exceed; 0 if not known
	Evidence   []string
	Remedies   []Remedy
	Settings   []record.Remedy // the remedies as data, where they name a setting and its value
	// Unseen: there are remedies for particular products as well, but the run
	// shows no product.
	Unseen bool
}

// Confidence grades how well the evidence supports a finding.
type Confidence string

// The grades. Shown: marks and losses agree. Likely: only the losses point to
// it. CannotTell: two causes fit, or a mark is missing.
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

// Weight says how many losses a finding explains, and how surely.
func (f *Finding) Weight() string {
	if f.Lost == 0 {
		return string(f.Confidence)
	}
	return fmt.Sprintf("%s lost; %s", phrase.Number(f.Lost), f.Confidence)
}
