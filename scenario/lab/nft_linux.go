package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/loadgen"
)

// namespaceCommand is the hidden argument of this program when it runs in a
// network namespace of its own.
const namespaceCommand = "lab-namespace"

// argumentsFile is the descriptor from which it then reads its real arguments:
// they may hold secrets, and those of a process are for everyone to read.
const argumentsFile = 3

// NamespaceArgs are the arguments of a program that InNamespace has started; ok
// is false for any other, whose args, os.Args[1:], are its own.
func NamespaceArgs(args []string) (given []string, ok bool) {
	if len(args) != 1 || args[0] != namespaceCommand {
		return nil, false
	}
	f := os.NewFile(argumentsFile, "arguments")
	err := json.NewDecoder(f).Decode(&given)
	_ = f.Close()
	return given, err == nil
}

// tools are the programs that NFT needs, and the packages that bring them.
var tools = []struct{ program, pack string }{{"nft", "nftables"}, {"conntrack", "conntrack"}}

// checkNFT finds what NFT lacks here.
func checkNFT() error {
	if os.Geteuid() != 0 {
		return &loadgen.HintError{Problem: "--dataplane nft: a network namespace needs root", Hint: "sudo, or --dataplane dialer"}
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool.program); err != nil {
			return &loadgen.HintError{Problem: "--dataplane nft: there is no program " + tool.program, Hint: "apt-get install " + tool.pack}
		}
	}
	return nil
}

// InNamespace runs this program again, with these arguments, in a network
// namespace of its own, and returns its exit code. The namespace has no name: it
// goes with the last process in it, however that ends, and with it every address
// and rule. Signals are handed on, from when handingOn is called, which is before
// that process is started; when this process is killed, so is that one. A signal
// that ended it before it could heed any is context.Canceled.
func InNamespace(args []string, handingOn func()) (int, error) {
	signals := make(chan os.Signal, 8)
	handedOn := []os.Signal{unix.SIGINT, unix.SIGTERM, unix.SIGQUIT, unix.SIGUSR1}
	if !signal.Ignored(unix.SIGHUP) { // the child is not in the terminal's foreground
		handedOn = append(handedOn, unix.SIGHUP)
	}
	signal.Notify(signals, handedOn...)
	defer signal.Stop(signals)
	handingOn()
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	// The kernel takes the end of the thread for that of the parent.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	text, err := json.Marshal(args)
	if err != nil {
		return 0, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(context.Background(), self, namespaceCommand)
	cmd.ExtraFiles = []*os.File{read} // the first is argumentsFile
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNET,
		Pdeathsig:  unix.SIGKILL,
		Setpgid:    true, // a terminal's Ctrl-C would reach it twice
	}
	err = cmd.Start()
	_ = read.Close()
	if err != nil {
		_ = write.Close()
		return 0, fmt.Errorf("a network namespace: %w", err)
	}
	go func() { // they may be more than a pipe holds
		_, _ = write.Write(text) // it is gone, which its end tells
		_ = write.Close()
	}()
	return attend(cmd, signals)
}

// attend hands signals on to a process until it ends, and returns its exit code.
func attend(cmd *exec.Cmd, signals <-chan os.Signal) (int, error) {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ending := map[os.Signal]bool{}
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s)
			ending[s] = s != unix.SIGUSR1
		case err := <-ended:
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok {
				return 0, err
			}
			if exit.Exited() {
				return exit.ExitCode(), nil
			}
			if status, ok := exit.Sys().(syscall.WaitStatus); ok && ending[status.Signal()] {
				return 0, context.Canceled
			}
			return 0, err
		}
	}
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

// newKernelTable is for a process in a namespace of its own. Until endpoints are
// added, connections to the virtual address are refused.
func newKernelTable() (table, error) {
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
	rule := fmt.Sprintf("ip daddr %s tcp dport %s dnat ip to numgen random mod %d map { %s }", virtualHost, virtualPort, len(to), strings.Join(to, ", "))
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
