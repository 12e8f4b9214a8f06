package dataplane

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen"
)

// Kind is where the table is that spreads connections over the replicas.
type Kind string

// The dataplanes.
const (
	// Dialer has it in this program: each connection goes straight to a replica.
	Dialer Kind = "dialer"
	// NFT has it in the kernel, in a network namespace of the fleet's own, behind
	// one address: any client meets it. It is for root on Linux.
	NFT Kind = "nft"
)

// Parse finds a dataplane by its name; "" is the dialer.
func Parse(name string) (Kind, error) {
	all := []Kind{Dialer, NFT}
	switch {
	case name == "":
		return Dialer, nil
	case slices.Contains(all, Kind(name)):
		return Kind(name), nil
	}
	return "", fmt.Errorf("unknown dataplane %q, known are %s", name, strings.Join([]string{string(Dialer), string(NFT)}, ", "))
}

// Where the fleet is reached on NFT. All of 127.0.0.0/8 is there in a new network
// namespace, and nothing else.
const (
	VirtualHost = "127.96.0.1"
	virtualPort = "80" // what a URL need not say
)

// Table spreads new connections over endpoints.
type Table interface {
	Add(endpoints ...loadgen.Endpoint) error
	Remove(names ...string) error
	// Cut ends the connections that are left to these endpoints.
	Cut(endpoints ...loadgen.Endpoint) error
}

// DialerTable is that of the dialer, where a connection that is there belongs to
// whoever opened it.
type DialerTable struct{ *Balancer }

// Add puts endpoints into the table.
func (d DialerTable) Add(endpoints ...loadgen.Endpoint) error {
	d.Balancer.Add(endpoints...)
	return nil
}

// Remove takes endpoints out of it.
func (d DialerTable) Remove(names ...string) error {
	d.Balancer.Remove(names...)
	return nil
}

// ErrCannotCut is that of a drain timeout where connections cannot be cut.
var ErrCannotCut = errors.New("a drain timeout needs a dataplane that can cut connections: nft")

// Cut is refused.
func (d DialerTable) Cut(...loadgen.Endpoint) error { return ErrCannotCut }
