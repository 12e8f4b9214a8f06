package record

// Judgement is what a report concludes from a recording, as data: whether it
// passes, what was lost and why, and what to change.
type Judgement struct {
	Verdict Verdict
	Reasons []string // why it fails or is inconclusive, in words
	// Exposed counts the requests of all runs that started while the target was
	// changed, or from then on if the end was not seen.
	Exposed int64
	// Resolved is the shortest outage of the endpoints that left that the runs
	// would have met 19 times in 20, in ns: of one of them, if none is known to
	// have left. It is 0 without a run, the largest int64 if they would have met
	// none.
	Resolved int64
	// Unhealthy: a run failed before its event, so that it says nothing of it.
	Unhealthy  bool
	Sent, Lost int64        // requests of all runs
	Findings   []Finding    // run by run, the one that explains most losses first
	Remedies   []Remedy     // those of Findings; each once
	Proof      ProofOutcome // of a recording with a Proof; "" of others
}

// Finding is why requests of one run were lost.
type Finding struct {
	Variant    string // of the run
	Code       string // its kind, such as closed-before-removed
	Title      string // in plain words
	Confidence string // shown, likely or cannot tell
	Lost       int64  // requests that it explains; 0 if it only says something of the run
	Needed     int64  // ns; what the number of a remedy must exceed; 0 if not known
	Remedies   []Remedy
}

// Verdict is the outcome in one word.
type Verdict string

// The verdicts. A plain load without checks has Undecided.
const (
	Undecided    Verdict = ""
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
)

// Remedy is a setting to change, and to what. Only what has a name and a value
// is a Remedy: the texts of a report say more.
type Remedy struct {
	Object  string // what has the setting: a program, a platform, or a version of one
	Product string // the same without a version; "" = Object
	Part    string // the part of the product that has the setting: a kind of object, a section, the command line; "" if there is only one
	Setting string // as it is written there
	Value   string // as it is written there, with its unit
	Unit    string // what the number in Value counts, written there or not; "" for a value that is no quantity
	// AtLeast: Value is a lower bound, and how much more is needed is not known.
	AtLeast bool
	// Above, if set, is another setting of the object: Value comes on top of its
	// value.
	Above string
}
