package wire

import (
	"context"
	"net/netip"
	"sync/atomic"
)

// Endpoint is one remote address that connections go to.
// Two endpoints with the same Name are one endpoint in every count.
type Endpoint struct {
	Name string // as reports show it: a replica's name, or the address itself
	Addr netip.AddrPort
	Path string // of a unix socket; in place of Addr
}

// String is the name, with the address where that says more.
func (e *Endpoint) String() string {
	if addr := e.Addr.String(); e.Path == "" && e.Name != addr {
		return e.Name + " (" + addr + ")"
	}
	return e.Name
}

// Endpoints says which address the next new connection goes to.
//
// Next is called once per connection, from many goroutines at once, and must
// return at once: others wait for their turn meanwhile; an error means that no address could be found and is counted
// under the dns stage.
type Endpoints interface {
	Next(ctx context.Context) (*Endpoint, error)
}

// Fixed takes turns over a list that never changes.
type Fixed struct {
	list []*Endpoint
	turn atomic.Uint64
}

// NewFixed is a list of addresses, which are also their names.
func NewFixed(addrs []netip.AddrPort) *Fixed {
	f := &Fixed{}
	for _, a := range addrs {
		f.list = append(f.list, &Endpoint{Name: a.String(), Addr: a})
	}
	return f
}

// NewUnix is the unix socket at path.
func NewUnix(path string) *Fixed {
	return &Fixed{list: []*Endpoint{{Name: path, Path: path}}}
}

// Known is the list.
func (f *Fixed) Known() []*Endpoint { return f.list }

// Next is the endpoint after the last one given.
func (f *Fixed) Next(context.Context) (*Endpoint, error) {
	return f.list[(f.turn.Add(1)-1)%uint64(len(f.list))], nil
}
