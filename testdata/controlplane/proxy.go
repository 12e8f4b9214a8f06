package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
)

const proxyHealth = "127.0.0.1:10256"

func startProxy(ctx context.Context, dir, binaries, kubeconfig string) (*process, error) {
	proxy, err := startProcess(dir, filepath.Join(binaries, "kube-proxy"),
		"--kubeconfig="+kubeconfig,
		"--proxy-mode=nftables",
		"--hostname-override="+nodeName,
		"--cluster-cidr="+podRange,
		// The table of connections is the machine's and stays as it is.
		"--conntrack-max-per-core=0",
		"--nodeport-addresses=primary",
		"--healthz-bind-address="+proxyHealth,
	)
	if err != nil {
		return nil, err
	}
	return proxy, proxy.waitUp(ctx, answersOK("http://"+proxyHealth+"/healthz"))
}

func answersOK(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", url, response.Status)
		}
		return nil
	}
}
