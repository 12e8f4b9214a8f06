package wire

import (
	"net/netip"
	"sync/atomic"
)

// Sources takes turns over the local addresses of connections.
type Sources struct {
	List []netip.Addr
	turn atomic.Uint64
}

// Next returns the local address of a connection to e. The zero address lets
// the system choose: without --source, and after a redirect to the other
// family.
func (s *Sources) Next(e *Endpoint) netip.Addr {
	if len(s.List) == 0 || FamilyName(s.List[0]) != FamilyName(e.Addr.Addr()) {
		return netip.Addr{}
	}
	return s.List[(s.turn.Add(1)-1)%uint64(len(s.List))]
}
