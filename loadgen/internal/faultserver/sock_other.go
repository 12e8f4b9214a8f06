//go:build !linux

package faultserver

import (
	"errors"
	"net"
	"net/netip"
)

// socket exists on Linux only.
type socket struct {
	addr netip.AddrPort
}

func bound() (*socket, error)                  { return nil, errors.ErrUnsupported }
func (*socket) listen(int) error               { return errors.ErrUnsupported }
func (*socket) queue() (n, max int, err error) { return 0, 0, errors.ErrUnsupported }
func (*socket) close() error                   { return nil }

// awaitGone does not wait: this system cannot tell without reading.
func awaitGone(*net.TCPConn) {}
