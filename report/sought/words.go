package sought

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record/trials"
	"nodrop/report/phrase"
)

// Sentence is the answer, in a few sentences without the last full stop.
func (a *Answer) Sentence() string {
	v, words := a.known(a.Value), a.Range.Words(a.Value)
	switch a.Outcome {
	case trials.Found:
		return a.found(v)
	case trials.AlwaysSafe:
		failed := a.either("lost requests", "failed its checks")
		return fmt.Sprintf("no %s from %s on %s: %s %s%s", a.Title, words, failed, words, a.passed(&v.Tally), exposure(v.Exposed))
	case trials.NeverSafe:
		return fmt.Sprintf("no %s up to %s is safe: %s %s", a.Title, words, words, a.either("lost "+v.Lost.requests(), a.failed(v.Lost)))
	case trials.NotMonotone:
		return fmt.Sprintf("no %s was safe, and a larger one is not safer: %s %s, %s %s", a.Title, words, a.failed(v.Lost), a.Range.Words(a.Range.To), a.failed(a.known(a.Range.To).Lost))
	case trials.Drifting:
		return "no certain answer: " + words + " " + a.drift(v)
	case trials.TooFew:
		return fmt.Sprintf("too few requests to tell values of the %s that are %s apart", a.Title, a.Range.Words(a.Range.Step))
	case trials.Unhealthy:
		return fmt.Sprintf("no %s found: the target failed before the event, with %s", a.Title, words)
	case trials.Unclear:
		return fmt.Sprintf("no %s found: the trial with %s proves nothing", a.Title, words)
	case trials.Interrupted:
		return "interrupted before the search was over" + a.soFar()
	default:
		return "the search was not completed" + a.soFar()
	}
}

func (a *Answer) found(v *Value) string {
	text := fmt.Sprintf("smallest safe %s: %s. It %s", a.Title, a.Range.Words(v.Value), a.passed(&v.Confirmed))
	if a.Telling != nil {
		below := &a.Telling.Confirmed
		text += fmt.Sprintf("; at %s %d of %d %s", a.Range.Words(a.Telling.Value), below.Failed, below.Trials(), a.either("lost "+below.Lost.text(), "failed"+losses(below.Lost)))
	}
	return text + exposure(v.Confirmed.Exposed)
}

// either is byLoss where that is what the checks are about, and otherwise checks.
func (a *Answer) either(byLoss, checks string) string {
	if a.ByLoss {
		return byLoss
	}
	return checks
}

// passed says in how many runs a value was safe, and what they lost.
func (a *Answer) passed(t *Tally) string {
	in := ofRuns(t.Passed, t.Trials())
	return a.either("lost nothing in "+in, "passed its checks in "+in+losses(t.Allowed))
}

// failed says what the runs with a value lost that was not safe.
func (a *Answer) failed(lost Span) string {
	return a.either("lost "+lost.text(), "failed its checks"+losses(lost))
}

// losses is a remark about what runs lost.
func losses(s Span) string {
	if !s.known {
		return ""
	}
	return " (lost " + s.text() + ")"
}

// known is what is known of a value; nothing if it was not tried.
func (a *Answer) known(value int64) *Value {
	if v := a.At(value); v != nil {
		return v
	}
	return &Value{Value: value}
}

// drift says which runs with a value contradict each other.
func (a *Answer) drift(v *Value) string {
	c := &v.Confirmed
	if c.Failed > 0 {
		return a.either("lost nothing at first, and "+c.Lost.text()+" later", "passed its checks at first, and failed them later"+losses(c.Lost))
	}
	in := ofRuns(c.Passed, c.Trials())
	return a.either(
		fmt.Sprintf("lost %s at first, and nothing later, in %s", v.Lost.text(), in),
		fmt.Sprintf("failed its checks at first%s, and passed them later, in %s%s", losses(v.Lost), in, losses(c.Allowed)),
	)
}

// soFar says between which values the answer lies; "" if that is not known.
func (a *Answer) soFar() string {
	var lossy, safe *Value
	for i := range a.Values {
		v := &a.Values[i]
		switch {
		case v.Failed > 0:
			lossy, safe = v, nil
		case v.Passed > 0 && safe == nil:
			safe = v
		}
	}
	var parts []string
	if lossy != nil {
		parts = append(parts, a.Range.Words(lossy.Value)+" "+a.failed(lossy.Lost))
	}
	if safe != nil {
		in := runs(safe.Passed)
		parts = append(parts, a.Range.Words(safe.Value)+" "+a.either("lost nothing in "+in, "passed its checks in "+in+losses(safe.Allowed)))
	}
	if len(parts) == 0 {
		return ""
	}
	return "; so far " + strings.Join(parts, ", ")
}

// Reason says why the answer proves nothing; "" if it does, or if the runs say
// why.
func (a *Answer) Reason() string {
	switch a.Outcome {
	case trials.AlwaysSafe:
		return fmt.Sprintf("nothing shows that the %s matters: the least one %s", a.Title, a.either("lost nothing", "passed its checks"))
	case trials.NeverSafe:
		return a.either("the cause of the losses may be another", "the checks may fail for another cause") + ", or a larger value is needed"
	case trials.NotMonotone:
		return "the search assumes that what is safe stays safe with a larger value"
	case trials.Drifting:
		return "the target changes while it is searched, or " + a.either("loses", "fails") + " now and then whatever the value"
	case trials.TooFew:
		if v := a.At(a.Value); v == nil || v.Exposed.Most == 0 {
			return "no request started during the event"
		}
		return fmt.Sprintf("an outage of %s would be met by chance only, even in %s", a.Range.Words(a.Range.Step), runs(a.Confirm))
	case trials.Interrupted:
		return "the search was interrupted"
	default:
		return ""
	}
}

// Hint says what to do about it; "" if nothing helps.
func (a *Answer) Hint() string {
	switch a.Outcome {
	case trials.NeverSafe:
		return fmt.Sprintf("search from %s on, or remove the causes below first", a.Range.Words(a.Range.To))
	case trials.NotMonotone:
		return fmt.Sprintf("search up to a smaller value than %s, or remove the causes below first", a.Range.Words(a.Range.To))
	case trials.Drifting:
		return "search again, with a larger step"
	case trials.TooFew:
		return "send more requests per second (-c, -q), search in larger steps, or raise --confirm"
	default:
		return ""
	}
}

// Sure says what the runs that confirm the answer cannot rule out; "" without
// any.
func (a *Answer) Sure() string {
	v := a.At(a.Value)
	if a.Outcome != trials.Found || v == nil || v.Confirmed.Passed == 0 {
		return ""
	}
	n, what := v.Confirmed.Passed, a.either("loss", "failure")
	text := phrase.Counted(int64(n), "run", "runs")
	switch bound := Bound(n); bound {
	case 1:
		text += " cannot rule out a " + what + " in every second run"
	default:
		text += fmt.Sprintf(" cannot rule out a %s in fewer than 1 run in %d", what, bound)
	}
	text += " (95 %)"
	more := 20
	if n >= more {
		more = trials.MaxConfirm
	}
	if n < more {
		text += fmt.Sprintf("; --confirm %d: 1 in %d", more, Bound(more))
	}
	return text
}

// The verdicts on a value.
const (
	Safe    = "safe"
	NotSafe = "not safe"
	Unclear = "proves nothing"
)

// Row is a row of the table of values.
type Row struct{ Value, FailedIn, Lost, Exposed, Verdict string }

// Head is the first row.
func (a *Answer) Head() Row {
	return Row{a.Title, a.either("lost in", "failed in"), "lost", "exposed", "verdict"}
}

// Rows have the values that were tried, the least first.
func (a *Answer) Rows() []Row {
	var rows []Row
	for i := range a.Values {
		rows = append(rows, a.row(&a.Values[i]))
	}
	return rows
}

func (a *Answer) row(v *Value) Row {
	if v.Trials() == 0 {
		return Row{a.Range.Words(v.Value), "-", "-", "-", Unclear}
	}
	row := Row{a.Range.Words(v.Value), ofRuns(v.Failed, v.Trials()), "none", v.Exposed.text(), Safe}
	switch {
	case !a.ByLoss:
		row.Lost = v.Lost.with(v.Allowed).text()
	case v.Failed > 0:
		row.Lost = v.Lost.text()
	}
	if v.Failed > 0 {
		row.Verdict = NotSafe
	}
	if n := int64(v.Unclear); n > 0 {
		row.FailedIn += fmt.Sprintf(" (%s more %s nothing)", phrase.Number(n), phrase.Choose(n, "proves", "prove"))
	}
	return row
}

// text is a number, or the least and the most of several.
func (s Span) text() string {
	if s.Least == s.Most {
		return phrase.Number(s.Most)
	}
	return phrase.Number(s.Least) + "–" + phrase.Number(s.Most)
}

func (s Span) requests() string { return s.text() + " " + phrase.Choose(s.Most, "request", "requests") }

func exposure(s Span) string {
	if !s.known {
		return ""
	}
	return ". Each run exposed " + s.requests()
}

func runs(n int) string { return phrase.Counted(int64(n), "run", "runs") }

func ofRuns(n, of int) string { return fmt.Sprintf("%d of %s", n, runs(of)) }
