package main

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync"
)

const (
	nodeAddress   = "192.168.77.1"
	secondAddress = "192.168.77.3" // of the second node
	podRange      = "10.244.0.0/16"
)

// setUpNetwork gives the empty network namespace what kube-proxy needs: a
// non-loopback address, and a default route. Without a route the kernel rejects a
// connection to a Service's address before kube-proxy's rules can rewrite it; the
// next hop need not exist.
func setUpNetwork() error {
	for _, line := range []string{
		"link set lo up",
		"link add node0 type veth peer name node1",
		"addr add " + nodeAddress + "/24 dev node0",
		"addr add " + secondAddress + "/24 dev node0",
		"link set node0 up",
		"link set node1 up",
		"route add default via 192.168.77.2 dev node0",
	} {
		if err := ip(strings.Fields(line)...); err != nil {
			return err
		}
	}
	return nil
}

// tuneNetwork lets one client open as many connections as many clients would.
// conntrack must forget a closed connection at once: otherwise a reused port is
// routed to its old pod, which may be gone. TCP timestamps have no random offset
// per connection (2): a socket in TIME_WAIT remembers the last timestamp for a
// minute and drops a SYN with an older one (TcpExtPAWSTimewait), which delays the
// new connection by a second or makes it fail.
func tuneNetwork() error {
	for name, value := range map[string]string{
		"net/ipv4/ip_local_port_range":                     "1024 65535",
		"net/ipv4/tcp_tw_reuse":                            "1",
		"net/ipv4/tcp_timestamps":                          "2",
		"net/netfilter/nf_conntrack_tcp_timeout_time_wait": "0",
		"net/netfilter/nf_conntrack_tcp_timeout_close":     "0",
	} {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func ip(args ...string) error {
	output, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, output)
	}
	return nil
}

// addresses hands out pods' addresses, none twice: a late connection to a pod
// that is gone must not reach another one.
type addresses struct {
	mu   sync.Mutex // guards last
	last netip.Addr
}

func newAddresses() *addresses {
	// .1 is a node's own address in most clusters.
	return &addresses{last: netip.MustParsePrefix(podRange).Addr().Next()}
}

// allocate adds the next address to loopback. The address stays after its pod is
// gone, so that late connections are refused at once rather than time out.
func (a *addresses) allocate() (string, error) {
	a.mu.Lock()
	a.last = a.last.Next()
	address := a.last.String()
	a.mu.Unlock()
	return address, ip("addr", "add", address+"/32", "dev", "lo")
}
