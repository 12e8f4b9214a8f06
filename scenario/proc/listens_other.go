//go:build !linux

package proc

import "net/netip"

// ListensAt knows no address: only Linux tells.
func ListensAt(int) (addr netip.AddrPort, known bool) { return netip.AddrPort{}, false }
