package wire

import (
	"context"
	"net/netip"
	"sync/atomic"
)

// Endpoint is one remote address that connections go to.
// Two endpoints with the same Name are one endpoint in every count.
type Endpoint struct {
	Name string // as shown in reports: a replica's name, or the address itself
	Addr netip.AddrPort
	Path string // of a unix socket, in place of Addr
}

// String returns the name, with the address if that adds something.
func (e *Endpoint) String() string {
	if addr := e.Addr.String(); e.Path == "" && e.Name != addr {
		return e.Name + " (" + addr + ")"
	}
	return e.Name
}

// Endpoints chooses the address of the next new connection.
//
// Next is called once per connection, from many goroutines at once. It must
// return at once, because others wait meanwhile. An error means that no address
// was found, and counts under the dns stage.
type Endpoints interface {
	Next(ctx context.Context) (*Endpoint, error)
}

// Fixed takes turns over a list that never changes.
type Fixed struct {
	list []*Endpoint
	turn atomic.Uint64
}

// NewFixed returns a list of addresses, which are also their names.
func NewFixed(addrs []netip.AddrPort) *Fixed {
	f := &Fixed{}
	for _, a := range addrs {
		f.list = append(f.list, &Endpoint{Name: a.String(), Addr: a})
	}
	return f
}

// NewUnix returns the unix socket at path.
func NewUnix(path string) *Fixed {
	return &Fixed{list: []*Endpoint{{Name: path, Path: path}}}
}

// Known returns the list.
func (f *Fixed) Known() []*Endpoint { return f.list }

// Next returns the endpoint after the last one returned.
func (f *Fixed) Next(context.Context) (*Endpoint, error) {
	return f.list[(f.turn.Add(1)-1)%uint64(len(f.list))], nil
}
