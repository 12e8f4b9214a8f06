package dataplane

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Bridge forwards connections from this network namespace to an address in the
// namespace of the parent process, which created this one.
type Bridge struct {
	listener net.Listener
	to       *net.TCPAddr
	dials    chan dial
}

type dial struct{ response chan<- dialled }

type dialled struct {
	conn *net.TCPConn
	err  error
}

// NewBridge forwards connections to HOST:PORT. HOST must be an address or
// localhost: there is no name resolution in the namespace. listen creates the
// listener. The Bridge must be closed.
func NewBridge(to string, listen func() (net.Listener, error)) (*Bridge, error) {
	host, _, err := net.SplitHostPort(to)
	if err != nil {
		return nil, err
	}
	if host != "localhost" && net.ParseIP(host) == nil {
		return nil, fmt.Errorf("backend %s: --dataplane nft needs an IP address: the network namespace cannot resolve names", to)
	}
	addr, err := net.ResolveTCPAddr("tcp4", to)
	if err != nil {
		return nil, err
	}
	outside, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", os.Getppid()))
	if err != nil {
		return nil, err
	}
	b := &Bridge{to: addr, dials: make(chan dial)}
	if b.listener, err = listen(); err != nil {
		return nil, errors.Join(err, outside.Close())
	}
	ready := make(chan error, 1)
	go b.dialOutside(outside, ready)
	if err := <-ready; err != nil {
		return nil, errors.Join(fmt.Errorf("backend %s: %w", to, err), b.listener.Close())
	}
	go b.accept()
	return b, nil
}

// Address returns the address of the bridge.
func (b *Bridge) Address() string { return b.listener.Addr().String() }

// Close stops accepting; open connections go on until their ends close them.
func (b *Bridge) Close() { _ = b.listener.Close() }

// dialOutside dials on a thread that has joined the parent's namespace. The
// thread stays locked, so it ends with the goroutine.
func (b *Bridge) dialOutside(outside *os.File, ready chan<- error) {
	runtime.LockOSThread()
	err := unix.Setns(int(outside.Fd()), unix.CLONE_NEWNET)
	_ = outside.Close()
	ready <- err
	if err != nil {
		return
	}
	for d := range b.dials {
		conn, err := net.DialTCP("tcp4", nil, b.to)
		d.response <- dialled{conn, err}
	}
}

func (b *Bridge) accept() {
	defer close(b.dials)
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		response := make(chan dialled, 1)
		b.dials <- dial{response}
		go join(conn.(*net.TCPConn), <-response)
	}
}

// join copies bytes in both directions until both sides close. If the backend
// cannot be reached, join resets the connection, so that the gateway still sees
// a failed connection.
func join(conn *net.TCPConn, to dialled) {
	defer func() { _ = conn.Close() }()
	if to.err != nil {
		_ = conn.SetLinger(0)
		return
	}
	defer func() { _ = to.conn.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		pass(to.conn, conn)
	}()
	pass(conn, to.conn)
	<-done
}

func pass(to, from *net.TCPConn) {
	if _, err := io.Copy(to, from); err != nil {
		_ = to.SetLinger(0)
		_ = to.Close()
		return
	}
	_ = to.CloseWrite()
}
