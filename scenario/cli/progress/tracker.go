package progress

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
)

const (
	every  = 10 * time.Second       // between the plain lines that need no event
	gather = 500 * time.Millisecond // how long marks wait for others of their kind, to be on one line
	// mostLines limits the lines about marks and steps in one attempt: a
	// misbehaving deployment may have thousands.
	mostLines = 200
)

// Tracker keeps what a run is doing. Its methods can be called from any
// goroutine.
type Tracker struct {
	// Quiet keeps a plain load quiet: nothing is printed before there is an event,
	// or ten seconds have passed.
	Quiet bool
	// AtMost: the number of runs is only a bound.
	AtMost bool
	// Fit shortens text to a number of columns.
	Fit func(text string, columns int) string

	changed chan struct{} // has an element if something is due earlier than it was

	mu      sync.Mutex // guards all below
	run     string
	several bool // there are other runs before or after this one
	acting  []*act
	began   map[string]bool // the steps of this attempt
	loads   []*load
	told    bool      // the start of the loads is in queue, or printed
	queue   []entry   // what to print about marks and steps
	flushAt time.Time // when to print queue; zero if it is empty
	next    time.Time // when a line is due that needs no event; zero if never
	lines   int       // of queue, in this attempt
}

// act is an action under way.
type act struct {
	phase scenario.Phase
	name  string
	begun time.Time
}

// NewTracker returns a Tracker of a run that has not begun.
func NewTracker(quiet bool, fit func(text string, columns int) string) *Tracker {
	return &Tracker{Quiet: quiet, Fit: fit, changed: make(chan struct{}, 1)}
}

// Watch returns the functions that the run calls.
func (t *Tracker) Watch() scenario.Watch {
	return scenario.Watch{Attempt: t.attempt, Act: t.act, Load: t.load}
}

func (t *Tracker) attempt(a scenario.Attempt, nth, of int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run, t.several, t.lines, t.began = nameOf(a, nth, t.total(of)), of > 1, 0, map[string]bool{}
	t.restart()
}

// total says how many runs there are; "" for a single one.
func (t *Tracker) total(of int) string {
	switch {
	case of == 1:
		return ""
	case t.AtMost:
		return fmt.Sprintf("at most %d", of)
	}
	return strconv.Itoa(of)
}

// nameOf names an attempt among several.
func nameOf(a scenario.Attempt, nth int, total string) string {
	name := a.String()
	if total == "" {
		return name
	}
	return listed(name, fmt.Sprintf("run %d of %s", nth, total))
}

// restart begins the ten seconds until the next line anew. The caller must hold
// the lock.
func (t *Tracker) restart() {
	t.next = time.Now().Add(every)
	t.hurry()
}

// hurry wakes whoever waits for the next line.
func (t *Tracker) hurry() {
	select {
	case t.changed <- struct{}{}:
	default:
	}
}

func (t *Tracker) act(phase scenario.Phase, name string) (ended func()) {
	name = scenario.OneLine(name)
	a := &act{phase, name, time.Now()}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.acting = append(t.acting, a)
	if phase == scenario.PhaseStep && len(t.loads) > 0 {
		t.began[name] = true
		t.add(entry{step: name, begins: true, at: t.loads[0].Since(a.begun), text: "begins"})
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.acting = slices.DeleteFunc(t.acting, func(o *act) bool { return o == a })
	}
}

// load begins to watch the loads of an attempt.
func (t *Tracker) load(list []scenario.Watched) (over func()) {
	loads := make([]*load, len(list))
	for i, watched := range list {
		loads[i] = &load{Watched: watched, settings: watched.Settings()}
	}
	t.mu.Lock()
	t.loads, t.told = loads, false
	t.restart()
	if !t.Quiet {
		t.tell()
	}
	t.mu.Unlock()
	seen := newSeen(len(loads))
	for i, watched := range list {
		watched.Marks().Each(func(m record.Mark) { t.mark(loads, seen, i, m) })
	}
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.loads = nil
		if t.several {
			t.result(ended(loads))
		}
		t.restart()
	}
}

// mark queues a mark of one of the loads, unless another load has it too or it
// came before or after them.
func (t *Tracker) mark(loads []*load, seen *seen, of int, m record.Mark) {
	t.mu.Lock()
	defer t.mu.Unlock()
	under := len(t.loads) > 0 && t.loads[0] == loads[0]
	if !seen.first(of, m) || !under || m.End < 0 || m.Kind == record.MarkNote && t.Quiet && !t.told {
		return
	}
	t.add(entryOf(m, t.began[scenario.OneLine(m.Name)]))
}

// tell queues the start of the loads. The caller must hold the lock.
func (t *Tracker) tell() {
	t.told = true
	for _, l := range t.loads {
		t.queue = append(t.queue, entry{run: t.run, text: prefixed(l.Progress().Stream, l.plan()), start: true})
	}
	t.flushAt = time.Now()
	t.hurry()
}

// result queues the line at the end of one run of several; that of a single run
// is in the report, which follows. The caller must hold the lock.
func (t *Tracker) result(e entry) {
	e.run = t.run
	t.queue = append(t.queue, e)
	t.flushAt = time.Now()
}

// add queues a line about the event. The caller must hold the lock.
func (t *Tracker) add(e entry) {
	if t.lines++; t.lines > mostLines {
		return
	}
	if !t.told {
		t.tell()
	}
	e.run = t.run
	if t.lines == mostLines {
		e = entry{run: t.run, at: e.at, text: "further marks and steps are only in the report"}
	}
	t.queue = append(t.queue, e)
	if t.flushAt.IsZero() {
		t.flushAt = time.Now().Add(gather)
		t.hurry()
	}
}

// due is when take has lines to print; false if nothing is planned.
func (t *Tracker) due() (at time.Time, planned bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at = t.next
	if !t.flushAt.IsZero() && (at.IsZero() || t.flushAt.Before(at)) {
		at = t.flushAt
	}
	return at, !at.IsZero()
}

// take returns the plain lines that are due at a time.
func (t *Tracker) take(now time.Time) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	periodic := !t.next.IsZero() && !now.Before(t.next)
	text := ""
	if periodic {
		for !now.Before(t.next) {
			t.next = t.next.Add(every)
		}
		text = t.standing(now)
	}
	var lines []string
	if text != "" || !t.flushAt.IsZero() && !now.Before(t.flushAt) {
		lines = t.flush()
	}
	if text != "" {
		lines = append(lines, text)
	}
	return lines
}

// rest returns the plain lines that are left at the end.
func (t *Tracker) rest() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.flush()
}

// flush returns what is queued. The caller must hold the lock.
func (t *Tracker) flush() []string {
	var lines []string
	for _, e := range grouped(t.queue) {
		lines = append(lines, e.line())
	}
	t.queue, t.flushAt = nil, time.Time{}
	return lines
}

// standing is the line that is due every ten seconds; "" if there is nothing to
// say. The caller must hold the lock.
func (t *Tracker) standing(now time.Time) string {
	v := t.view()
	switch {
	case len(v.loads) == 0 && v.doing == "":
		return ""
	case len(v.loads) == 0:
		return prefixed(v.run, fmt.Sprintf("%s, for %s so far", v.doing, whole(now.Sub(t.acting[0].begun))))
	}
	if all := together(v.loads); t.Quiet && !t.told && all.percent == 100 && all.elapsed < 2*every {
		return "" // it is about to end
	}
	if !t.told {
		t.tell()
	}
	return v.long()
}

// view describes the run now. The caller must hold the lock.
func (t *Tracker) view() *view {
	v := &view{run: t.run}
	for _, l := range t.loads {
		v.loads = append(v.loads, l.figures())
	}
	var names []string
	for _, a := range t.acting {
		names = append(names, a.name)
	}
	v.steps = strings.Join(names, ", ")
	if len(t.acting) > 0 {
		v.doing = string(t.acting[0].phase) + ": " + v.steps
	}
	return v
}

// Line describes the run in at most this many columns; "" if there is nothing
// to say.
func (t *Tracker) Line(columns int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.view().line(columns, func(text string, most int) string { return t.Fit(safetext.CleanLine(text), most) })
}
