package host

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
)

// Ports are below the ephemeral range (32768 and up on Linux): a connection to
// a closed port in that range can get the same port as its local port, and
// connect to itself.
const (
	lowestPort  = 10000
	highestPort = 32000
)

// OnFreePort calls bind with random loopback addresses until one is free.
func OnFreePort(bind func(netip.AddrPort) error) error {
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	var err error
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort+1)
		if err = bind(netip.AddrPortFrom(loopback, uint16(port))); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no free port between %d and %d: %w", lowestPort, highestPort, err)
}
