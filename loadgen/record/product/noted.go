package product

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	mostFields  = 64  // different fields that are kept; a target may put anything there
	longestName = 256 // bytes of a field that is looked at
)

// Noted collects the products that fields of responses name, while a load runs.
// The zero Noted is empty. Many goroutines may share it: Note takes a lock only
// for a field that is added, so that workers do not wait for each other when
// responses alternate between fields, or each have another one.
type Noted struct {
	mu    sync.Mutex             // held by writers
	known atomic.Pointer[looked] // fields that were looked at
}

// looked never changes once it is stored.
type looked struct {
	fields map[string]string
	names  []string
}

// Note looks at a field and returns it, as long as it is one of those that are
// kept: whoever calls Note remembers it, and calls Note again only for another
// field. Of a field that it knows, Note allocates nothing.
func (n *Noted) Note(field []byte) string {
	if len(field) > longestName {
		return ""
	}
	if known := n.known.Load(); known != nil {
		if text, ok := known.fields[string(field)]; ok || len(known.fields) == mostFields {
			return text
		}
	}
	return n.add(string(field))
}

func (n *Noted) add(text string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := looked{fields: map[string]string{}}
	if old := n.known.Load(); old != nil {
		if same, ok := old.fields[text]; ok || len(old.fields) == mostFields {
			return same
		}
		now.fields, now.names = maps.Clone(old.fields), old.names
	}
	now.fields[text] = text
	now.names = Add(slices.Clip(now.names), InField(text)...)
	n.known.Store(&now)
	return text
}

// List returns the products noted so far, in alphabetical order, as Run.Merge
// keeps them.
func (n *Noted) List() []string {
	known := n.known.Load()
	if known == nil {
		return nil
	}
	return slices.Sorted(slices.Values(known.names))
}
