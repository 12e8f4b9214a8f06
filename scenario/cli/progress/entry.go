package progress

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// entry is a plain line about the event, or about the start of a load.
type entry struct {
	run       string
	start     bool            // text is the start of a load
	at        int64           // ns since the start of the run
	step      string          // the step that text is about
	begins    bool            // the step begins
	kind      record.MarkKind // if it is about endpoints
	endpoints []string
	text      string
}

// entryOf is the line for a mark. began says that it is of a step that began.
func entryOf(m record.Mark, began bool) entry {
	e := entry{at: m.End}
	name, failure := scenario.OneLine(m.Name), scenario.OneLine(m.Error)
	took := rounded(time.Duration(m.End - m.Start))
	switch {
	case m.Kind == record.MarkStep && !began:
		e.step, e.text = name, failure
	case m.Kind == record.MarkStep && m.Error == "":
		e.step, e.text = name, "done "+took
	case m.Kind == record.MarkStep:
		e.step, e.text = name, "failed "+took+": "+failure
	case m.Error != "":
		e.text = name + ": " + failure
	default:
		e.text = name
		if m.Endpoint != "" {
			e.kind, e.endpoints = m.Kind, []string{m.Endpoint}
		}
	}
	return e
}

// rounded says after how long something ended, in about three digits.
func rounded(d time.Duration) string {
	switch {
	case d >= time.Second:
		return "after " + scenario.Span(d.Round(10*time.Millisecond))
	case d >= time.Millisecond:
		return "after " + scenario.Span(d.Round(time.Millisecond))
	}
	return "at once"
}

// ended is the line at the end of loads: what they lost together.
func ended(loads []*load) entry {
	var elapsed time.Duration
	var lost, started int64
	for _, l := range loads {
		p := l.Progress()
		elapsed, lost, started = max(elapsed, p.Elapsed), lost+p.Lost, started+p.Started
	}
	what := "the load is over: "
	if len(loads) > 1 {
		what = "the loads are over: "
	}
	return entry{at: int64(elapsed), text: what + "lost " + scenario.Number(lost) + " of " + requests(started)}
}

// mostNamed is how many endpoints a line names; of more, it gives the number.
const mostNamed = 5

func (e *entry) line() string {
	if e.start {
		return prefixed(e.run, e.text)
	}
	text := e.text
	switch {
	case e.step != "" && text != "":
		text = e.step + ": " + text
	case e.step != "":
		text = e.step
	case len(e.endpoints) > mostNamed:
		text = fmt.Sprintf("%s: %d endpoints", e.kind, len(e.endpoints))
	case len(e.endpoints) > 1:
		text = fmt.Sprintf("%s: %s", e.kind, strings.Join(slices.SortedFunc(slices.Values(e.endpoints), byNumber), ", "))
	}
	return listed(e.run, fmt.Sprintf("%.1fs: %s", time.Duration(e.at).Seconds(), text))
}

// byNumber puts gw-9 before gw-10.
func byNumber(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// grouped puts endpoints with marks of the same kind on one line, at the first of
// them, and drops the beginning of steps that have ended.
func grouped(queue []entry) []entry {
	var list []entry
	for _, e := range queue {
		same := func(o entry) bool {
			return o.run == e.run && (e.kind != "" && o.kind == e.kind || e.step != "" && o.step == e.step && o.begins)
		}
		i := slices.IndexFunc(list, same)
		switch {
		case i < 0:
			list = append(list, e)
		case e.kind != "":
			list[i].endpoints = append(list[i].endpoints, e.endpoints...)
		default:
			list = append(slices.Delete(list, i, i+1), e)
		}
	}
	return list
}

// seen tells marks that loads side by side all have from new ones.
type seen struct {
	by   []map[string]int // by load: how often it had a mark
	most map[string]int   // how often any load had it
}

func newSeen(loads int) *seen {
	s := &seen{most: map[string]int{}}
	for range loads {
		s.by = append(s.by, map[string]int{})
	}
	return s
}

// first reports whether no other load has had this mark of a load.
func (s *seen) first(load int, m record.Mark) bool {
	key := fmt.Sprintf("%q", []string{string(m.Kind), m.Name, m.Endpoint, m.Error})
	s.by[load][key]++
	if s.by[load][key] <= s.most[key] {
		return false
	}
	s.most[key]++
	return true
}
