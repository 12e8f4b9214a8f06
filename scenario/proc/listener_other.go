//go:build !linux

package proc

import (
	"errors"
	"net/netip"
)

// ListenerProbe is of Linux: elsewhere it is not known when a gateway that is
// not ours stops listening, and no mark says so.
type ListenerProbe struct{}

// NewListenerProbe fails.
func NewListenerProbe(netip.AddrPort) (*ListenerProbe, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*ListenerProbe) Close() {}

// Listens fails.
func (*ListenerProbe) Listens() (bool, error) { return false, errors.ErrUnsupported }
