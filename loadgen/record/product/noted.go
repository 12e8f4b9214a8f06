package product

import "sync"

const (
	mostFields  = 64  // different fields that are kept; a target may put anything there
	longestName = 256 // bytes of a field that is looked at
)

// Noted collects the products that fields of responses name, while a load runs.
// The zero Noted is empty. Many goroutines may share it.
type Noted struct {
	mu    sync.Mutex
	known map[string]string // fields that were looked at
	names []string
}

// Note looks at a field and returns it, as long as it is one of those that are
// kept: whoever calls Note remembers it, and calls Note again only for another
// field. Of a field that it knows, Note allocates nothing.
func (n *Noted) Note(field []byte) string {
	if len(field) > longestName {
		return ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if text, ok := n.known[string(field)]; ok || len(n.known) == mostFields {
		return text
	}
	if n.known == nil {
		n.known = map[string]string{}
	}
	text := string(field)
	n.known[text] = text
	n.names = Add(n.names, InField(text)...)
	return text
}

// List returns the products noted so far, in the order of the table.
func (n *Noted) List() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return Sort(n.names)
}
