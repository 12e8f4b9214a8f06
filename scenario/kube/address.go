package kube

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// Address sends the load to a Service: to its load balancer's address, if its
// type is LoadBalancer, or else to its cluster IP. It waits until the page is
// served without failures for a while.
type Address struct {
	Access  *api.Access
	Service string
	Port    int           // 0 means the Service's first port
	Serves  string        // path of the page; "" means /
	Host    string        // Host header of the requests; "" means the address
	Secure  bool          // use TLS
	Timeout time.Duration // 0 means ten minutes
}

func newAddress(s *Settings) scenario.Action {
	return &Address{Access: s.Access, Service: s.Word, Port: s.Port, Serves: s.Serves, Host: s.Host, Secure: s.Secure, Timeout: s.Timeout}
}

// Run finds the address and waits for the page.
func (a *Address) Run(ctx context.Context, env *scenario.Env) error {
	o, err := a.Access.Object(ctx, api.Ref{Kind: "services", Name: a.Service})
	if err != nil {
		return err
	}
	var found netip.AddrPort
	err = o.Await(ctx, "page not served", a.Timeout, func(now map[string]any) (bool, string) {
		var why string
		if found, why = a.of(ctx, now); why != "" {
			return false, why
		}
		if err := a.steady(ctx, found); err != nil {
			return false, err.Error()
		}
		return true, ""
	})
	if err != nil {
		return err
	}
	env.Endpoints = fixed{&loadgen.Endpoint{Name: found.String(), Addr: found}}
	env.Notes = append(env.Notes, fmt.Sprintf("the load went to %s, the address of %s", found, o))
	return nil
}

// Undo does nothing.
func (a *Address) Undo(context.Context) error { return nil }

// plan does not check for the Service itself: a control plane may create it
// only once its gateway exists.
func (a *Address) plan() []planned {
	return []planned{{access: a.Access, object: api.Ref{Kind: "services"}, needs: []need{{"get", ""}}}}
}

// of returns the Service's address, or the reason why it has none.
func (a *Address) of(ctx context.Context, service map[string]any) (addr netip.AddrPort, why string) {
	host := api.Text(service, "spec", "clusterIP")
	if api.Text(service, "spec", "type") == "LoadBalancer" {
		list, _, _ := unstructured.NestedSlice(service, "status", "loadBalancer", "ingress")
		if len(list) == 0 {
			return addr, "the load balancer has no address yet"
		}
		first, _ := list[0].(map[string]any)
		if host = api.Text(first, "ip"); host == "" {
			host = api.Text(first, "hostname")
		}
	}
	port := a.Port
	if ports := api.Items(service, "spec", "ports"); port == 0 && len(ports) > 0 {
		port = int(api.Number(ports[0], "port"))
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		ips, lookUpErr := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if lookUpErr != nil || len(ips) == 0 {
			return addr, fmt.Sprintf("%q is not an address: %v", host, lookUpErr)
		}
		ip = ips[0]
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), ""
}

// One successful request proves little: until every balancer has processed a
// restart, some connections still go to a closed port. The page must therefore
// be served for steadyTime without a failure, on a new connection every steadyEvery.
const (
	steadyTime  = 3 * time.Second
	steadyEvery = 20 * time.Millisecond
)

func (a *Address) steady(ctx context.Context, addr netip.AddrPort) error {
	for end := time.Now().Add(steadyTime); time.Now().Before(end); {
		if err := a.serves(ctx, addr); err != nil {
			return err
		}
		if !scenario.Sleep(ctx, steadyEvery) {
			return ctx.Err()
		}
	}
	return nil
}

const pageTime = 5 * time.Second

func (a *Address) serves(ctx context.Context, addr netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	path := a.Serves
	if path == "" {
		path = "/"
	}
	scheme := "http"
	if a.Secure {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+addr.String()+path, nil)
	if err != nil {
		return err
	}
	request.Host = a.Host
	name, _, _ := strings.Cut(a.Host, ":")
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true, //nolint:gosec // whether the certificate is good is for the load to say
	}}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s responded %s", addr, response.Status)
	}
	return nil
}

// fixed is a source with a single endpoint.
type fixed struct{ endpoint *loadgen.Endpoint }

// Next always returns that endpoint.
func (f fixed) Next(context.Context) (*loadgen.Endpoint, error) { return f.endpoint, nil }

func (a *Address) String() string { return "address of " + a.Service }
