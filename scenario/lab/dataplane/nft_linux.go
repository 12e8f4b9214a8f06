package dataplane

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"nodrop/loadgen"
	"nodrop/loadgen/misuse"
)

// tools are the programs that NFT needs, and the packages that bring them.
var tools = []struct{ program, pack string }{{"nft", "nftables"}, {"conntrack", "conntrack"}}

// CheckNFT finds what NFT lacks here.
func CheckNFT() error {
	if os.Geteuid() != 0 {
		return &misuse.Error{Problem: "--dataplane nft: a network namespace needs root", Hint: "sudo, or --dataplane dialer"}
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool.program); err != nil {
			return &misuse.Error{Problem: "--dataplane nft: there is no program " + tool.program, Hint: "apt-get install " + tool.pack}
		}
	}
	return nil
}

// setUpNamespace makes the namespace that this process is in ready for a load.
func setUpNamespace() error {
	for name, value := range map[string]string{
		// One client, one address and one port: as many connections a minute as
		// there are ports, and ports that are free again after a second.
		"net/ipv4/ip_local_port_range": "1024 65535",
		"net/ipv4/tcp_tw_reuse":        "1",
		// The kernel forgets a connection when it is over. Otherwise a port that is
		// used again goes where it went before, to a replica that may be gone.
		"net/netfilter/nf_conntrack_tcp_timeout_time_wait": "0",
		"net/netfilter/nf_conntrack_tcp_timeout_close":     "0",
	} {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
		return err
	}
	request.SetUint16(request.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// kernelTable is the table as nftables holds it: a rule that translates the
// destination of each new connection to the virtual address, as kube-proxy's do.
type kernelTable struct {
	mu        sync.Mutex // guards endpoints, and their order in the kernel
	endpoints []loadgen.Endpoint
}

// NewKernelTable is for a process in a namespace of its own. Until endpoints are
// added, connections to the virtual address are refused.
func NewKernelTable() (Table, error) {
	if err := loopbackUp(); err != nil {
		return nil, fmt.Errorf("lo: %w", err)
	}
	k := &kernelTable{}
	if err := k.write(); err != nil { // the first rule brings connection tracking
		return nil, err
	}
	return k, setUpNamespace()
}

// Add puts endpoints into the rule, all of them in one transaction.
func (k *kernelTable) Add(endpoints ...loadgen.Endpoint) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.endpoints = append(k.endpoints, endpoints...)
	return k.write()
}

// Remove takes the endpoints with these names out of the rule, all of them in
// one transaction. Connections that are there go on.
func (k *kernelTable) Remove(names ...string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var left []loadgen.Endpoint
	for _, e := range k.endpoints {
		if !slices.Contains(names, e.Name) {
			left = append(left, e)
		}
	}
	k.endpoints = left
	return k.write()
}

// write needs the lock.
func (k *kernelTable) write() error {
	return run(k.rules(), "nft", "-f", "-")
}

// rules is the whole table, in nft's language.
func (k *kernelTable) rules() string {
	var to []string
	for i, e := range k.endpoints {
		to = append(to, fmt.Sprintf("%d : %s . %d", i, e.Addr.Addr(), e.Addr.Port()))
	}
	rule := fmt.Sprintf("ip daddr %s tcp dport %s dnat ip to numgen random mod %d map { %s }", VirtualHost, virtualPort, len(to), strings.Join(to, ", "))
	if len(to) == 0 {
		rule = ""
	}
	return fmt.Sprintf("table ip nodrop\ndelete table ip nodrop\ntable ip nodrop {\n\tchain output {\n\t\ttype nat hook output priority -100;\n\t\t%s\n\t}\n}\n", rule)
}

// Cut forgets the connections to these endpoints: their next packet belongs to
// none, and is answered by a reset.
func (k *kernelTable) Cut(endpoints ...loadgen.Endpoint) error {
	for _, e := range endpoints {
		err := run("", "conntrack", "-D", "-p", "tcp", "--reply-src", e.Addr.Addr().String())
		// It is an error of the program's that there were none.
		if err != nil && !strings.Contains(err.Error(), "0 flow entries") {
			return err
		}
	}
	return nil
}

// run runs a program with its stdin; its words are part of the error.
func run(stdin, program string, args ...string) error {
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.Join(strings.Fields(string(out)), " "))
	}
	return nil
}
