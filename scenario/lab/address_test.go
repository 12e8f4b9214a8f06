package lab

import (
	"net/netip"
	"testing"
)

func TestReplicaHost(t *testing.T) {
	tests := []struct {
		goos string
		i    int
		want string
	}{
		{"linux", 1, "127.0.0.2"},
		{"linux", 250, "127.0.0.251"},
		{"linux", 251, "127.0.1.2"},
		{"linux", maxHosts, "127.0.255.251"},
		{"darwin", 7, "127.0.0.1"},
		{"windows", 7, "127.0.0.1"},
	}
	for _, test := range tests {
		if got := replicaHost(test.goos, test.i).String(); got != test.want {
			t.Errorf("replicaHost(%s, %d) = %s; want %s", test.goos, test.i, got, test.want)
		}
	}
}

func TestListenPicksAPortOfOurs(t *testing.T) {
	for range 20 {
		l, err := listen(t.Context(), "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		port := netip.MustParseAddrPort(l.Addr().String()).Port()
		if port < firstPort || port > lastPort {
			t.Errorf("port %d; want %d to %d", port, firstPort, lastPort)
		}
		if _, err := listen(t.Context(), l.Addr().String()); err == nil {
			t.Errorf("%s could be taken twice", l.Addr())
		}
	}
}

func TestListenBadAddress(t *testing.T) {
	for _, addr := range []string{"", "localhost:80", "127.0.0.1", "192.0.2.1:0"} {
		if l, err := listen(t.Context(), addr); err == nil {
			_ = l.Close()
			t.Errorf("listen(%q) gave no error", addr)
		}
	}
}
