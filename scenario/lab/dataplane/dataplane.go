package dataplane

import (
	"errors"
	"fmt"
	"slices"

	"nodrop/loadgen"
)

// Kind says where the table is that distributes connections over replicas.
type Kind string

// The dataplanes.
const (
	// Dialer keeps it in this program: each connection goes directly to a replica.
	Dialer Kind = "dialer"
	// NFT keeps it in the kernel, in the fleet's own network namespace, behind
	// one address, so that it works with any client. It needs Linux and root.
	NFT Kind = "nft"
)

// Parse returns the dataplane with this name; "" means Dialer.
func Parse(name string) (Kind, error) {
	all := []Kind{Dialer, NFT}
	switch {
	case name == "":
		return Dialer, nil
	case slices.Contains(all, Kind(name)):
		return Kind(name), nil
	}
	return "", fmt.Errorf("unknown dataplane %q: want %s or %s", name, Dialer, NFT)
}

// VirtualHost is the fleet's address with NFT. A new network namespace has only
// the addresses 127.0.0.0/8.
const VirtualHost = "127.96.0.1"

// Table distributes new connections over endpoints.
type Table interface {
	Add(endpoints ...loadgen.Endpoint) error
	Remove(names ...string) error
	// Cut closes the remaining connections to these endpoints.
	Cut(endpoints ...loadgen.Endpoint) error
}

// DialerTable is the table of the dialer. It cannot cut connections: each
// belongs to the client that opened it.
type DialerTable struct{ *Balancer }

// Add adds endpoints to the table.
func (d DialerTable) Add(endpoints ...loadgen.Endpoint) error {
	d.Balancer.Add(endpoints...)
	return nil
}

// Remove removes endpoints from the table.
func (d DialerTable) Remove(names ...string) error {
	d.Balancer.Remove(names...)
	return nil
}

// ErrCannotCut means that a drain timeout is set but the dataplane cannot cut
// connections.
var ErrCannotCut = errors.New("a drain timeout needs the dataplane nft: the dialer cannot cut connections")

// Cut always fails.
func (d DialerTable) Cut(...loadgen.Endpoint) error { return ErrCannotCut }
