//go:build !linux

package lab

import (
	"errors"
	"net/netip"
)

// listenerProbe is of Linux: elsewhere it is not known when a gateway that is
// not ours stops listening, and no mark says so.
type listenerProbe struct{}

func newListenerProbe(netip.AddrPort) (*listenerProbe, error) { return nil, errors.ErrUnsupported }

func (*listenerProbe) close() {}

func (*listenerProbe) listens() (bool, error) { return false, errors.ErrUnsupported }
