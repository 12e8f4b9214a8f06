package loadgen

import (
	"runtime"
	"testing"

	"nodrop/loadgen/internal/engine"
)

func newTestLoad(t *testing.T, cfg Config) *Load {
	t.Helper()
	load, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return load
}

// TestWorkersShareTheRequest: a large body is in memory once, not once per
// worker.
func TestWorkersShareTheRequest(t *testing.T) {
	const body = 1 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	newEngine(newTestLoad(t, Config{URL: "http://127.0.0.1/", Workers: 50, Method: "POST", Body: make([]byte, body), Engine: "pool"}))
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 10*body {
		t.Errorf("50 workers with a body of %d bytes used %d bytes", body, got)
	}
}

// TestHostsDifferInNoCase: Endpoints is also used after a redirect to the same
// host in other letter case.
func TestHostsDifferInNoCase(t *testing.T) {
	load := newTestLoad(t, Config{URL: "http://Gateway.invalid/", Workers: 1, Requests: 1, Endpoints: &none{}})
	same, err := parseTarget("http://gateway.INVALID/x")
	if err != nil {
		t.Fatal(err)
	}
	if hop := load.newHop(same, "GET", engine.Payload{}, true); !hop.Home {
		t.Error("treated as another host")
	}
}

// none is an Endpoints that must not be used.
type none struct{ Endpoints }
