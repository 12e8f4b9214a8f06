package loadgen_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
)

// TestProducts: a run names the products that ok responses name in their Server
// and Via fields, however they take turns.
func TestProducts(t *testing.T) {
	onEngines(t, testProducts)
}

func testProducts(t *testing.T, engine record.Engine) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			w.Header().Set("Server", "nginx/1.22.1")
		case 1:
			w.Header().Set("Server", "gunicorn")
			w.Header().Set("Via", "1.1 Caddy")
		case 2:
			w.Header().Set("Server", "envoy")
			w.WriteHeader(http.StatusServiceUnavailable) // lost: it is among the responses of the run
		}
	}))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 400, Workers: 5})
	if diff := cmp.Diff([]string{"Caddy", "gunicorn", "nginx"}, run.Products); diff != "" {
		t.Error(diff)
	}
	run = runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 4, Workers: 1, Gateway: "haproxy"})
	if len(run.Products) > 0 {
		t.Errorf("got %v behind a known gateway; want none", run.Products)
	}
}
