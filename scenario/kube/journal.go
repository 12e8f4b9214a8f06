package kube

import (
	"context"
	"sync"
)

// journal is what was changed last of one object, where several changes of a run
// are. The last one puts back what was before the first: each for itself would go
// back the way they came, and take pods away that are to stay.
type journal struct {
	mu   sync.Mutex // guards last
	last *change
}

// do applies a change, which takes over from the one before unless it is to stay.
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
