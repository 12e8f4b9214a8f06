package loadgen

import (
	"context"
	"net/netip"
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
