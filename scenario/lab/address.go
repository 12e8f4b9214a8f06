package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
)

// Ports come from below the ephemeral range. Otherwise, when a client dials the
// port of a stopped replica, the kernel could choose the same port for the
// client and connect the socket to itself.
const (
	firstPort = 10000
	lastPort  = 31999
)

// perByte is the number of replicas whose addresses differ only in the last byte.
const (
	perByte  = 250
	maxHosts = perByte * 256
)

// replicaHost returns the address of replica i, counted from 1. Linux accepts
// all of 127.0.0.0/8, so each replica has its own address, as behind a real
// balancer; on other systems they differ by port.
func replicaHost(goos string, i int) netip.Addr {
	if goos != "linux" {
		return loopback()
	}
	i--
	return netip.AddrFrom4([4]byte{127, 0, byte(i / perByte), byte(2 + i%perByte)})
}

func loopback() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }

func freePorts(host netip.Addr) (first, second netip.AddrPort, err error) {
	var found [2]netip.AddrPort
	for i := range found {
		l, err := listen(context.Background(), netip.AddrPortFrom(host, 0).String())
		if err != nil {
			return first, second, err
		}
		defer func() { _ = l.Close() }() // both stay open until both are known
		found[i] = l.Addr().(*net.TCPAddr).AddrPort()
	}
	return found[0], found[1], nil
}

// listen binds addr; port 0 means a random free port from our range. Go
// requests the largest backlog that the kernel allows (net.core.somaxconn).
func listen(ctx context.Context, addr string) (net.Listener, error) {
	want, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("listen address %q is not ADDR:PORT", addr)
	}
	// Keep-alive probes would cost three system calls per connection, and on
	// the loopback interface no connection dies unnoticed.
	config := net.ListenConfig{KeepAlive: -1}
	if want.Port() != 0 {
		return config.Listen(ctx, "tcp", want.String())
	}
	for range 100 {
		port := uint16(firstPort + rand.IntN(lastPort-firstPort+1))
		var l net.Listener
		if l, err = config.Listen(ctx, "tcp", netip.AddrPortFrom(want.Addr(), port).String()); err == nil {
			return l, nil
		}
	}
	return nil, err
}
