//go:build !linux

package dataplane

import "errors"

var errNFT = errors.New("--dataplane nft: network namespaces are of Linux")

// CheckNFT is of Linux.
func CheckNFT() error { return errNFT }

// NamespaceArgs is of Linux.
func NamespaceArgs([]string) ([]string, bool) { return nil, false }

// InNamespace is of Linux.
func InNamespace([]string, func()) (int, error) { return 0, errNFT }

// NewKernelTable is of Linux.
func NewKernelTable() (Table, error) { return nil, errNFT }
