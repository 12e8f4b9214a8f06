package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	apiAddress = nodeAddress + ":6443"
	apiURL     = "https://" + apiAddress
)

// An apiserver is a kube-apiserver that can be taken away and brought back with
// the same data, tokens and certificate.
type apiserver struct {
	dir      string
	binaries string
	tokens   map[string]string // by user

	mu      sync.Mutex // guards process
	process *process   // nil while stopped
}

func newAPIServer(dir, binaries string) (*apiserver, error) {
	a := &apiserver{
		dir:      dir,
		binaries: binaries,
		tokens:   map[string]string{"admin": rand.Text(), "limited": rand.Text()},
	}
	if err := a.writeTokens(); err != nil {
		return nil, err
	}
	return a, a.writeKey()
}

func (a *apiserver) path(name string) string { return filepath.Join(a.dir, name) }

func (a *apiserver) writeTokens() error {
	lines := fmt.Sprintf("%s,admin,admin,system:masters\n%s,limited,limited\n", a.tokens["admin"], a.tokens["limited"])
	return os.WriteFile(a.path("tokens.csv"), []byte(lines), 0o600)
}

func (a *apiserver) writeKey() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return os.WriteFile(a.path("sa.key"), pem.EncodeToMemory(block), 0o600)
}

// start does nothing when the server is running.
func (a *apiserver) start() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.process != nil {
		return nil
	}
	process, err := startProcess(a.dir, filepath.Join(a.binaries, "kube-apiserver"),
		"--etcd-servers="+etcdURL,
		"--secure-port=6443",
		"--advertise-address="+nodeAddress,
		"--cert-dir="+a.path("certificates"),
		"--service-account-key-file="+a.path("sa.key"),
		"--service-account-signing-key-file="+a.path("sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--token-auth-file="+a.path("tokens.csv"),
		"--authorization-mode=RBAC",
		// Nothing makes service accounts here, and pods need none.
		"--disable-admission-plugins=ServiceAccount",
	)
	a.process = process
	return err
}

// stop kills the server, as the loss of its machine would.
func (a *apiserver) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.process == nil {
		return
	}
	a.process.kill()
	a.process = nil
}

func (a *apiserver) running() *process {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.process
}

// kubeconfig writes the file of a user, when the server has made its certificate.
func (a *apiserver) kubeconfig(user string) (string, error) {
	certificate, err := os.ReadFile(a.path("certificates/apiserver.crt"))
	if err != nil {
		return "", err
	}
	config := api.NewConfig()
	config.Clusters["controlplane"] = &api.Cluster{Server: apiURL, CertificateAuthorityData: certificate}
	config.AuthInfos[user] = &api.AuthInfo{Token: a.tokens[user]}
	config.Contexts["controlplane"] = &api.Context{Cluster: "controlplane", AuthInfo: user}
	config.CurrentContext = "controlplane"
	file := a.path(user + ".kubeconfig")
	return file, clientcmd.WriteToFile(*config, file)
}

// ready fails until the server responds for a user.
func (a *apiserver) ready(ctx context.Context) error {
	file, err := a.kubeconfig("admin")
	if err != nil {
		return err
	}
	config, err := clientConfig(file)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
}
