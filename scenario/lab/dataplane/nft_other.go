//go:build !linux

package dataplane

import "errors"

var errNFT = errors.New("--dataplane nft: network namespaces exist on Linux only")

// CheckNFT fails: NFT needs Linux.
func CheckNFT() error { return errNFT }

// NamespaceArgs needs Linux.
func NamespaceArgs([]string) ([]string, bool) { return nil, false }

// InNamespace fails: it needs Linux.
func InNamespace([]string, func()) (int, error) { return 0, errNFT }

// NewKernelTable fails: it needs Linux.
func NewKernelTable(uint16) (Table, error) { return nil, errNFT }
