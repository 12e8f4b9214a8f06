//go:build !linux

package lab

import "errors"

// NamespaceCommand is of Linux.
const NamespaceCommand = "lab-namespace"

var errNFT = errors.New("--dataplane nft: network namespaces are of Linux")

func checkNFT() error { return errNFT }

// InNamespace is of Linux.
func InNamespace([]string) (int, error) { return 0, errNFT }

func newKernelTable() (table, error) { return nil, errNFT }
