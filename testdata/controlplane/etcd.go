package main

import (
	"context"
	"path/filepath"
)

// The network namespace is ours alone, so every port is free.
const (
	etcdURL     = "http://127.0.0.1:2379"
	etcdPeerURL = "http://127.0.0.1:2380"
)

func startEtcd(ctx context.Context, dir string) (*process, error) {
	etcd, err := startProcess(dir, "etcd",
		"--data-dir", filepath.Join(dir, "etcd"),
		"--listen-client-urls", etcdURL,
		"--advertise-client-urls", etcdURL,
		"--listen-peer-urls", etcdPeerURL,
		"--initial-advertise-peer-urls", etcdPeerURL,
		"--initial-cluster", "default="+etcdPeerURL,
	)
	if err != nil {
		return nil, err
	}
	return etcd, etcd.waitUp(ctx, answersOK(etcdURL+"/health"))
}
