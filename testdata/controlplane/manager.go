package main

import "path/filepath"

// startManager does not wait: a controller that is late is one that every
// client has to expect.
func startManager(dir, binaries, kubeconfig string) (*process, error) {
	return startProcess(dir, filepath.Join(binaries, "controllers"), "--kubeconfig="+kubeconfig)
}
