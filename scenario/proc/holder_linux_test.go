package proc_test

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"nodrop/scenario/proc"
)

// TestHolderOf finds the process that would receive a connection to an address,
// whatever address it is bound to.
func TestHolderOf(t *testing.T) {
	g := &proc.Group{}
	for bound, asked := range map[string][]string{
		"127.0.0.1:0": {"127.0.0.1", "::ffff:127.0.0.1"},
		"0.0.0.0:0":   {"127.0.0.1", "127.0.0.2"},
		"[::]:0":      {"127.0.0.1", "::1"},
		"[::1]:0":     {"::1"},
	} {
		t.Run(bound, func(t *testing.T) {
			l, err := net.Listen("tcp", bound)
			if err != nil {
				t.Fatal(err)
			}
			port := uint16(l.Addr().(*net.TCPAddr).Port)
			for _, ip := range asked {
				h, err := g.HolderOf(netip.AddrPortFrom(netip.MustParseAddr(ip), port))
				if err != nil || h == nil || !h.Ours || h.PID != os.Getpid() || h.Name != "proc.test" {
					t.Errorf("%s: %+v, %v", ip, h, err)
				}
			}
			_ = l.Close()
			for _, ip := range asked {
				if h, err := g.HolderOf(netip.AddrPortFrom(netip.MustParseAddr(ip), port)); h != nil || err != nil {
					t.Errorf("%s, closed: %+v, %v", ip, h, err)
				}
			}
		})
	}
}
