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
	nodeAddress = "192.168.77.1"
	podRange    = "10.244.0.0/16"
)

// raiseNetwork gives the empty network namespace what kube-proxy needs: an
// address that is not of loopback, and a default route, without which the
// kernel refuses a connection to a Service before it is rewritten.
func raiseNetwork() error {
	for _, line := range []string{
		"link set lo up",
		"link add node0 type veth peer name node1",
		"addr add " + nodeAddress + "/24 dev node0",
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

// tuneNetwork lets one client make as many connections as many would. The kernel
// forgets each when it is over: a port that is used again would otherwise go
// where it went before, to a pod that may be gone. Its timestamps are those of the
// clock (2), without random offsets: a pod remembers those of a port's last connection
// for a minute, and drops a new one that seems older (TcpExtPAWSTimewait), so that it
// comes a second late, or never.
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

// take adds an address to loopback. It stays there when its pod is gone, so
// that connections are refused at once instead of being lost.
func (a *addresses) take() (string, error) {
	a.mu.Lock()
	a.last = a.last.Next()
	address := a.last.String()
	a.mu.Unlock()
	return address, ip("addr", "add", address+"/32", "dev", "lo")
}
