package dataplane

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"nodrop/loadgen"
)

// ErrNoEndpoint is what an empty balancer answers.
var ErrNoEndpoint = errors.New("the balancer has no endpoint")

// Balancer is a table of endpoints, as a kernel's address translation holds it:
// each new connection goes to one of them at random, whether it still accepts
// or not. Readers never wait: the table is swapped, not changed.
// The zero value is an empty table.
type Balancer struct {
	table atomic.Pointer[[]*loadgen.Endpoint]
}

var _ loadgen.Endpoints = (*Balancer)(nil)

// Next picks an endpoint uniformly at random.
func (b *Balancer) Next(context.Context) (*loadgen.Endpoint, error) {
	table := b.table.Load()
	if table == nil || len(*table) == 0 {
		return nil, ErrNoEndpoint
	}
	return (*table)[rand.IntN(len(*table))], nil
}

// Add puts endpoints into the table, all of them in one swap.
func (b *Balancer) Add(endpoints ...loadgen.Endpoint) {
	b.swap(func(table []*loadgen.Endpoint) []*loadgen.Endpoint {
		for _, e := range endpoints {
			table = append(table, &e)
		}
		return table
	})
}

// Remove takes the endpoints with these names out of the table, all of them in
// one swap. Names that are not in it are no error.
func (b *Balancer) Remove(names ...string) {
	b.swap(func(table []*loadgen.Endpoint) []*loadgen.Endpoint {
		return slices.DeleteFunc(table, func(e *loadgen.Endpoint) bool {
			return slices.Contains(names, e.Name)
		})
	})
}

// swap replaces the table by what change makes of a copy of it.
func (b *Balancer) swap(change func([]*loadgen.Endpoint) []*loadgen.Endpoint) {
	for {
		old := b.table.Load()
		var table []*loadgen.Endpoint
		if old != nil {
			table = slices.Clone(*old)
		}
		table = change(table)
		if b.table.CompareAndSwap(old, &table) {
			return
		}
	}
}
