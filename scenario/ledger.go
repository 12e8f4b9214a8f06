package scenario

import (
	"slices"
	"sync"
)

// Undoer is an action whose Undo does something.
type Undoer interface {
	// Undoes says in a few words what Undo does, "" for nothing: before Run, what
	// it may come to; when Run has returned (acted), what it is. ends tells what
	// ends with the program anyway: nothing is left to do by hand.
	Undoes(acted bool) (what string, ends bool)
}

// ledger lists what is still to be restored, for whoever exits without it. The
// zero ledger is empty.
type ledger struct {
	mu      sync.Mutex // guards all below, and the entries
	restore []*entry   // in the order in which they are done
	undo    []*entry   // in reverse of it
}

// entry is one of them; text is "" where there is nothing to do.
type entry struct {
	text   string
	ends   bool
	failed bool // to be restored
}

// left lists what would be left to do by hand, what could not be restored
// included.
func (l *ledger) left() []string { return l.list(func(*entry) bool { return true }) }

// underWay lists what is still to be restored, each in a few words.
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

// toRestore enters the actions that are run in any case.
func (l *ledger) toRestore(actions []Action) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.restore = nil
	for _, a := range actions {
		l.restore = append(l.restore, &entry{text: OneLine(a.String())})
	}
}

// toUndo enters an action that is about to run.
func (l *ledger) toUndo(name string, a Action) *entry {
	e := &entry{}
	l.update(e, name, a, false)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.undo = append(l.undo, e)
	return e
}

// update looks at the action again.
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

// done takes an entry out that was restored. One that could not be stays, for
// whoever exits before its error is reported.
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

// inWordsOf puts a step's name before what is done.
func inWordsOf(name, what string) string {
	name, what = short(name), OneLine(what)
	switch {
	case what == "" || name == "" || name == what:
		return what
	default:
		return name + " (" + what + ")"
	}
}

// maxText bounds what is said of one action while it is done, in runes.
const maxText = 100

// short is a text in one line, cut where that is long.
func short(text string) string {
	return Cut(OneLine(text), maxText)
}
