package record

import "sync"

// Marks collects the marks of one run while it is under way. The zero Marks is
// empty. It costs a load nothing: workers never touch it.
type Marks struct {
	mu       sync.Mutex // guards all below, and is held while a watcher is called
	list     []Mark
	watchers []func(Mark)
}

// Add adds a mark, whose times are on the clock of the run. It can be called
// from any goroutine, also after the run has ended.
func (m *Marks) Add(mark Mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, mark)
	for _, watch := range m.watchers {
		watch(mark)
	}
}

// Each calls watch with every mark, in the order in which they are added: at
// once with those so far, later in the goroutine that adds one, before Add
// returns. Watch must not block and must not use m.
func (m *Marks) Each(watch func(Mark)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, mark := range m.list {
		watch(mark)
	}
	m.watchers = append(m.watchers, watch)
}

// List returns the marks so far, in the order in which they began.
func (m *Marks) List() []Mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := append([]Mark{}, m.list...) // never nil: a recording has a list even if it is empty
	SortMarks(list)
	return list
}
