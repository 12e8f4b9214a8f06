package record

// Proof is what was changed of a target, one change after the other, so that an
// event loses no requests there. The runs of the recording show what each change
// did.
type Proof struct {
	Variant string       `json:"variant"` // of the runs of the target as it is
	Rounds  []ProofRound `json:"rounds"`  // in order
	Stopped string       `json:"stopped,omitempty"`
	File    string       `json:"file,omitempty"` // where the patch was written; "" if nowhere
	Kept    bool         `json:"kept,omitempty"` // the last change that helped is still in force
	// Interrupted: it was stopped from outside. Runs with the last change may be
	// missing, and it has no outcome then.
	Interrupted bool `json:"interrupted,omitempty"`
}

// ProofRound is one change, and how much it helped.
type ProofRound struct {
	Code       string       `json:"code"` // of the finding that it is about
	Title      string       `json:"title"`
	Confidence string       `json:"confidence"`
	Change     string       `json:"change"`            // in words, with those of the rounds before that helped
	Diff       string       `json:"diff"`              // of the object that is changed
	Patch      string       `json:"patch,omitempty"`   // the change as a file; "" if there is no object
	Variant    string       `json:"variant"`           // of the runs with the change; "" if it was not tried
	Against    string       `json:"against"`           // variant of the runs that it is compared with
	Outcome    ProofOutcome `json:"outcome,omitempty"` // "" if it was not tried, or not compared
}

// ProofOutcome says whether a change helped.
type ProofOutcome string

// The outcomes. Only Fixed is a success.
const (
	Fixed      ProofOutcome = "fixed"     // requests were lost before, and none with the change
	Better     ProofOutcome = "better"    // some are still lost
	NoChange   ProofOutcome = "no change" // also if nothing can be changed here
	Worse      ProofOutcome = "worse"
	CannotTell ProofOutcome = "cannot tell"
)
