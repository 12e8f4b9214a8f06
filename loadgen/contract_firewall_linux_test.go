package loadgen_test

import (
	"fmt"
	"os/exec"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
)

// TestContractFirewall: a connection that a firewall rejects is lost, and the
// target sees nothing of it. The ICMP error arrives while the attempt is in
// progress.
func TestContractFirewall(t *testing.T) {
	for _, tc := range []struct{ host, reject, class string }{
		{"[::1]", "icmpv6 admin-prohibited", "connect.rejected"},
		{"[::1]", "icmpv6 addr-unreachable", "connect.unreachable"},
		{"[::1]", "icmpv6 port-unreachable", "connect.refused"},
		{"127.0.0.1", "icmp admin-prohibited", "connect.unreachable"},
		{"127.0.0.1", "icmp port-unreachable", "connect.refused"},
	} {
		for _, way := range cleartext() {
			t.Run(fmt.Sprintf("%s/%s", tc.reject, way), func(t *testing.T) {
				if inNamespaces(t) {
					testFirewall(t, way, tc.host, tc.reject, tc.class)
				}
			})
		}
	}
}

func testFirewall(t *testing.T, way route, host, reject, class string) {
	t.Helper()
	const n, port = 6, 81
	nft, err := exec.LookPath("nft")
	if err != nil {
		if nft, err = exec.LookPath("/usr/sbin/nft"); err != nil {
			t.Fatal("nft is missing; testdata/setup.sh installs it")
		}
	}
	family := map[bool]string{true: "ip6", false: "ip"}[host[0] == '[']
	rules := fmt.Sprintf("table %s t { chain c { type filter hook input priority 0; tcp dport %d reject with %s; }; }", family, port, reject)
	if out, err := exec.CommandContext(t.Context(), nft, rules).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := runLoad(t, loadgen.Config{URL: fmt.Sprintf("http://%s:%d/", host, port), Requests: n, Workers: 2, Engine: way.engine})
	if got, want := outcome(run, "lost", class), (faultserver.Count{Fresh: n}); got != want || run.Counts.Spoiled != 0 {
		t.Errorf("got %+v %+v; want %d lost as %s", run.Outcomes, run.Samples, n, class)
	}
}
