package main

import (
	"path/filepath"
	"strings"
)

// startManager does not wait: a controller that is late is one that every
// client has to expect.
func startManager(dir, binaries, kubeconfig string) (*process, error) {
	controllers := []string{
		"daemonset-controller",
		"deployment-controller",
		"endpointslice-controller",
		"garbage-collector-controller",
		"namespace-controller",
		"replicaset-controller",
		"statefulset-controller",
	}
	return startProcess(dir, filepath.Join(binaries, "kube-controller-manager"),
		"--kubeconfig="+kubeconfig,
		"--controllers="+strings.Join(controllers, ","),
		"--use-service-account-credentials=false",
		"--leader-elect=false",
		"--secure-port=0",
		// The defaults of 20 and 30 a second would pace a roll of many pods.
		"--kube-api-qps=200",
		"--kube-api-burst=400",
	)
}
