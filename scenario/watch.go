package scenario

// Watch follows what a run does while it does it. Its functions may be nil. The
// run calls them from several goroutines and waits for them, so they must not
// block.
type Watch struct {
	// Attempt is called before each attempt, the nth of them all.
	Attempt func(a Attempt, nth, of int)
	// Act is called when an action begins. It returns a function to call when the
	// action has ended.
	Act func(phase Phase, name string) (ended func())
	// Load is called when the loads of an attempt have started. It returns a
	// function to call when they are over.
	Load func(loads []Watched) (over func())
}

// Phase is the part of an attempt that an action belongs to.
type Phase string

// The phases that have actions, as progress calls them.
const (
	PhaseSetUp   Phase = "setting up"
	PhaseStep    Phase = "running"
	PhaseRestore Phase = "restoring"
)

func (w Watch) attempt(a Attempt, nth, of int) {
	if w.Attempt != nil {
		w.Attempt(a, nth, of)
	}
}

func (w Watch) act(phase Phase, name string) (ended func()) {
	if w.Act == nil {
		return func() {}
	}
	return w.Act(phase, name)
}

func (w Watch) load(loads []Watched) (over func()) {
	if w.Load == nil {
		return func() {}
	}
	return w.Load(loads)
}

// masked returns a Watch that gets names with secrets removed.
func (w Watch) masked(mask func(string) string) Watch {
	if act := w.Act; act != nil {
		w.Act = func(phase Phase, name string) func() { return act(phase, mask(name)) }
	}
	return w
}
