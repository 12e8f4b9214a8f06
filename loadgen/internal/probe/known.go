package probe

import (
	"context"
	"maps"
	"sync"
	"sync/atomic"

	"nodrop/loadgen/internal/wire"
)

// maxKnown bounds the endpoints that are remembered. Losses on others are not
// probed.
const maxKnown = 1_000

// known is the load's Endpoints, and remembers by name what they returned. A
// response may name any endpoint, but only those get a connection. Next takes
// no lock, because every new connection of the load calls it.
type known struct {
	wire.Endpoints
	mu   sync.Mutex // held by writers
	list atomic.Pointer[addresses]
}

// addresses never change once they are stored.
type addresses struct {
	byName map[string]*wire.Endpoint
	order  []*wire.Endpoint // as they were first returned
}

func remember(e wire.Endpoints) *known {
	k := &known{Endpoints: e}
	k.list.Store(&addresses{byName: map[string]*wire.Endpoint{}})
	return k
}

// Next returns the next endpoint of the load.
func (k *known) Next(ctx context.Context) (*wire.Endpoint, error) {
	e, err := k.Endpoints.Next(ctx)
	if err != nil {
		return nil, err
	}
	list := k.list.Load()
	if old := list.byName[e.Name]; old == nil && len(list.order) < maxKnown || old != nil && *old != *e {
		k.add(e)
	}
	return e, nil
}

// add remembers e, in place of another address with its name.
func (k *known) add(e *wire.Endpoint) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.list.Load()
	list := &addresses{byName: maps.Clone(old.byName)}
	list.byName[e.Name] = e
	for _, other := range old.order {
		if other.Name != e.Name {
			list.order = append(list.order, other)
		}
	}
	list.order = append(list.order, e)
	k.list.Store(list)
}
