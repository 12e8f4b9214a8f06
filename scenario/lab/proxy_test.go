package lab

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"nodrop/scenario/lab/backend"
	"nodrop/scenario/lab/gateway"
)

// proxied starts a proxy in front of a backend; both end with the test.
func proxied(t *testing.T, backend http.Handler) (*proxy, *httptest.Server) {
	t.Helper()
	behind := httptest.NewServer(backend)
	t.Cleanup(behind.Close)
	p := newProxy("gw-7", behind.Listener.Addr().String(), time.Hour)
	t.Cleanup(p.transport.CloseIdleConnections)
	front := httptest.NewServer(p)
	t.Cleanup(front.Close)
	return p, front
}

func TestProxyForwards(t *testing.T) {
	var got *http.Request
	var body string
	_, front := proxied(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		w.Header().Set("X-Answer", "yes")
		w.Header().Set("Keep-Alive", "timeout=5")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	}))
	req, err := http.NewRequestWithContext(testContext(t), "PUT", front.URL+"/a%2Fb?q=1", strings.NewReader("tea"))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "gateway.example"
	req.Header.Set("X-Asked", "yes")
	req.Header.Set("Connection", "X-Hop")
	req.Header.Set("X-Hop", "mine")
	transport := http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	response, _ := io.ReadAll(resp.Body)

	if got.Method != "PUT" || got.RequestURI != "/a%2Fb?q=1" || got.Host != "gateway.example" || body != "tea" {
		t.Errorf("the backend got %s %s for %s with %q", got.Method, got.RequestURI, got.Host, body)
	}
	if got.Header.Get("X-Asked") != "yes" || got.Header.Get("X-Hop") != "" {
		t.Errorf("the backend got the header %v", got.Header)
	}
	if resp.StatusCode != http.StatusTeapot || string(response) != "short and stout" {
		t.Errorf("answer %d %q", resp.StatusCode, response)
	}
	if h := resp.Header; h.Get("X-Answer") != "yes" || h.Get("Keep-Alive") != "" || h.Get(gateway.ReplicaHeader) != "gw-7" {
		t.Errorf("answer's header %v", h)
	}
}

func TestProxyRoutes(t *testing.T) {
	_, front := proxied(t, backend.New())
	for path, length := range map[string]int{
		"/": len(backend.Page), "/bytes/100000": 100000, "/stream-bytes/50000": 50000, "/status/204": 0,
		"/drip?delay=0&duration=0.01&numbytes=50": 50,
	} {
		got := request(t, "GET", front.URL+path, "")
		if got.StatusCode/100 != 2 || len(got.body) != length {
			t.Errorf("%s: status %d, %d bytes; want %d", path, got.StatusCode, len(got.body), length)
		}
	}
	if got := request(t, "HEAD", front.URL+"/bytes/70", ""); got.body != "" || got.ContentLength != 70 {
		t.Errorf("HEAD: %d bytes, length %d; want 0, 70", len(got.body), got.ContentLength)
	}
}

// A slow response must arrive as it is sent, so that a cut in flight is visible.
func TestProxyStreams(t *testing.T) {
	release := make(chan struct{})
	_, front := proxied(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "first")
		_ = http.NewResponseController(w).Flush()
		<-release
		_, _ = io.WriteString(w, "later")
	}))
	body := open(t, front.URL)
	first := make([]byte, 5)
	if _, err := io.ReadFull(body, first); err != nil {
		t.Fatal(err)
	}
	close(release)
	if rest, err := io.ReadAll(body); err != nil || string(first)+string(rest) != "firstlater" {
		t.Errorf("got %q, %q, %v", first, rest, err)
	}
}

func TestProxyCutsWhatWasCut(t *testing.T) {
	_, front := proxied(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}))
	response := open(t, front.URL)
	if body, err := io.ReadAll(response); err == nil {
		t.Errorf("half an answer, %q, looks whole", body)
	}
}

func TestProxyWithoutBackend(t *testing.T) {
	p, front := proxied(t, backend.New())
	nobody, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.backend = nobody.Addr().String()
	_ = nobody.Close()
	got := request(t, "GET", front.URL, "")
	if got.StatusCode != http.StatusBadGateway || !strings.HasPrefix(got.body, "bad gateway: ") || strings.Count(got.body, "\n") != 1 {
		t.Errorf("answer %d %q; want 502 and one line", got.StatusCode, got.body)
	}
	if got.Header.Get(gateway.ReplicaHeader) != "gw-7" {
		t.Error("the answer does not name the replica")
	}
}

func TestProxyDraining(t *testing.T) {
	p, front := proxied(t, backend.New())
	transport := http.Transport{}
	defer transport.CloseIdleConnections()
	for _, draining := range []bool{false, true} {
		p.draining.Store(draining)
		got := roundTrip(t, &transport, "GET", front.URL, nil)
		if got.Close != draining {
			t.Errorf("draining %v: Connection: close %v", draining, got.Close)
		}
	}
}

// BenchmarkProxy measures a gateway's work for a request, including the backend's.
func BenchmarkProxy(b *testing.B) {
	backend := httptest.NewServer(backend.New())
	b.Cleanup(backend.Close)
	p := newProxy("gw-1", strings.TrimPrefix(backend.URL, "http://"), time.Hour)
	b.Cleanup(p.transport.CloseIdleConnections)
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header = http.Header{"User-Agent": {"nodrop"}, "Content-Type": {"text/html"}, "Accept-Encoding": {"gzip"}, "Connection": {"close"}}
		w := httptest.NewRecorder()
		if p.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}
