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

// tools are the programs that NFT needs, with the packages that contain them.
var tools = []struct{ program, pack string }{{"nft", "nftables"}, {"conntrack", "conntrack"}}

// CheckNFT returns an error if NFT cannot work here.
func CheckNFT() error {
	if os.Geteuid() != 0 {
		return &misuse.Error{Problem: "--dataplane nft: only root can create a network namespace", Hint: "use sudo, or --dataplane dialer"}
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool.program); err != nil {
			return &misuse.Error{Problem: "--dataplane nft: program " + tool.program + " not found", Hint: "apt-get install " + tool.pack}
		}
	}
	return nil
}

// setUpNamespace configures this process's namespace for a load.
func setUpNamespace() error {
	for name, value := range map[string]string{
		// There is one client, one address and one port, so use as many local
		// ports as possible and reuse each after one second.
		"net/ipv4/ip_local_port_range": "1024 65535",
		"net/ipv4/tcp_tw_reuse":        "1",
		// The kernel should forget a connection as soon as it ends. Otherwise a
		// new connection from the same port would follow the old translation,
		// to a replica that may be gone.
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

// kernelTable is the table in nftables: a rule that translates the destination
// of each new connection to the virtual address, as kube-proxy's rules do.
type kernelTable struct {
	port      uint16     // of the virtual address
	mu        sync.Mutex // guards endpoints and the order of writes to the kernel
	endpoints []loadgen.Endpoint
}

// NewKernelTable sets up the table for this port of the virtual address; the
// process must be in its own network namespace. Without endpoints, connections to
// it are refused.
func NewKernelTable(port uint16) (Table, error) {
	if err := loopbackUp(); err != nil {
		return nil, fmt.Errorf("lo: %w", err)
	}
	k := &kernelTable{port: port}
	if err := k.write(); err != nil { // the first rule enables connection tracking
		return nil, err
	}
	return k, setUpNamespace()
}

// Add adds endpoints to the rule in one transaction.
func (k *kernelTable) Add(endpoints ...loadgen.Endpoint) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.endpoints = append(k.endpoints, endpoints...)
	return k.write()
}

// Remove removes the endpoints with these names from the rule in one
// transaction. Open connections go on.
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

// write requires k.mu to be held.
func (k *kernelTable) write() error {
	return run(k.rules(), "nft", "-f", "-")
}

// rules returns the whole table in nft's syntax.
func (k *kernelTable) rules() string {
	var to []string
	for i, e := range k.endpoints {
		to = append(to, fmt.Sprintf("%d : %s . %d", i, e.Addr.Addr(), e.Addr.Port()))
	}
	rule := fmt.Sprintf("ip daddr %s tcp dport %d dnat ip to numgen random mod %d map { %s }", VirtualHost, k.port, len(to), strings.Join(to, ", "))
	if len(to) == 0 {
		rule = ""
	}
	return fmt.Sprintf("table ip nodrop\ndelete table ip nodrop\ntable ip nodrop {\n\tchain output {\n\t\ttype nat hook output priority -100;\n\t\t%s\n\t}\n}\n", rule)
}

// Cut deletes the connection tracking entries for these endpoints: the next
// packet of such a connection is answered with a reset.
func (k *kernelTable) Cut(endpoints ...loadgen.Endpoint) error {
	for _, e := range endpoints {
		err := run("", "conntrack", "-D", "-p", "tcp", "--reply-src", e.Addr.Addr().String())
		// conntrack fails if it finds no connection.
		if err != nil && !strings.Contains(err.Error(), "0 flow entries") {
			return err
		}
	}
	return nil
}

// run runs a program with this stdin; the error includes its output.
func run(stdin, program string, args ...string) error {
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.Join(strings.Fields(string(out)), " "))
	}
	return nil
}
