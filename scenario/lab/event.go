package lab

import (
	"sync"
	"time"

	"nodrop/loadgen"
)

// Event is one step in the life of one replica.
type Event struct {
	Kind    loadgen.MarkKind
	Replica string
	At      time.Time // with a monotonic reading, on this process's clock
	Err     error     // what went wrong, for instance an exit nobody asked for
}

// serialised makes mark safe to call from several goroutines; nil is no mark.
func serialised(mark func(Event)) func(Event) {
	var mu sync.Mutex
	return func(e Event) {
		if mark == nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		mark(e)
	}
}
