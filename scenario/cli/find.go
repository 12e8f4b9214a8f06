package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
	"nodrop/scenario"
	"nodrop/scenario/file"
	"nodrop/scenario/search"
)

// findFlags are the flags of a search.
type findFlags struct {
	set     *pflag.FlagSet
	find    string
	confirm int
}

// defaultConfirm is how often the value found is run again.
const defaultConfirm = 5

func newFindFlags(fs *pflag.FlagSet, group cli.Group, usage, value string) *findFlags {
	f := &findFlags{set: fs}
	fs.StringVar(&f.find, "find", "", usage)
	fs.IntVar(&f.confirm, "confirm", defaultConfirm, "with --find: how often to run the value found again, and as often the one a step below, in turns")
	group.Hold(fs, "find "+value, "confirm N")
	return f
}

// check checks --confirm. It reports whether there is a search; asked says that
// something else than --find asks for one.
func (f *findFlags) check(asked bool) (searches bool, err error) {
	searches = asked || f.set.Changed("find")
	switch {
	case f.set.Changed("confirm") && !searches:
		err = &misuse.Error{Problem: "--confirm: only with a search", Hint: "add --find"}
	case f.confirm < 1 || f.confirm > trials.MaxConfirm:
		err = fmt.Errorf("--confirm %d: must be 1 to %d", f.confirm, trials.MaxConfirm)
	}
	return searches, err
}

// search reads --find NAME=FROM..TO/STEP.
func (f *findFlags) search() (*file.Search, error) {
	name, values, found := strings.Cut(f.find, "=")
	const hint = "--find PRE_STOP=0s..60s/100ms"
	if !found || name == "" {
		return nil, &misuse.Error{Problem: fmt.Sprintf("--find %q: want NAME=FROM..TO/STEP", f.find), Hint: hint}
	}
	r, err := trials.Parse(values)
	if err != nil {
		return nil, &misuse.Error{Problem: fmt.Sprintf("--find %s: %v", name, err), Hint: hint}
	}
	return &file.Search{Var: name, Range: r}, nil
}

// hunt is a search for the smallest value with which a target loses nothing.
type hunt struct {
	*Program
	trials.Search
	// with returns the scenario of one trial: a single variant, with a value.
	with func(value string) (*scenario.Scenario, error)
	// needed returns what the diagnosis of a trial says that the value must be at
	// least; false if it does not say.
	needed func(record.Judgement) (value int64, ok bool)

	recording *record.Recording
	ran       map[int64]int // how often each value ran
}

// search searches, and reports as perform does.
func (h *hunt) search(ctx context.Context, formats []string) error {
	one, err := h.with(h.Range.Text(h.Range.From))
	if err != nil {
		return err
	}
	h.atMost = true
	return h.reported(ctx, formats, true, func(sinks []record.Sink) (*record.Recording, error) {
		defer h.takeMarks(one)()
		watch, stop := h.watch()
		defer stop()
		return h.run(ctx, sinks, watch)
	})
}

// run makes the trials. The recording has those made so far even if an error is
// returned.
func (h *hunt) run(ctx context.Context, sinks []record.Sink, watch scenario.Watch) (*record.Recording, error) {
	h.recording = &record.Recording{Format: record.Format, Search: &h.Search}
	h.ran = map[int64]int{}
	s := search.Search{Steps: h.Range.Steps(), Confirm: h.Confirm, Try: func(ctx context.Context, t search.Trial) (search.Seen, error) {
		numbered := watch
		if told := watch.Attempt; told != nil {
			numbered.Attempt = func(a scenario.Attempt, _, _ int) { told(a, t.Nth, t.AtMost) }
		}
		return h.try(ctx, t, sinks, numbered)
	}}
	result, err := s.Run(ctx)
	h.Outcome, h.Value = result.Outcome, h.Range.Value(result.Place)
	return h.recording, err
}

// try makes one trial and records it.
func (h *hunt) try(ctx context.Context, t search.Trial, sinks []record.Sink, watch scenario.Watch) (search.Seen, error) {
	value := h.Range.Value(t.Place)
	s, err := h.with(h.Range.Text(value))
	if err != nil {
		return search.Seen{}, err
	}
	h.ran[value]++
	v := &s.Variants[0]
	v.Name = h.named(value)
	s.Repeat, s.First = 1, h.ran[value]
	recording, err := h.record(ctx, s, sinks, watch)
	trial := trials.Trial{Value: value, Part: t.Part, Runs: []int{}, Verdict: string(record.Inconclusive)}
	for _, run := range recording.Runs {
		trial.Runs = append(trial.Runs, len(h.recording.Runs))
		h.recording.Runs = append(h.recording.Runs, run)
	}
	seen := search.Seen{}
	if err == nil {
		j := h.Judge(recording)
		trial.Verdict = string(j.Verdict)
		seen = h.seen(j)
	}
	h.Trials = append(h.Trials, trial)
	return seen, err
}

// named is the name of the variant with a value.
func (h *hunt) named(value int64) string {
	name := h.Setting + "=" + h.Range.Text(value)
	if h.Variant != "" {
		name = h.Variant + " " + name
	}
	return name
}

// seen is what a judgement says of a value.
func (h *hunt) seen(j record.Judgement) search.Seen {
	seen := search.Seen{Lost: j.Lost, Unhealthy: j.Unhealthy}
	switch j.Verdict {
	case record.Pass:
		seen.Verdict = search.Safe
	case record.Fail:
		seen.Verdict = search.Lossy
	default:
	}
	switch {
	case seen.Verdict == search.Safe && j.Exposed == 0:
		seen.Blind = true
	case seen.Verdict != search.Unclear && h.Range.Unit != "":
		// The confirmation at one value has to meet an outage of one step.
		seen.Blind = j.Resolved/int64(h.Confirm) > h.Range.Step
	}
	if number, ok := h.needed(j); ok {
		if seen.Needed, seen.Named = h.Range.Up(number); !seen.Named {
			seen.Needed, seen.Named = h.Range.Steps(), true
		}
	}
	return seen
}

// neededBy returns what the findings say that a value must be at least: of those
// with a remedy for the setting, or of all if it is "", the one that explains
// most losses.
func neededBy(j record.Judgement, setting string) (ns int64, ok bool) {
	most := int64(-1)
	for i := range j.Findings {
		f := &j.Findings[i]
		if f.Needed > 0 && f.Lost > most && (setting == "" || remedies(f, setting)) {
			ns, most = f.Needed, f.Lost
		}
	}
	return ns, most >= 0
}

// remedies reports whether a finding is remedied by a setting.
func remedies(f *record.Finding, setting string) bool {
	for i := range f.Remedies {
		if f.Remedies[i].Setting == setting {
			return true
		}
	}
	return false
}
