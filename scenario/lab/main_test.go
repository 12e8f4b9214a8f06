package lab

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/lab/dataplane"
)

// testParent is the hidden argument that makes the test binary start a fleet
// and wait to be killed.
const testParent = "lab-test-parent"

func TestMain(m *testing.M) {
	clitest.AddEnvoy()
	if code, handled := Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); handled {
		os.Exit(code)
	}
	if len(os.Args) > 1 && os.Args[1] == testParent {
		os.Exit(runTestParent())
	}
	if given, ok := dataplane.NamespaceArgs(os.Args[1:]); ok {
		os.Exit(runTestNamespace(given))
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of a test; no test measures against it.
const patience = 5 * time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// startFleet starts a fleet and stops it when the test ends.
func startFleet(t *testing.T, o Options) *Fleet {
	t.Helper()
	f, err := Start(testContext(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(context.Background()); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return f
}

// replicaAt returns a replica by its number, from 1.
func (f *Fleet) replicaAt(n int) *replica { return f.replicas[n-1] }

// response is a response with its body already read.
type response struct {
	*http.Response
	body string
}

// get requests the backend's page from a replica, on a new connection that may
// be kept alive.
func get(t *testing.T, r *replica) response {
	t.Helper()
	transport := r.proto.Transport(r.roots)
	transport.DisableKeepAlives = false
	defer transport.CloseIdleConnections()
	return roundTrip(t, transport, http.MethodGet, r.url("/"), nil)
}

// url returns the URL of a path at the replica's address.
func (r *replica) url(path string) string {
	return r.proto.Scheme() + "://" + r.addr.String() + path
}

// request sends a request, without redirects or decompression.
func request(t *testing.T, method, url, body string) response {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	return roundTrip(t, transport, method, url, strings.NewReader(body))
}

func roundTrip(t *testing.T, transport *http.Transport, method, url string, body io.Reader) response {
	t.Helper()
	req, err := http.NewRequestWithContext(testContext(t), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return response{resp, string(b)}
}

// open sends a request and returns its body once the header has arrived: the
// request is then in flight.
func open(t *testing.T, url string) io.Reader {
	t.Helper()
	return openBy(t, &http.Transport{DisableKeepAlives: true}, url)
}

func openBy(t *testing.T, transport *http.Transport, url string) io.Reader {
	t.Helper()
	req, err := http.NewRequestWithContext(testContext(t), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatalf("GET %s: %v", url, err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp.Body
}

type journal struct {
	mu     sync.Mutex // guards events and change
	events []scenario.Moment
	change chan struct{} // closed at the next event
}

func newJournal() *journal { return &journal{change: make(chan struct{})} }

func (j *journal) mark(e scenario.Moment) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
	close(j.change)
	j.change = make(chan struct{})
}

func (j *journal) find(kind record.MarkKind, replica string) (e scenario.Moment, found bool, change <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.events {
		if e.Kind == kind && e.Endpoint == replica {
			return e, true, nil
		}
	}
	return scenario.Moment{}, false, j.change
}

func (j *journal) has(kind record.MarkKind, replica string) bool {
	_, found, _ := j.find(kind, replica)
	return found
}

func (j *journal) await(t *testing.T, kind record.MarkKind, replica string) scenario.Moment {
	t.Helper()
	ctx := testContext(t)
	for {
		e, found, change := j.find(kind, replica)
		if found {
			return e
		}
		select {
		case <-change:
		case <-ctx.Done():
			t.Fatalf("no event %q of %s", kind, replica)
		}
	}
}

// ofReplica lists one replica's events without those of the balancer, whose
// timing is independent.
func (j *journal) ofReplica(name string) []scenario.Moment {
	j.mu.Lock()
	defer j.mu.Unlock()
	var own []scenario.Moment
	for _, e := range j.events {
		if e.Endpoint == name && e.Kind != record.MarkEndpointRemoved {
			own = append(own, e)
		}
	}
	return own
}

// inBackground starts a scale-in and returns functions to cancel it and to wait
// for it.
func inBackground(t *testing.T, f *Fleet, to int) (j *journal, cancel func(), wait func() error) {
	t.Helper()
	j = newJournal()
	ctx, cancel := context.WithCancel(testContext(t))
	done := make(chan error, 1)
	go func() { done <- f.Scale(ctx, to, j.mark) }()
	t.Cleanup(cancel)
	return j, cancel, func() error { return <-done }
}

// handedOut counts how often n picks of the fleet's balancer return each replica.
func handedOut(t *testing.T, f *Fleet, n int) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for range n {
		e, err := f.Endpoints().Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen[e.Name]++
	}
	return seen
}
