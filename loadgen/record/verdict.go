package record

// Judgement is what a report concludes from a recording, as data: whether it
// passes, and what to change.
type Judgement struct {
	Verdict  Verdict
	Remedies []Remedy // run by run, those of the finding that explains most losses first; each once
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
