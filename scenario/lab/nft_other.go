//go:build !linux

package lab

import "errors"

var errNFT = errors.New("--dataplane nft: network namespaces are of Linux")

func checkNFT() error { return errNFT }

// NamespaceArgs is of Linux.
func NamespaceArgs([]string) ([]string, bool) { return nil, false }

// InNamespace is of Linux.
func InNamespace([]string, func()) (int, error) { return 0, errNFT }

func newKernelTable() (table, error) { return nil, errNFT }
