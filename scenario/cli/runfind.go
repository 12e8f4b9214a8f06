package cli

import (
	"context"
	"fmt"
	"time"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/loadgen/record/trials"
	"nodrop/scenario"
	"nodrop/scenario/kube"
	"nodrop/scenario/search"
)

// hunt returns the search of a scenario file.
func (o *runOptions) hunt(p *plan, products []string) *hunt {
	h := &hunt{
		Program: o.Program,
		Search:  trials.Search{Setting: p.search.Var, Title: p.search.Var, Variant: p.Variants[0].Name, Range: p.search.Range, Confirm: o.confirmations(p)},
		with: func(value string) (*scenario.Scenario, error) {
			s, err := p.with(value)
			if err != nil {
				return nil, err
			}
			s.Variants[0].Products = product.Add(s.Variants[0].Products, products...)
			return s, nil
		},
	}
	h.needed = func(j record.Judgement) (int64, bool) {
		ns, ok := neededBy(j, "")
		if h.Range.Unit == "" { // whole seconds, if it is a time at all
			return (ns + int64(time.Second) - 1) / int64(time.Second), ok
		}
		return ns, ok
	}
	return h
}

// checkSearch checks the flags of a search, once it is known whether there is one.
func (o *runOptions) checkSearch(p *plan) error {
	if _, err := o.find.check(p.search != nil); err != nil {
		return err
	}
	switch {
	case p.search == nil:
		return nil
	case o.repeated:
		return &misuse.Error{Problem: "--repeat: not with a search, which repeats what it finds", Hint: "--confirm N"}
	}
	return fits(p.search.Range.Steps(), o.confirmations(p), len(p.Streams), "--confirm ")
}

// confirmations is how often the value found is run again.
func (o *runOptions) confirmations(p *plan) int {
	if p.search.Confirm > 0 && !o.find.set.Changed("confirm") {
		return p.search.Confirm
	}
	return o.find.confirm
}

// fits refuses a search whose recording could have more runs than one may have:
// nothing would read it. fewer is what asks for fewer confirmations.
func fits(steps, confirm, loads int, fewer string) error {
	most := search.AtMost(steps, confirm)
	if most*loads <= record.MaxRuns {
		return nil
	}
	wrong := &misuse.Error{
		Problem: fmt.Sprintf("the search may take %d runs with %d loads each, and a recording has room for %d: one for each load", most, loads, record.MaxRuns),
		Hint:    "search fewer loads side by side, or in larger steps",
	}
	for n := confirm - 1; n >= 1; n-- {
		if search.AtMost(steps, n)*loads <= record.MaxRuns {
			wrong.Hint = fmt.Sprintf("%s%d", fewer, n)
			break
		}
	}
	return wrong
}

// search runs a search. It is confirmed once, for all trials.
func (o *runOptions) search(ctx context.Context, p *plan, products []string) error {
	h := o.hunt(p, products)
	r := &h.Range
	largest, err := h.with(r.Text(r.To))
	if err != nil {
		return err
	}
	for _, s := range []*scenario.Scenario{largest, p.Scenario} { // before any run, not in the middle of the search
		if err := kube.Check(ctx, s.Variants); err != nil {
			return err
		}
	}
	what := fmt.Sprintf("this will change, in each run with a value of %s from %s to %s", h.Setting, r.Text(r.From), r.Text(r.To))
	if err := o.confirmAll(ctx, []*scenario.Scenario{p.Scenario, largest}, what, *o.yes); err != nil {
		return err
	}
	return h.search(ctx, *o.outputs)
}

// describe says what the search will do.
func (h *hunt) describe() string {
	r := &h.Range
	text := fmt.Sprintf("search: the smallest %s from %s to %s in steps of %s", h.Setting, r.Text(r.From), r.Text(r.To), r.Text(r.Step))
	if h.Variant != "" {
		text += " with which " + h.Variant + " passes its checks"
	}
	steps := r.Steps()
	return text + fmt.Sprintf("\n  at most %d runs, then %d with the value found and %d with the one a step below, in turns", search.Before(steps), h.Confirm, h.Confirm) +
		fmt.Sprintf("\n  in all at most %d: a value that fails when it is confirmed is searched on from, and a run that proves nothing is repeated", search.AtMost(steps, h.Confirm))
}
