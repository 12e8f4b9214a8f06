package backend

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// response is a response with its body already read.
type response struct {
	*http.Response
	body string
}

// request sends a request, without redirects or decompression.
func request(t *testing.T, method, url, body string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
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

func TestBackendRoutes(t *testing.T) {
	server := httptest.NewServer(New())
	defer server.Close()
	tests := map[string]struct {
		status int
		length int // of the body; -1: not checked
		want   string
	}{
		"/":                               {200, len(Page), "nodrop backend"},
		"/nowhere":                        {404, -1, "not found"},
		"/status/200":                     {200, 0, ""},
		"/status/204":                     {204, 0, ""},
		"/status/503":                     {503, 0, ""},
		"/status/302":                     {302, 0, ""},
		"/status/304":                     {304, 0, ""},
		"/status/100":                     {400, -1, `status "100" is not a number from 200 to 599`},
		"/status/abc":                     {400, -1, "abc"},
		"/delay/0":                        {200, -1, "waited 0s"},
		"/delay/0.01":                     {200, -1, "waited 10ms"},
		"/delay/-1":                       {400, -1, `delay "-1" is not a number of seconds`},
		"/delay/NaN":                      {400, -1, "NaN"},
		"/bytes/0":                        {200, 0, ""},
		"/bytes/1000":                     {200, 1000, ""},
		"/bytes/99999999":                 {200, maxBytes, ""},
		"/bytes/-1":                       {400, -1, "-1"},
		"/bytes/10?seed=x":                {400, -1, `seed "x" is not a number`},
		"/stream-bytes/0":                 {200, 0, ""},
		"/stream-bytes/25000":             {200, 25000, ""},
		"/stream-bytes/100?chunk_size=7":  {200, 100, ""},
		"/stream-bytes/100?chunk_size=0":  {200, 100, ""},
		"/stream-bytes/100?chunk_size=-1": {400, -1, "chunk_size"},
		"/drip?delay=0&duration=0":        {200, 10, "**********"},
		"/drip?delay=0&duration=0.01&numbytes=999": {200, 999, "***"},
		"/drip?delay=0&duration=0&code=500":        {500, 10, "**********"},
		"/drip?delay=0&duration=0&code=204":        {204, 0, ""},
		"/drip?numbytes=0":                         {400, -1, "numbytes must be positive"},
		"/drip?duration=soon":                      {400, -1, `duration "soon"`},
		"/drip?delay=-1":                           {400, -1, `delay "-1"`},
		"/drip?code=1":                             {400, -1, `status "1"`},
	}
	for path, want := range tests {
		t.Run(path, func(t *testing.T) {
			got := request(t, http.MethodGet, server.URL+path, "")
			if got.StatusCode != want.status {
				t.Errorf("status %d; want %d", got.StatusCode, want.status)
			}
			if want.length >= 0 && len(got.body) != want.length {
				t.Errorf("%d bytes; want %d", len(got.body), want.length)
			}
			if !strings.Contains(got.body, want.want) {
				t.Errorf("body %.80q; want %q in it", got.body, want.want)
			}
		})
	}
}

func TestBackendTakesAnyMethod(t *testing.T) {
	server := httptest.NewServer(New())
	defer server.Close()
	large := strings.Repeat("x", 1<<20)
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"} {
		got := request(t, method, server.URL+"/", large)
		if got.StatusCode != 200 || got.body != Page {
			t.Errorf("%s: status %d, %d bytes; want 200, %d", method, got.StatusCode, len(got.body), len(Page))
		}
	}
}

func TestBackendHead(t *testing.T) {
	server := httptest.NewServer(New())
	defer server.Close()
	for path, length := range map[string]int64{"/": int64(len(Page)), "/bytes/5000": 5000, "/drip?delay=0&numbytes=33": 33} {
		got := request(t, http.MethodHead, server.URL+path, "")
		if got.StatusCode != 200 || got.body != "" || got.ContentLength != length {
			t.Errorf("HEAD %s: status %d, %d bytes, length %d; want 200, 0, %d", path, got.StatusCode, len(got.body), got.ContentLength, length)
		}
	}
}

func TestBackendFraming(t *testing.T) {
	server := httptest.NewServer(New())
	defer server.Close()
	if got := request(t, "GET", server.URL+"/bytes/100", ""); got.ContentLength != 100 {
		t.Errorf("/bytes has length %d; want 100", got.ContentLength)
	}
	got := request(t, "GET", server.URL+"/stream-bytes/100", "")
	if got.ContentLength != -1 || !slices.Equal(got.TransferEncoding, []string{"chunked"}) {
		t.Errorf("/stream-bytes has length %d and encoding %v; want chunked", got.ContentLength, got.TransferEncoding)
	}
}

func TestBackendSeed(t *testing.T) {
	server := httptest.NewServer(New())
	defer server.Close()
	fetch := func(path string) string {
		return request(t, "GET", server.URL+path, "").body
	}
	same := fetch("/bytes/100?seed=-7")
	if again := fetch("/stream-bytes/100?seed=-7"); again != same {
		t.Error("the same seed gives other bytes")
	}
	if other := fetch("/bytes/100?seed=8"); other == same {
		t.Error("another seed gives the same bytes")
	}
	if a, b := fetch("/bytes/100"), fetch("/bytes/100"); a == b {
		t.Error("no seed gives the same bytes twice")
	}
}

func TestParseSecondsIsBounded(t *testing.T) {
	for _, s := range []string{"11", "1e300", "Inf"} {
		if d, err := parseSeconds("delay", s, maxDelay); err != nil || d != maxDelay {
			t.Errorf("parseSeconds(%s) = %v, %v; want %v", s, d, err, maxDelay)
		}
	}
}
