package scenario

import (
	"slices"
	"sync"
)

// Undoer is an action whose Undo has an effect.
type Undoer interface {
	// Undoes describes in a few words what Undo does; "" means nothing. Before
	// Run (acted is false) it describes what Undo may do; after Run has
	// returned, what it will do. ends reports that program exit undoes it
	// anyway, so that nothing is left to restore by hand.
	Undoes(acted bool) (what string, ends bool)
}

// ledger lists what is still to be restored, for an exit that skips restoring.
// The zero ledger is empty.
type ledger struct {
	mu      sync.Mutex // guards all below, and the entries
	restore []*entry   // in the order in which they run
	undo    []*entry   // undone in reverse
}

// entry is one thing to restore; text is "" if there is nothing to do.
type entry struct {
	text   string
	ends   bool
	failed bool // restoring it failed
}

// left lists what would be left to restore by hand, including what could not be
// restored.
func (l *ledger) left() []string { return l.list(func(*entry) bool { return true }) }

// underWay lists what is still being restored, each in a few words.
func (l *ledger) underWay() []string {
	texts := l.list(func(e *entry) bool { return !e.failed })
	for i, text := range texts {
		texts[i] = short(text)
	}
	return texts
}

func (l *ledger) list(wanted func(*entry) bool) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var texts []string
	add := func(e *entry) {
		if e.text != "" && !e.ends && wanted(e) {
			texts = append(texts, e.text)
		}
	}
	for _, e := range l.restore {
		add(e)
	}
	for _, e := range slices.Backward(l.undo) {
		add(e)
	}
	return texts
}

// toRestore adds the actions that always run after the load.
func (l *ledger) toRestore(actions []Action) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.restore = nil
	for _, a := range actions {
		l.restore = append(l.restore, &entry{text: OneLine(a.String())})
	}
}

func (l *ledger) toUndo(name string, a Action) *entry {
	e := &entry{}
	l.update(e, name, a, false)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.undo = append(l.undo, e)
	return e
}

// update asks the action again what Undo does.
func (l *ledger) update(e *entry, name string, a Action, acted bool) {
	u, ok := a.(Undoer)
	if !ok {
		return
	}
	what, ends := u.Undoes(acted)
	l.mu.Lock()
	defer l.mu.Unlock()
	e.text, e.ends = inWordsOf(name, what), ends
}

// done removes an entry that was restored. An entry that could not be restored
// stays in the list, in case the program exits before its error is reported.
func (l *ledger) done(e *entry, restored bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !restored {
		e.failed = true
		return
	}
	is := func(o *entry) bool { return o == e }
	l.restore, l.undo = slices.DeleteFunc(l.restore, is), slices.DeleteFunc(l.undo, is)
}

// inWordsOf prefixes what is undone with the name of the step.
func inWordsOf(name, what string) string {
	name, what = short(name), OneLine(what)
	switch {
	case what == "" || name == "" || name == what:
		return what
	default:
		return name + " (" + what + ")"
	}
}

// maxText is the maximum length of an action's description in progress
// messages, in runes.
const maxText = 100

// short returns text on one line, cut to maxText.
func short(text string) string {
	return Cut(OneLine(text), maxText)
}
