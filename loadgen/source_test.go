package loadgen_test

import (
	"net/netip"
	"strings"
	"testing"

	"nodrop/loadgen"
)

func TestParseSources(t *testing.T) {
	got, err := loadgen.ParseSources("127.0.0.2, ::ffff:127.0.0.3,127.0.0.4")
	want := []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("127.0.0.4")}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%v, %v; want %v", got, err, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v; want %v", got, want)
		}
	}
	for _, bad := range []string{"", ",", "127.0.0.1,", "localhost", "127.0.0.1:80", "10.0.0.0/8"} {
		if _, err := loadgen.ParseSources(bad); err == nil || !strings.HasPrefix(err.Error(), "source ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestSourcesThatCannotBe(t *testing.T) {
	v4, v6 := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::1")
	to := netip.MustParseAddrPort("127.0.0.1:80")
	proxy, err := loadgen.ParseProxy("127.0.0.1:3128")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		cfg  loadgen.Config
		want string
	}{
		"target of the other family": {loadgen.Config{URL: "http://127.0.0.1/", Sources: []netip.Addr{v6}}, "source ::1: is IPv6, but 127.0.0.1 is IPv4"},
		"two families":               {loadgen.Config{URL: "http://name/", Sources: []netip.Addr{v4, v6}}, "source 127.0.0.1,::1: 127.0.0.1 is IPv4, but ::1 is IPv6; use only one family"},
		"connect-to":                 {loadgen.Config{URL: "http://name/", ConnectTo: []loadgen.ConnectTo{{Addr: to}}, Sources: []netip.Addr{v6}}, "source ::1: is IPv6, but 127.0.0.1 is IPv4"},
		"proxy":                      {loadgen.Config{URL: "http://[::1]/", Proxy: proxy, Sources: []netip.Addr{v6}}, "source ::1: is IPv6, but 127.0.0.1 is IPv4"},
		"unix socket":                {loadgen.Config{URL: "http://name/", UnixSocket: "/x", Sources: []netip.Addr{v4}}, "source and unix-socket: a Unix socket has no source address"},
		"no address":                 {loadgen.Config{URL: "http://127.0.0.1/", Sources: []netip.Addr{netip.IPv4Unspecified()}}, "source 0.0.0.0: connections cannot come from this address"},
		"not of this machine":        {loadgen.Config{URL: "http://127.0.0.1.nip.invalid/", Sources: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}, "source 192.0.2.1: not an address of this machine"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := loadgen.New(t.Context(), test.cfg)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}
