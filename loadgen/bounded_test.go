package loadgen_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
)

// TestLongTexts: long texts from a server, different each time, take little
// memory and little space in a recording, and stay different.
func TestLongTexts(t *testing.T) {
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	const n, length = 150, 60_000
	pad := strings.Repeat("x", length)
	for name, respond := range map[string]func(w http.ResponseWriter, seq int64){
		"replica": func(w http.ResponseWriter, seq int64) {
			w.Header().Set("X-Replica", fmt.Sprint(pad, seq))
		},
		"error": func(w http.ResponseWriter, seq int64) {
			for _, field := range []string{"Server", "Retry-After", "Via", "X-Envoy-Response-Flags"} {
				w.Header().Set(field, fmt.Sprint(pad, seq))
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, seq, pad)
		},
		"location": func(w http.ResponseWriter, seq int64) {
			w.Header().Set("Location", fmt.Sprint("http://", refused.Addr(), "/", pad, seq))
			w.WriteHeader(http.StatusFound)
		},
		"malformed location": func(w http.ResponseWriter, seq int64) {
			w.Header().Set("Location", fmt.Sprint("http://[", pad, seq))
			w.WriteHeader(http.StatusFound)
		},
		"malformed field": func(w http.ResponseWriter, seq int64) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%d%s\r\n\r\n", seq, pad)
			_ = c.Close()
		},
	} {
		for _, way := range routes() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				var seq atomic.Int64
				h := holdRequests(t, way.scheme, nothing, func(w http.ResponseWriter, _ *http.Request) { respond(w, seq.Add(1)) })
				close(h.release)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				run := runLoad(t, loadgen.Config{URL: h.url, Engine: way.engine, Requests: n, Workers: 2, EndpointHeader: "X-Replica", TLS: trusting(t)})
				runtime.GC()
				runtime.ReadMemStats(&after)
				if run.Counts.Started != n || run.Counts.Spoiled+run.Counts.Aborted > 0 {
					t.Errorf("%+v %+v", run.Counts, run.Samples)
				}
				if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > n*length/3 {
					t.Errorf("kept %d of %d bytes", grown, n*length)
				}
				text, err := json.Marshal(run)
				if err != nil {
					t.Fatal(err)
				}
				var everything any
				if err := json.Unmarshal(text, &everything); err != nil {
					t.Fatal(err)
				}
				checkLengths(t, everything)
				distinct := len(run.Endpoints) - 1 + len(run.Samples) + len(run.Responses)
				if name != "malformed field" && distinct < 64 { // a malformed response's sample holds only its first bytes
					t.Errorf("%d different texts for %d requests", distinct, n)
				}
			})
		}
	}
}

// checkLengths checks that no string in v, except histograms, is longer than two
// bounded texts plus nodrop's own words.
func checkLengths(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case string:
		if len(v) > 2*256+50 && !strings.HasPrefix(v, "HISTF") {
			t.Errorf("%d bytes: %.300q", len(v), v)
		}
	case []any:
		for _, e := range v {
			checkLengths(t, e)
		}
	case map[string]any:
		for _, e := range v {
			checkLengths(t, e)
		}
	}
}
