//go:build !linux

package proc

import (
	"net"
	"net/netip"
	"time"
)

// dialBound is how long somebody who listens on this machine may take to accept.
const dialBound = time.Second

// HolderOf is who listens at an address of this machine; nil for nobody. Whose
// process it is is known on Linux only: here it may be ours as long as one runs.
func (g *Group) HolderOf(addr netip.AddrPort) (*Holder, error) {
	c, err := net.DialTimeout("tcp", addr.String(), dialBound) //nolint:noctx // bounded
	if err != nil {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return &Holder{Ours: len(g.running)+len(g.commands) > 0}, c.Close()
}

// Rival is not known.
func (g *Group) Rival(*Process, netip.AddrPort) *Holder { return nil }
