//go:build !linux

package lab

import "context"

// bridge is of Linux, as network namespaces are.
type bridge struct{}

func newBridge(context.Context, string) (*bridge, error) { return nil, errNFT }

func (*bridge) address() string { return "" }

func (*bridge) close() {}
