package main

import (
	"io"
	"net"
	"time"

	"k8s.io/client-go/tools/clientcmd"
)

const (
	lagAddress = secondAddress + ":6444" // the API server listens at every address
	// dataPlaneLag is how much later than others kube-proxy hears of a change.
	dataPlaneLag = 250 * time.Millisecond
	// lagChunks is how much of a response is under way at most.
	lagChunks = 1024
)

// startLag relays connections to the API server, and its responses late. In a
// real cluster a pod's departure takes time to reach the nodes; without a delay,
// the only node here may hear of it before the pod exits, and nothing is lost.
func startLag() error {
	listener, err := net.Listen("tcp", lagAddress)
	if err != nil {
		return err
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client)
		}
	}()
	return nil
}

// relay ends both connections when one ends.
func relay(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", apiAddress)
	if err != nil {
		return // the client tries again
	}
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	late(client, server)
	_ = server.Close()
}

type chunk struct {
	due  time.Time
	text []byte
}

// late copies what it reads, each piece when it is due.
func late(to io.Writer, from io.Reader) {
	chunks := make(chan chunk, lagChunks)
	go func() {
		defer close(chunks)
		for {
			text := make([]byte, 32<<10)
			n, err := from.Read(text)
			chunks <- chunk{time.Now().Add(dataPlaneLag), text[:n]}
			if err != nil {
				return
			}
		}
	}()
	var failed error
	for c := range chunks { // to the end, or the reader would wait for ever
		time.Sleep(time.Until(c.due))
		if failed == nil {
			_, failed = to.Write(c.text)
		}
	}
}

// lateKubeconfig writes a copy of a kubeconfig that goes through the relay.
func lateKubeconfig(kubeconfig string) (string, error) {
	config, err := clientcmd.LoadFromFile(kubeconfig)
	if err != nil {
		return "", err
	}
	for _, cluster := range config.Clusters {
		cluster.Server, cluster.TLSServerName = "https://"+lagAddress, nodeAddress
	}
	file := kubeconfig + ".late"
	return file, clientcmd.WriteToFile(*config, file)
}
