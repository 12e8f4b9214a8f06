//go:build !linux

package proc

import (
	"errors"
	"net/netip"
)

// ListenerProbe works on Linux only. Elsewhere nodrop cannot tell when an
// external gateway closes its listener, and records no mark for it.
type ListenerProbe struct{}

// NewListenerProbe fails.
func NewListenerProbe(netip.AddrPort) (*ListenerProbe, error) { return nil, errors.ErrUnsupported }

// Close does nothing.
func (*ListenerProbe) Close() {}

// Listens fails.
func (*ListenerProbe) Listens() (bool, error) { return false, errors.ErrUnsupported }
