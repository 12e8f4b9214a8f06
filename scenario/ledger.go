package scenario

import (
	"fmt"
	"slices"
	"strings"
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
	text string
	ends bool
}

// left lists what would be left to do by hand.
func (l *ledger) left() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var texts []string
	add := func(e *entry) {
		if e.text != "" && !e.ends {
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
		l.restore = append(l.restore, &entry{text: describe(a)})
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

// done takes an entry out.
func (l *ledger) done(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	is := func(o *entry) bool { return o == e }
	l.restore, l.undo = slices.DeleteFunc(l.restore, is), slices.DeleteFunc(l.undo, is)
}

// describe says what an action does.
func describe(a Action) string {
	if s, ok := a.(fmt.Stringer); ok {
		return short(s.String())
	}
	return short(strings.TrimPrefix(fmt.Sprintf("%T", a), "*"))
}

// inWordsOf puts a step's name before what is done.
func inWordsOf(name, what string) string {
	name, what = short(name), short(what)
	switch {
	case what == "" || name == "" || name == what:
		return what
	default:
		return name + " (" + what + ")"
	}
}

// maxText bounds what is shown of one action, in runes.
const maxText = 100

// short is a text in one line.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText-1]) + "…"
	}
	return text
}
