package loadgen_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// forwarder is an HTTP proxy based on net/http: it forwards absolute-form
// requests, opens tunnels, and counts both.
type forwarder struct {
	*httptest.Server
	mu                 sync.Mutex // guards what follows
	forwarded, tunnels int
	authorization      string
	refuse             int // status of the response to CONNECT; 0 = open the tunnel
}

func newForwarder(t *testing.T) *forwarder {
	t.Helper()
	f := &forwarder{}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *forwarder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.authorization = r.Header.Get("Proxy-Authorization")
	refuse := f.refuse
	if r.Method == http.MethodConnect {
		f.tunnels++
	} else {
		f.forwarded++
	}
	f.mu.Unlock()
	if r.Method != http.MethodConnect {
		f.forward(w, r)
		return
	}
	if refuse != 0 {
		w.WriteHeader(refuse)
		return
	}
	tunnel(w, r.Host)
}

func (f *forwarder) forward(w http.ResponseWriter, r *http.Request) {
	r.RequestURI = ""
	r.Header.Del("Proxy-Authorization")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer func() { _ = resp.Body.Close() }()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// tunnel copies in both directions until either side is done.
func tunnel(w http.ResponseWriter, host string) {
	server, err := net.Dial("tcp", host)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	client, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = server.Close()
		return
	}
	_, _ = client.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n"))
	go func() {
		_, _ = io.Copy(server, buffered)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
	_ = client.Close()
}

func proxyURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := loadgen.ParseProxy(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestProxyForwards(t *testing.T) {
	var first sync.WaitGroup // one request of each worker, so that no other can take its turn
	first.Add(2)
	var mu sync.Mutex
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		got = append(got, r.Method+" "+r.URL.String()+" "+r.Host+" "+r.Header.Get("X"))
		early := len(got) <= 2
		mu.Unlock()
		if early {
			first.Done()
			first.Wait()
		}
	}))
	defer server.Close()
	proxy := newForwarder(t)
	run := runLoad(t, loadgen.Config{
		URL: server.URL + "/a?b=c#d", Requests: 20, Workers: 2, Fields: []loadgen.Field{{Name: "X", Value: "1"}},
		Proxy: proxyURL(t, "http://me:secret@"+proxy.Listener.Addr().String()),
	})
	host := strings.TrimPrefix(server.URL, "http://")
	if run.Counts.OK != 20 || proxy.forwarded != 20 || proxy.tunnels != 0 || got[0] != "GET /a?b=c "+host+" 1" {
		t.Errorf("ok %d, forwarded %d, tunnels %d, first %q", run.Counts.OK, proxy.forwarded, proxy.tunnels, got[0])
	}
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("me:secret")); proxy.authorization != want {
		t.Errorf("Proxy-Authorization %q; want %q", proxy.authorization, want)
	}
	if run.Connections.Opened != 2 {
		t.Errorf("%d connections to the proxy; want 2", run.Connections.Opened)
	}
}

func TestProxyTunnels(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("the target got the proxy's credentials")
		}
	}))
	defer server.Close()
	proxy := newForwarder(t)
	run := runLoad(t, loadgen.Config{
		URL: server.URL, Requests: 20, Workers: 2, TLS: loadgen.TLS{Roots: pool(server.Certificate())},
		Proxy: proxyURL(t, "me:secret@"+proxy.Listener.Addr().String()),
	})
	// The third is the handshake that is tried before the load.
	if run.Counts.OK != 20 || proxy.tunnels != 3 || proxy.authorization == "" {
		t.Errorf("%+v, %d tunnels", run.Counts, proxy.tunnels)
	}
}

func pool(c *x509.Certificate) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(c)
	return p
}

func TestProxyRefuses(t *testing.T) {
	proxy := newForwarder(t)
	proxy.refuse = http.StatusForbidden
	run := runLoad(t, loadgen.Config{URL: "https://gateway/", Requests: 6, Workers: 2, Proxy: proxyURL(t, proxy.URL)})
	if got, want := outcome(run, "lost", "proxy.rejected"), (faultserver.Count{Fresh: 6}); got != want {
		t.Errorf("got %+v (%+v); want %+v", got, run.Outcomes, want)
	}
	if want := `Get "https://gateway/": proxyconnect tcp: ` + proxy.Listener.Addr().String() + ` answered 403 to CONNECT`; run.Samples[0].Text != want {
		t.Errorf("got %s\nwant %s", run.Samples[0].Text, want)
	}
}

// TestProxyWantsCredentials: a proxy that rejects the credentials would reject
// every request, so it is a misuse error.
func TestProxyWantsCredentials(t *testing.T) {
	proxy := newForwarder(t)
	proxy.refuse = http.StatusProxyAuthRequired
	addr := proxy.Listener.Addr().String()
	for user, want := range map[string]string{
		"":           "proxy " + addr + ": the proxy requires credentials",
		"me:secret@": "proxy " + addr + ": the proxy rejected these credentials",
	} {
		_, err := loadgen.New(t.Context(), loadgen.Config{URL: "https://gateway/", Proxy: proxyURL(t, user+addr)})
		wrong, ok := errors.AsType[*loadgen.OptionError](err)
		if !ok || err.Error() != want || wrong.Hint(loadgen.Option.String) != "proxy http://USER:PASSWORD@"+addr {
			t.Errorf("got %v, %+v; want %s", err, wrong, want)
		}
	}
}

func TestProxyFaults(t *testing.T) {
	for kind, want := range map[faultserver.Kind]string{
		faultserver.EOFBeforeResponse:   "proxy.eof",
		faultserver.ResetBeforeResponse: "proxy.reset",
		faultserver.EOFInHead:           "proxy.eof",
		faultserver.MalformedHead:       "proxy.malformed",
	} {
		t.Run(want+" "+kind.String(), func(t *testing.T) {
			server := startServer(t, faultserver.Always(kind))
			run := runLoad(t, loadgen.Config{URL: "https://gateway/", Requests: 10, Workers: 2, Proxy: proxyURL(t, server.URL())})
			if got := outcome(run, "lost", want); got != (faultserver.Count{Fresh: 10}) {
				t.Errorf("got %+v", run.Outcomes)
			}
		})
	}
}

func TestProxyRefused(t *testing.T) {
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	for _, target := range []string{"http://gateway/", "https://gateway/"} {
		run := runLoad(t, loadgen.Config{URL: target, Requests: 10, Workers: 2, Proxy: proxyURL(t, refused.Addr().String())})
		if got := outcome(run, "lost", "proxy.refused"); got != (faultserver.Count{Fresh: 10}) {
			t.Errorf("got %+v", run.Outcomes)
		}
		want := `Get "` + target + `": proxyconnect tcp: dial tcp ` + refused.Addr().String() + `: connect: connection refused`
		if run.Samples[0].Text != want {
			t.Errorf("got %s\nwant %s", run.Samples[0].Text, want)
		}
	}
}

func TestParseProxyRefuses(t *testing.T) {
	for s, want := range map[string]string{
		"":                "proxy \"\"",
		"https://x:1":     "only http:// and socks5:// proxies are supported",
		"socks4://x:1":    "only http:// and socks5:// proxies are supported",
		"socks5://:1":     "no host",
		"socks5://:p@x:1": "SOCKS needs a user and a password",
		"http://x:1/path": "a proxy URL cannot have a path",
		"http://:80":      "no host",
		"x:99999":         "port 99999",
		"http://%zz":      "invalid URL escape",
	} {
		if _, err := loadgen.ParseProxy(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v; want %s", s, err, want)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	onEngines(t, testUnixSocket)
}

func testUnixSocket(t *testing.T, engine record.Engine) {
	if runtime.GOOS == "windows" {
		t.Skip("the test server is not written for it")
	}
	path := filepath.Join(t.TempDir(), "s")
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://elsewhere/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, r.Host)
	})}}
	server.Start()
	defer server.Close()
	for _, path := range []string{"/", "/away"} {
		run := runLoad(t, loadgen.Config{Engine: engine, URL: "http://gateway" + path, Requests: 40, Workers: 4, UnixSocket: listener.Addr().String()})
		if run.Counts.OK != 40 || run.Endpoints[0].Name != listener.Addr().String() {
			t.Errorf("%+v %+v %+v", run.Counts, run.Endpoints, run.Samples)
		}
	}
	gone := filepath.Join(t.TempDir(), "gone")
	run := runLoad(t, loadgen.Config{Engine: engine, URL: "http://gateway/", Requests: 4, Workers: 1, UnixSocket: gone})
	if want := `Get "http://gateway/": dial unix ` + gone + `: connect: no such file or directory`; run.Samples[0].Text != want || run.Outcomes[0].Class.String() != "connect.unreachable" {
		t.Errorf("got %+v %+v", run.Samples, run.Outcomes)
	}
}

func TestOneRouteOnly(t *testing.T) {
	_, err := loadgen.New(context.Background(), loadgen.Config{
		URL: "http://gateway/", UnixSocket: "/s", ConnectTo: []loadgen.ConnectTo{{Addr: netip.MustParseAddrPort("127.0.0.1:1")}},
	})
	if err == nil || err.Error() != "connect-to and unix-socket: each sets where connections go; use only one" {
		t.Errorf("got %v", err)
	}
}
