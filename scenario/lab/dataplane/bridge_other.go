//go:build !linux

package dataplane

import "net"

// Bridge needs Linux, because network namespaces do.
type Bridge struct{}

// NewBridge fails: it needs Linux.
func NewBridge(string, func() (net.Listener, error)) (*Bridge, error) { return nil, errNFT }

func (*Bridge) Address() string { return "" }

func (*Bridge) Close() {}
