//go:build !linux

package dataplane

import "net"

// Bridge is of Linux, as network namespaces are.
type Bridge struct{}

// NewBridge is of Linux.
func NewBridge(string, func() (net.Listener, error)) (*Bridge, error) { return nil, errNFT }

func (*Bridge) Address() string { return "" }

func (*Bridge) Close() {}
