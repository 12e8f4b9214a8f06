package wire

import (
	"net/netip"
	"sync/atomic"
)

// Sources takes turns over the addresses that connections come from.
type Sources struct {
	List []netip.Addr
	turn atomic.Uint64
}

// Next is the address for a connection to e, the zero one for whichever the
// system takes: without --source, and where a redirect led to the other family.
func (s *Sources) Next(e *Endpoint) netip.Addr {
	if len(s.List) == 0 || FamilyName(s.List[0]) != FamilyName(e.Addr.Addr()) {
		return netip.Addr{}
	}
	return s.List[(s.turn.Add(1)-1)%uint64(len(s.List))]
}
