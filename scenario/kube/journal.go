package kube

import (
	"context"
	"sync"
)

// journal holds the last change of an object that a run changes several times.
// The last change restores the state before the first one. If each undid
// itself, the object would pass through every earlier state and lose pods that
// should stay.
type journal struct {
	mu   sync.Mutex // guards last
	last *change
}

// do applies a change. Unless keep is set, the change takes over from the one
// before.
func (j *journal) do(ctx context.Context, c *change, keep bool) error {
	if j == nil {
		return c.do(ctx)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := c.do(ctx); err != nil {
		return err
	}
	if keep {
		j.last = nil
		return nil
	}
	if j.last != nil {
		c.adopt(j.last)
	}
	j.last = c
	return nil
}
