package proc

import (
	"net"
	"net/netip"
	"os"
	"testing"
)

// TestListensAt: the address is that at which a connection reaches the process.
func TestListensAt(t *testing.T) {
	if addr, known := ListensAt(os.Getpid()); known {
		t.Fatalf("the test listens at %v already", addr)
	}
	listen := func(at string) net.Listener {
		t.Helper()
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	for bound, want := range map[string]string{"127.0.0.2:0": "127.0.0.2", "0.0.0.0:0": "127.0.0.1", "[::1]:0": "::1"} {
		l := listen(bound)
		port := uint16(l.Addr().(*net.TCPAddr).Port)
		if addr, known := ListensAt(os.Getpid()); !known || addr != netip.AddrPortFrom(netip.MustParseAddr(want), port) {
			t.Errorf("bound to %s: got %v, %v; want %s and its port", bound, addr, known, want)
		}
		_ = l.Close()
	}
	listen("127.0.0.1:0")
	listen("127.0.0.1:0")
	if addr, known := ListensAt(os.Getpid()); known {
		t.Errorf("two ports: got %v; want that it is not known", addr)
	}
}
