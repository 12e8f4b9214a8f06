package loadgen_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen"
)

// TestContractRoutes: a request that this machine's routing table rejects is
// spoiled, for any kind of route. A neighbour that does not exist is a loss.
func TestContractRoutes(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	for _, line := range []string{
		"link add own type veth peer name theirs", "addr add 10.8.0.1/24 dev own", "link set own up", "link set theirs up",
		"route add unreachable 10.1.0.0/16", "route add prohibit 10.2.0.0/16", "route add blackhole 10.3.0.0/16",
	} {
		if out, err := exec.CommandContext(t.Context(), "ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v\n%s", line, err, out)
		}
	}
	for host, want := range map[string]string{
		"10.1.0.1":      "spoiled client.route",
		"10.2.0.1":      "spoiled client.route",
		"10.3.0.1":      "spoiled client.route",
		"10.4.0.1":      "spoiled client.route",
		"[2001:db8::1]": "spoiled client.route",
		"[fe80::1]":     "spoiled client.route", // link-local without a zone
		"10.8.0.2":      "lost connect.unreachable",
	} {
		for _, way := range cleartext() {
			run := runLoad(t, loadgen.Config{URL: "http://" + host + ":81/", Requests: 4, Workers: 4, Timeout: 30 * time.Second, Engine: way.engine})
			if o := run.Outcomes[0]; len(run.Outcomes) != 1 || o.Fate+" "+o.Class.String() != want || o.Count != 4 {
				t.Errorf("%s over %s: %+v %+v; want 4 × %s", host, way, run.Outcomes, run.Samples, want)
			}
		}
	}
}

// TestContractIPv6Disabled: where IPv6 is disabled, as in many containers, there is
// no address to connect from. That the kernel says with the errno of no free port,
// but no port would help.
func TestContractIPv6Disabled(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	if err := os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, way := range cleartext() {
		run := runLoad(t, loadgen.Config{URL: "http://[::1]:81/", Requests: 4, Workers: 4, Timeout: 30 * time.Second, Engine: way.engine})
		if o := run.Outcomes[0]; len(run.Outcomes) != 1 || o.Class.String() != "client.route" || o.Count != 4 {
			t.Errorf("%s: %+v %+v; want 4 × client.route", way, run.Outcomes, run.Samples)
		}
	}
}
