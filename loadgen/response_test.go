package loadgen_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
)

// TestResponses: the recorded responses with an unexpected status, and their
// counts, are what the server sent.
func TestResponses(t *testing.T) {
	onEngines(t, testResponses)
}

func testResponses(t *testing.T, engine record.Engine) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) % 4 {
		case 0:
			w.Header().Set("Server", "envoy")
			w.WriteHeader(503)
			fmt.Fprint(w, "no healthy upstream")
		case 1:
			w.Header().Set("Server", "nginx/1.22.1")
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(502)
			for range 3 {
				fmt.Fprint(w, strings.Repeat("é", 100)) // over the limit, in chunks
				w.(http.Flusher).Flush()
			}
		default:
			fmt.Fprint(w, "fine")
		}
	}))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 400, Workers: 5})
	want := []record.ErrorResponse{
		{Status: 502, Server: "nginx/1.22.1", Fields: []string{"retry-after: 5"}, Body: strings.Repeat("é", 128), Count: 100},
		{Status: 503, Server: "envoy", Body: "no healthy upstream", Count: 100},
	}
	if diff := cmp.Diff(want, run.Responses); diff != "" {
		t.Errorf("responses differ (- want, + got)\n%s", diff)
	}
}

// TestResponsesAreBounded: if all bodies differ, most are counted only by status.
func TestResponsesAreBounded(t *testing.T) {
	onEngines(t, testResponsesAreBounded)
}

func testResponsesAreBounded(t *testing.T, engine record.Engine) {
	var n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		fmt.Fprint(w, "request ", n.Add(1))
	}))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 2000, Workers: 5})
	var sum int64
	for _, a := range run.Responses {
		sum += a.Count
	}
	if most := run.Responses[0]; sum != 2000 || len(run.Responses) > 65 || most.Body != "" || most.Count < 1900 {
		t.Errorf("got %d kinds of %d responses, the first %+v; want 65 at most, of 2000, most of them by status alone", len(run.Responses), sum, most)
	}
}

// TestResponseOfRedirect: the body that is kept is that of the last hop.
func TestResponseOfRedirect(t *testing.T) {
	onEngines(t, testResponseOfRedirect)
}

func testResponseOfRedirect(t *testing.T, engine record.Engine) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Location", "/there")
			w.WriteHeader(302)
			fmt.Fprint(w, "moved")
			return
		}
		w.WriteHeader(500)
		fmt.Fprint(w, "broken")
	}))
	defer server.Close()
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 5, Workers: 1})
	if len(run.Responses) != 1 || run.Responses[0].Body != "broken" || run.Responses[0].Count != 5 {
		t.Errorf("got %+v; want 5 × broken", run.Responses)
	}
}
