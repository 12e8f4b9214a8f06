package loadgen

import (
	"net/netip"
	"sync/atomic"
)

// sources takes turns over the addresses that connections come from.
type sources struct {
	list []netip.Addr
	turn atomic.Uint64
}

// next is the address for a connection to e, the zero one for whichever the
// system takes: without --source, and where a redirect led to the other family.
func (s *sources) next(e *Endpoint) netip.Addr {
	if len(s.list) == 0 || familyName(s.list[0]) != familyName(e.Addr.Addr()) {
		return netip.Addr{}
	}
	return s.list[(s.turn.Add(1)-1)%uint64(len(s.list))]
}
