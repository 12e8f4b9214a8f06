package sought

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record/trials"
	"nodrop/report/phrase"
)

// Sentence is the answer, in a few sentences without the last full stop.
func (a *Answer) Sentence() string {
	switch v, words := a.known(a.Value), a.Range.Words(a.Value); a.Outcome {
	case trials.Found:
		return a.found(v)
	case trials.AlwaysSafe:
		return fmt.Sprintf("no %s from %s on lost requests: %s lost nothing in %s%s", a.Title, words, words, ofRuns(v.Trials, v.Trials), exposure(v.Exposed))
	case trials.NeverSafe:
		return fmt.Sprintf("no %s up to %s is safe: %s lost %s", a.Title, words, words, v.Lost.requests())
	case trials.NotMonotone:
		return fmt.Sprintf("no %s was safe, and a larger one is not safer: %s lost %s, %s lost %s", a.Title, words, v.Lost.text(), a.Range.Words(a.Range.To), a.known(a.Range.To).Lost.text())
	case trials.Drifting:
		return "no certain answer: " + a.drift(v)
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
	below := a.Telling
	text := fmt.Sprintf("smallest safe %s: %s. It lost nothing in %s", a.Title, a.Range.Words(v.Value), ofRuns(v.Confirmed.Trials, v.Confirmed.Trials))
	if below != nil {
		text += fmt.Sprintf("; at %s %d of %d lost %s", a.Range.Words(below.Value), below.Confirmed.LostIn, below.Confirmed.Trials, below.Confirmed.Lost.text())
	}
	return text + exposure(v.Confirmed.Exposed)
}

// known is what is known of a value; nothing if it was not tried.
func (a *Answer) known(value int64) *Value {
	if v := a.At(value); v != nil {
		return v
	}
	return &Value{Value: value}
}

// drift says which runs contradict each other.
func (a *Answer) drift(v *Value) string {
	words := a.Range.Words(v.Value)
	if v.Confirmed.LostIn > 0 {
		return fmt.Sprintf("%s lost nothing at first, and %s later", words, v.Confirmed.Lost.text())
	}
	return fmt.Sprintf("%s lost %s at first, and nothing later, in %s", words, v.Lost.text(), ofRuns(v.Confirmed.Trials, v.Confirmed.Trials))
}

// soFar says between which values the answer lies; "" if that is not known.
func (a *Answer) soFar() string {
	var lossy, safe *Value
	for i := range a.Values {
		v := &a.Values[i]
		switch {
		case v.LostIn > 0:
			lossy, safe = v, nil
		case v.Trials > v.Unclear && safe == nil:
			safe = v
		}
	}
	var parts []string
	if lossy != nil {
		parts = append(parts, fmt.Sprintf("%s lost %s", a.Range.Words(lossy.Value), lossy.Lost.text()))
	}
	if safe != nil {
		parts = append(parts, fmt.Sprintf("%s lost nothing in %s", a.Range.Words(safe.Value), runs(safe.Trials-safe.Unclear)))
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
		return fmt.Sprintf("nothing shows that the %s matters: the least one lost nothing", a.Title)
	case trials.NeverSafe:
		return "the cause of the losses may be another, or a larger value is needed"
	case trials.NotMonotone:
		return "the search assumes that what is safe stays safe with a larger value"
	case trials.Drifting:
		return "the target changes while it is searched, or loses now and then whatever the value"
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

// Sure says what the runs that lost nothing cannot rule out; "" without an
// answer.
func (a *Answer) Sure() string {
	v := a.At(a.Value)
	if a.Outcome != trials.Found || v == nil {
		return ""
	}
	n := v.Confirmed.Trials
	text := phrase.Counted(int64(n), "run", "runs")
	switch bound := Bound(n); bound {
	case 1:
		text += " cannot rule out a loss in every second run"
	default:
		text += fmt.Sprintf(" cannot rule out a loss in fewer than 1 run in %d", bound)
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
type Row struct{ Value, LostIn, Lost, Exposed, Verdict string }

// Head is the first row.
func (a *Answer) Head() Row { return Row{a.Title, "lost in", "lost", "exposed", "verdict"} }

// Rows have the values that were tried, the least first.
func (a *Answer) Rows() []Row {
	var rows []Row
	for i := range a.Values {
		v := &a.Values[i]
		row := Row{a.Range.Words(v.Value), ofRuns(v.LostIn, v.Trials), "none", v.Exposed.text(), Safe}
		switch {
		case v.LostIn > 0:
			row.Lost, row.Verdict = v.Lost.text(), NotSafe
		case v.Unclear == v.Trials:
			row.Lost, row.Verdict = "-", Unclear
		}
		rows = append(rows, row)
	}
	return rows
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
