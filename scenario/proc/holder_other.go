//go:build !linux

package proc

import (
	"net"
	"net/netip"
	"time"
)

// dialBound limits how long a local listener may take to accept.
const dialBound = time.Second

// HolderOf returns the process that listens at an address of this machine, or
// nil. Its identity is known on Linux only: here it counts as ours while any of
// our processes runs.
func (g *Group) HolderOf(addr netip.AddrPort) (*Holder, error) {
	c, err := net.DialTimeout("tcp", addr.String(), dialBound) //nolint:noctx // bounded
	if err != nil {
		return nil, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return &Holder{Ours: len(g.running)+len(g.commands) > 0}, c.Close()
}

// Rival returns nil: the listener's identity is unknown.
func (g *Group) Rival(*Process, netip.AddrPort) *Holder { return nil }

// IsZombie returns false: it is not known here.
func IsZombie(int) bool { return false }

// IsExiting returns false, for the same reason.
func IsExiting(int) bool { return false }
