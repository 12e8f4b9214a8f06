package history

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/misuse"
	"nodrop/report/check"
	"nodrop/report/compare"
)

// History is the recordings of one scenario.
type History struct {
	Directory string
	Variant   string // "" for plain loads
	Newest    bool   // what is judged is the newest recording of the directory
	Loads     []*Load
	Left      []Left // what is not part of it
}

// Load is one load of the scenario; most have only one.
type Load struct {
	Stream string // its name among loads side by side; "" for a single load
	Past   []Line // the oldest first
	New    *Line  // what is judged; nil if nothing is
	Trend  Trend
	Notes  []string
	Checks []Checked
	Judged Judged
}

// Judged is the verdict on the new runs of a load; its zero value is that nothing
// was judged.
type Judged struct {
	Outcome        check.Outcome
	Reasons, Hints []string
}

// Line is one recording in the history of a load.
type Line struct {
	File    string
	Started time.Time
	Verdict check.Outcome // of the whole recording
	Arm     compare.Arm
	Doubts  []string // why runs of it do not count
	Counted []compare.ArmRun
}

// Left is a file that is not part of the history, and why.
type Left struct {
	File, Reason string
	Why          Why
}

// Why sorts the reasons why a file is left out.
type Why string

// The reasons.
const (
	Unreadable Why = "unreadable"
	Other      Why = "other-scenario"
	Copy       Why = "copy"
	Later      Why = "later"
)

// Checked is a check on the new recording and what it compares with.
type Checked struct {
	check.Result
	Limit check.Limit // not known for a check that compares with a number
}

// Request says what history is asked for.
type Request struct {
	Directory  string
	Recordings []*Recording // of the directory
	Left       []Left       // files of the directory that could not be read
	New        *Recording   // what is judged; nil for the newest of Recordings
	Judged     bool         // whether anything is
	Variant    string       // "" for the one that checks apply to
}

// Of puts the recordings of one scenario in order. The scenario is that of the
// recording that is judged or, if none is, of the newest.
func Of(q Request) (*History, error) {
	past := slices.Clone(q.Recordings)
	slices.SortStableFunc(past, func(a, b *Recording) int {
		return cmp.Or(a.StartedAt().Compare(b.StartedAt()), cmp.Compare(a.File, b.File))
	})
	model, variant, err := q.model(past)
	if err != nil {
		return nil, err
	}
	h := &History{Directory: q.Directory, Variant: variant, Newest: q.Judged && q.New == nil, Left: slices.Clone(q.Left)}
	runs := model.of(variant)
	for _, stream := range streamsOf(runs) {
		l := &Load{Stream: stream}
		if q.Judged {
			l.New = lineOf("new", model, ofStream(runs, stream))
		}
		h.Loads = append(h.Loads, l)
	}
	h.sort(q, past, model)
	for _, l := range h.Loads {
		l.Trend = l.trend()
		l.Notes = compare.Surroundings(l.Counted())
	}
	slices.SortStableFunc(h.Left, func(a, b Left) int { return cmp.Or(cmp.Compare(a.Why, b.Why), cmp.Compare(a.File, b.File)) })
	return h, nil
}

// model returns the recording whose scenario counts, and the variant.
func (q *Request) model(past []*Recording) (*Recording, string, error) {
	if q.New != nil {
		variant := cmp.Or(q.Variant, q.New.lastVariant())
		if len(q.New.of(variant)) == 0 {
			return nil, "", fmt.Errorf("%s: no run of variant %q", q.New.File, variant)
		}
		return q.New, variant, nil
	}
	for _, r := range slices.Backward(past) {
		if q.Variant == "" {
			return r, r.lastVariant(), nil
		}
		if len(r.of(q.Variant)) > 0 {
			return r, q.Variant, nil
		}
	}
	if q.Variant != "" && len(past) > 0 {
		return nil, "", fmt.Errorf("--history %s: no recording has a run of variant %q", q.Directory, q.Variant)
	}
	return nil, "", q.nothing()
}

// nothing is the error for a directory without a recording.
func (q *Request) nothing() error {
	err := &misuse.Error{
		Problem: fmt.Sprintf("--history %s: there is no recording in it", q.Directory),
		Hint:    "save one per run: nodrop -o json=" + strings.TrimSuffix(q.Directory, "/") + "/$(date +%F).json …",
	}
	if len(q.Left) > 0 {
		err.Problem += fmt.Sprintf(" (%s: %s)", q.Left[0].File, q.Left[0].Reason)
	}
	return err
}

// sort adds the recordings of the scenario to the loads, and the others to those
// left out.
func (h *History) sort(q Request, past []*Recording, model *Recording) {
	var seen []*Recording
	if q.Judged {
		seen = append(seen, model)
	}
	for _, r := range past {
		if r == model && q.Judged {
			continue
		}
		why, reason := Other, r.unlike(model, h.Variant)
		if i := slices.IndexFunc(seen, r.copyOf); i >= 0 {
			why, reason = Copy, "a copy of "+seen[i].File
		}
		if reason == "" && q.Judged && r.StartedAt().After(model.StartedAt()) {
			why, reason = Later, "recorded after "+model.File
		}
		if reason != "" {
			h.Left = append(h.Left, Left{r.File, reason, why})
			continue
		}
		seen = append(seen, r)
		for _, l := range h.Loads {
			l.Past = append(l.Past, *lineOf("history", r, ofStream(r.of(h.Variant), l.Stream)))
		}
	}
}

// lineOf is the line of a recording's runs of one load.
func lineOf(arm string, r *Recording, runs []Run) *Line {
	l := &Line{File: r.File, Started: r.StartedAt(), Verdict: r.Verdict, Arm: compare.Arm{Name: arm, Variant: runs[0].Run.Variant, Files: []string{r.File}}}
	for _, run := range runs {
		l.Arm.Runs = append(l.Arm.Runs, run.ArmRun)
		if run.Doubt == "" {
			l.Counted = append(l.Counted, run.ArmRun)
		} else if !slices.Contains(l.Doubts, run.Doubt) {
			l.Doubts = append(l.Doubts, run.Doubt)
		}
	}
	return l
}

// CountedPast lists the past runs that count, the oldest first.
func (l *Load) CountedPast() []compare.ArmRun {
	var list []compare.ArmRun
	for i := range l.Past {
		list = append(list, l.Past[i].Counted...)
	}
	return list
}

// Counted lists all runs that count, the new ones last.
func (l *Load) Counted() []compare.ArmRun {
	list := l.CountedPast()
	if l.New != nil {
		list = append(list, l.New.Counted...)
	}
	return list
}

// Lines lists all recordings, the new one last.
func (l *Load) Lines() []*Line {
	var list []*Line
	for i := range l.Past {
		list = append(list, &l.Past[i])
	}
	if l.New != nil {
		list = append(list, l.New)
	}
	return list
}
