package proc

import (
	"net"
	"testing"
)

// TestListenerProbe: the probe sees a listener, and sees it close while a
// connection to it is still open.
func TestListenerProbe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewListenerProbe(l.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	expect := func(want bool) {
		t.Helper()
		if got, err := p.Listens(); err != nil || got != want {
			t.Errorf("listens: %v, %v; want %v", got, err, want)
		}
	}
	expect(true)
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }()
	expect(true)
	_ = l.Close()
	expect(false)
}
