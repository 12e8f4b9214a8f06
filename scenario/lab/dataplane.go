package lab

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen"
)

// Dataplane is where the table is that spreads connections over the replicas.
type Dataplane string

// The dataplanes.
const (
	// Dialer has it in this program: each connection goes straight to a replica.
	Dialer Dataplane = "dialer"
	// NFT has it in the kernel, in a network namespace of the fleet's own, behind
	// one address: any client meets it. It is for root on Linux.
	NFT Dataplane = "nft"
)

// ParseDataplane finds a dataplane by its name; "" is the dialer.
func ParseDataplane(name string) (Dataplane, error) {
	all := []Dataplane{Dialer, NFT}
	switch {
	case name == "":
		return Dialer, nil
	case slices.Contains(all, Dataplane(name)):
		return Dataplane(name), nil
	}
	return "", fmt.Errorf("unknown dataplane %q, known are %s", name, strings.Join([]string{string(Dialer), string(NFT)}, ", "))
}

// Where the fleet is reached on NFT. All of 127.0.0.0/8 is there in a new network
// namespace, and nothing else.
const (
	virtualHost = "127.96.0.1"
	virtualPort = "80" // what a URL need not say
)

// table spreads new connections over endpoints.
type table interface {
	Add(endpoints ...loadgen.Endpoint) error
	Remove(names ...string) error
	// Cut ends the connections that are left to these endpoints.
	Cut(endpoints ...loadgen.Endpoint) error
}

// dialerTable is that of the dialer, where a connection that is there belongs to
// whoever opened it.
type dialerTable struct{ *Balancer }

func (d dialerTable) Add(endpoints ...loadgen.Endpoint) error {
	d.Balancer.Add(endpoints...)
	return nil
}

func (d dialerTable) Remove(names ...string) error {
	d.Balancer.Remove(names...)
	return nil
}

var errCannotCut = errors.New("a drain timeout needs a dataplane that can cut connections: nft")

func (d dialerTable) Cut(...loadgen.Endpoint) error { return errCannotCut }
