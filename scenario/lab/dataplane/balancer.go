package dataplane

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"nodrop/loadgen"
)

// ErrNoEndpoint is the error of an empty balancer.
var ErrNoEndpoint = errors.New("the balancer has no endpoint")

// Balancer is a table of endpoints, like the address translation of a kernel:
// each new connection goes to a random endpoint, whether or not it still
// accepts. Readers never wait, because updates swap the table. The zero value
// is an empty table.
type Balancer struct {
	table atomic.Pointer[[]*loadgen.Endpoint]
}

var _ loadgen.Endpoints = (*Balancer)(nil)

// Next returns an endpoint, uniformly at random.
func (b *Balancer) Next(context.Context) (*loadgen.Endpoint, error) {
	table := b.table.Load()
	if table == nil || len(*table) == 0 {
		return nil, ErrNoEndpoint
	}
	return (*table)[rand.IntN(len(*table))], nil
}

// Add adds endpoints in one swap.
func (b *Balancer) Add(endpoints ...loadgen.Endpoint) {
	b.swap(func(table []*loadgen.Endpoint) []*loadgen.Endpoint {
		for _, e := range endpoints {
			table = append(table, &e)
		}
		return table
	})
}

// Remove removes the endpoints with these names in one swap. Unknown names are
// ignored.
func (b *Balancer) Remove(names ...string) {
	b.swap(func(table []*loadgen.Endpoint) []*loadgen.Endpoint {
		return slices.DeleteFunc(table, func(e *loadgen.Endpoint) bool {
			return slices.Contains(names, e.Name)
		})
	})
}

// swap replaces the table with change's result for a copy of it.
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
