package proc

import "net/netip"

// Listens reports whether a process of this machine listens at the address;
// false if the kernel cannot be asked.
func Listens(addr netip.AddrPort) bool {
	probe, err := NewListenerProbe(addr)
	if err != nil {
		return false
	}
	defer probe.Close()
	listens, err := probe.Listens()
	return err == nil && listens
}
