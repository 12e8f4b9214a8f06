package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nodrop/scenario"
)

// leastStep is the least number of columns in which a step is worth naming.
const leastStep = 12

// form is what a line for a terminal has beside how far the load is and what is
// lost.
type form struct{ run, left, asked, sent, each, step, cut bool }

// forms are tried in this order until one fits into the terminal.
var forms = []form{
	{run: true, left: true, asked: true, sent: true, each: true, step: true},
	{run: true, left: true, sent: true, each: true, step: true},
	{run: true, left: true, asked: true, sent: true, step: true},
	{run: true, left: true, sent: true, step: true},
	{run: true, left: true, sent: true, step: true, cut: true},
	{run: true, left: true, step: true, cut: true},
	{left: true, sent: true, step: true, cut: true},
	{left: true, sent: true},
	{left: true},
	{},
}

// view is what is known of a run at one moment.
type view struct {
	run   string // such as "abrupt, run 1 of 2"
	loads []figures
	doing string // the phase and the actions under way
	steps string // the steps under way
}

// line describes the run in at most this many columns.
func (v *view) line(columns int, fit func(text string, columns int) string) string {
	if len(v.loads) == 0 {
		if v.doing == "" {
			return ""
		}
		return fit(prefixed(v.run, v.doing), columns)
	}
	fits := func(text string) bool { return fit(text, columns) == text }
	text := ""
	for _, f := range forms {
		if text = v.in(f); !f.step || v.steps == "" {
			if fits(text) {
				return text
			}
			continue
		}
		with := text + "; " + v.steps
		if fits(with) || f.cut && fits(text+"; "+strings.Repeat(".", leastStep)) {
			return fit(with, columns)
		}
	}
	return fit(text, columns)
}

// in describes the loads in one form, without the steps.
func (v *view) in(f form) string {
	all := together(v.loads)
	if !f.left {
		all.left = -1
	}
	text := listed(all.state(), all.counts(f.asked, f.sent))
	if f.each && len(v.loads) > 1 {
		var parts []string
		for _, load := range v.loads {
			parts = append(parts, load.stream+" "+load.counts(f.asked, f.sent))
		}
		text = prefixed(all.state(), strings.Join(parts, " | "))
	}
	if f.run {
		text = prefixed(v.run, text)
	}
	return text
}

// counts are the rates, unless the load only waits for its end, and what is
// lost.
func (f *figures) counts(asked, sent bool) string {
	text := scenario.Number(f.lost) + " lost"
	if sent && !f.over {
		text = perSecond(f.sent) + " sent, " + text
	}
	if asked && !f.over && f.asked > 0 {
		text = perSecond(f.asked) + " asked, " + text
	}
	return text
}

// long describes the run on a plain line.
func (v *view) long() string {
	all := together(v.loads)
	text := listed(all.state(), all.rates())
	if len(v.loads) > 1 {
		text = all.state()
		for _, f := range v.loads {
			text += "; " + f.stream + ": " + f.rates()
		}
	}
	if v.steps != "" {
		text += "; running: " + v.steps
	}
	return listed(v.run, whole(all.elapsed)+": "+text)
}

// rates are the counts in words.
func (f *figures) rates() string {
	lost := scenario.Number(f.lost) + " lost"
	switch {
	case f.over:
		return lost
	case f.asked > 0:
		return fmt.Sprintf("asked for %s, sent %s, %s", perSecond(f.asked), perSecond(f.sent), lost)
	}
	return fmt.Sprintf("sent %s, %s", perSecond(f.sent), lost)
}

// prefixed puts a name before a text, if there is one.
func prefixed(name, text string) string {
	if name == "" {
		return text
	}
	return name + ": " + text
}

// listed joins the texts that are not empty.
func listed(texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(text string) bool { return text == "" }), ", ")
}

// whole is a time in seconds, rounded.
func whole(d time.Duration) string { return fmt.Sprintf("%.0fs", d.Seconds()) }
