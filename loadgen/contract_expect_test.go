package loadgen_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/length"
)

// whole is the body that tests expect, and the server counts.
const whole = "<html>the whole page</html>\n"

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// pages is a server that sends something else than the whole page with every
// third response, and counts those.
type pages struct {
	*httptest.Server
	served, others atomic.Int64
}

// startPages starts a server whose odd responses come from other.
func startPages(t *testing.T, scheme string, other http.HandlerFunc) *pages {
	t.Helper()
	p := &pages{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.served.Add(1)%3 == 0 {
			p.others.Add(1)
			other(w, r)
			return
		}
		w.Header().Set("X-Version", "v2.1")
		_, _ = w.Write([]byte(whole))
	}))
	if scheme == "https" {
		cert, _ := certificate()
		p.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
		p.StartTLS()
	} else {
		p.Start()
	}
	t.Cleanup(p.Close)
	return p
}

// TestContractExpect: a response that is not what --expect-body and
// --expect-header ask for is lost as body.rejected, each of them and no other,
// and its connection carries the next request.
func TestContractExpectedResponse(t *testing.T) {
	version := func(w http.ResponseWriter) { w.Header().Set("X-Version", "v2.1") }
	chunked := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			version(w)
			for part := range strings.SplitAfterSeq(text, " ") {
				_, _ = w.Write([]byte(part))
				w.(http.Flusher).Flush()
			}
		}
	}
	const n, workers = 60, 4
	short := whole[:10]
	for name, tc := range map[string]struct {
		body    string
		headers []string
		other   http.HandlerFunc
		sample  string // the end of its text; "" if all is as expected
	}{
		"length, chunked":         {"length:28", nil, chunked(whole), ""},
		"length, short":           {"length:28", nil, chunked(short), "a body of 10 bytes, not 28 (--expect-body)"},
		"length, none":            {"length:28", nil, func(w http.ResponseWriter, _ *http.Request) { version(w) }, "a body of 0 bytes, not 28 (--expect-body)"},
		"checksum, the same":      {checksum(whole), nil, chunked(whole), ""},
		"checksum, short":         {checksum(whole), nil, chunked(short), "a body with another checksum than " + checksum(whole) + " (--expect-body)"},
		"pattern, elsewhere":      {"whole", nil, chunked("this, too, is whole"), ""},
		"pattern, cut":            {`</html>\s*$`, nil, chunked(short), `a body without a match for </html>\s*$ (--expect-body)`},
		"header, none":            {"", []string{"X-Version: ^v2"}, func(http.ResponseWriter, *http.Request) {}, "no field x-version (--expect-header)"},
		"header, another":         {"", []string{"x-VERSION: ^v2"}, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Version", "v1") }, "the field x-version does not match ^v2 (--expect-header)"},
		"header, one of two":      {"", []string{"X-Version: ^v2", "X-Other: ."}, nil, "no field x-other (--expect-header)"},
		"header, that is present": {"", []string{"X-Version:"}, chunked(short), ""},
		"a status is its own":     {"length:28", nil, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, "status"},
	} {
		for _, way := range routes() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				t.Parallel()
				other := tc.other
				if other == nil {
					other = chunked(whole)
				}
				server := startPages(t, way.scheme, other)
				run := runLoad(t, loadgen.Config{
					URL: server.URL + "/", Requests: n, Workers: workers, TLS: trusting(t), Engine: way.engine,
					ExpectBody: tc.body, ExpectHeaders: tc.headers,
				})
				if server.served.Load() != n {
					t.Fatalf("the server saw %d requests; want %d", server.served.Load(), n)
				}
				want := map[string]int64{"ok": n}
				switch {
				case tc.sample == "status":
					want = map[string]int64{"ok": n - server.others.Load(), "lost status.502": server.others.Load()}
				case tc.other == nil:
					want = map[string]int64{"lost body.rejected": n}
				case tc.sample != "":
					want = map[string]int64{"ok": n - server.others.Load(), "lost body.rejected": server.others.Load()}
				}
				got := map[string]int64{}
				for _, o := range run.Outcomes {
					got[strings.TrimSpace(o.Fate+" "+o.Class.String())] += o.Count
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-server +run)\n%s", diff)
				}
				if tc.sample != "" && tc.sample != "status" && (len(run.Samples) != 1 || !strings.HasSuffix(run.Samples[0].Text, `/": `+tc.sample)) {
					t.Errorf("samples %+v; want %s", run.Samples, tc.sample)
				}
				if run.Connections.Opened > workers {
					t.Errorf("%d connections for %d workers: one was given up", run.Connections.Opened, workers)
				}
				if run.Settings.ExpectBody != tc.body || !cmp.Equal(run.Settings.ExpectHeaders, tc.headers) {
					t.Errorf("%+v", run.Settings)
				}
			})
		}
	}
}

// TestExpectLooksInside: a compressed body is matched as it is without its
// compression, and of a redirect chain only the end.
func TestExpectLooksInside(t *testing.T) { onEngines(t, testExpectLooksInside) }

func testExpectLooksInside(t *testing.T, engine record.Engine) {
	server := compressing(t)
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away": // to a host where the loop does not go
			http.Redirect(w, r, server.URL+"/whole", http.StatusFound)
		case "/near":
			http.Redirect(w, r, "/end", http.StatusFound)
		default:
			w.Header().Set("X-End", "yes")
			_, _ = w.Write([]byte("end"))
		}
	}))
	t.Cleanup(away.Close)
	text := strings.Repeat("nothing is lost until it is counted\n", 100_000)
	for _, tc := range []struct {
		url, body string
		headers   []string
		want      string
	}{
		{server.URL + "/whole", fmt.Sprintf("length:%d", len(text)), nil, "ok "},
		{server.URL + "/whole", "length:5", nil, "lost body.rejected"},
		{server.URL + "/whole", checksum(text), nil, "ok "},
		{server.URL + "/whole", "^nothing is lost", nil, "ok "},
		{server.URL + "/short", "^nothing is lost", nil, "lost body.malformed"},
		{away.URL + "/away", checksum(text), nil, "ok "},
		{away.URL + "/away", "^end$", nil, "lost body.rejected"},
		{away.URL + "/near", "^end$", []string{"X-End: yes"}, "ok "},
		{away.URL + "/near", "^End$", nil, "lost body.rejected"},
	} {
		run := runLoad(t, loadgen.Config{Engine: engine, URL: tc.url, Requests: 6, Workers: 2, ExpectBody: tc.body, ExpectHeaders: tc.headers})
		if o := run.Outcomes[0]; len(run.Outcomes) > 2 || o.Fate+" "+o.Class.String() != tc.want {
			t.Errorf("%s, %s %q: got %+v %+v; want %s", tc.url, tc.body, tc.headers, run.Outcomes, run.Samples, tc.want)
		}
	}
}

// TestExpectSaysWhatItCompared: bytes that a coding hides from a pattern are no
// mystery.
func TestExpectSaysWhatItCompared(t *testing.T) {
	onEngines(t, func(t *testing.T, engine record.Engine) {
		for coding, want := range map[string]string{"br": `": a body without a match for whole (--expect-body), compressed with br, which nodrop did not undo`, "identity": `": a body without a match for whole (--expect-body)`} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", coding)
				_, _ = w.Write([]byte("\x0b\x02\x80"))
			}))
			t.Cleanup(server.Close)
			run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 1, Workers: 1, ExpectBody: "whole"})
			if len(run.Samples) != 1 || !strings.HasSuffix(run.Samples[0].Text, want) {
				t.Errorf("%s: samples %+v; want %s", coding, run.Samples, want)
			}
		}
	})
}

// TestExpectHidesSecrets: a recording says what was asked for, without the
// secrets in it.
func TestExpectHidesSecrets(t *testing.T) {
	server := startPages(t, "http", func(http.ResponseWriter, *http.Request) {})
	run := runLoad(t, loadgen.Config{
		URL: server.URL, Requests: 6, Workers: 1, Fields: []loadgen.Field{{Name: "Authorization", Value: "Bearer tok-1234"}},
		ExpectBody: "tok-1234", ExpectHeaders: []string{"X-Echo: tok-1234", "Set-Cookie: session=cookie-1234", "X-Version: ^v2"},
	})
	text, err := json.Marshal(run)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("-1234")) {
		t.Errorf("a secret is in the run: %s", text)
	}
	if want := []string{"X-Echo: ***", "Set-Cookie: ***", "X-Version: ^v2"}; run.Settings.ExpectBody != "***" || !cmp.Equal(run.Settings.ExpectHeaders, want) {
		t.Errorf("%+v", run.Settings)
	}
}

func TestExpectIsRefused(t *testing.T) {
	for want, cfg := range map[string]loadgen.Config{
		`expect-body "(": not a regular expression: missing closing ): "("`:                    {ExpectBody: "("},
		`expect-body "length:-5": want length: and a number of bytes`:                          {ExpectBody: "length:-5"},
		`expect-body "sha256:xyz": want sha256: and 64 hexadecimal digits`:                     {ExpectBody: "sha256:xyz"},
		`expect-body and method HEAD: a response to HEAD has no body`:                          {ExpectBody: "x", Method: "HEAD"},
		`expect-header "X": not the name of a header field and a regular expression`:           {ExpectHeaders: []string{"X"}},
		`expect-header "X: a{9999}": not a regular expression: invalid repeat count: "{9999}"`: {ExpectHeaders: []string{"X: a{9999}"}},
	} {
		cfg.URL = "http://127.0.0.1/"
		if err := cfg.Validate(); err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

// TestLengths: the lengths of bodies are recorded where the head does not say
// them, and only those of ok responses with status 200.
func TestLengths(t *testing.T) {
	const n = 9
	nine := length.Range{Count: n, Min: 9, Max: 9}
	for name, tc := range map[string]struct {
		response string
		method   string
		want     length.Range
	}{
		"until close":       {response: "HTTP/1.0 200 OK\r\n\r\nnine byte", want: nine},
		"chunked":           {response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nnine\r\n5\r\n byte\r\n0\r\n\r\n", want: nine},
		"chunked, empty":    {response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", want: length.Range{Count: n}},
		"announced":         {response: "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nnine byte"},
		"announced, too":    {response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\nConnection: close\r\n\r\n9\r\nnine byte\r\n0\r\n\r\n", want: nine}, // chunked wins
		"no body":           {response: "HTTP/1.0 304 OK\r\n\r\n"},
		"no body, HEAD":     {response: "HTTP/1.0 200 OK\r\n\r\n", method: "HEAD"},
		"another status":    {response: "HTTP/1.0 404 OK\r\n\r\nnine byte"},
		"another ok status": {response: "HTTP/1.0 203 OK\r\n\r\nnine byte"},
	} {
		for _, way := range cleartext() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
					if awaitHead(in) {
						write(c, tc.response)
						_ = c.CloseWrite()
						_, _ = io.Copy(io.Discard, c)
					}
				})
				run := runLoad(t, loadgen.Config{URL: url, Requests: n, Workers: 2, Method: tc.method, Engine: way.engine})
				if got, _ := run.Lengths.Since(0, run.Duration, 0); got != tc.want {
					t.Errorf("got %+v; want %+v of %+v", got, tc.want, run.Counts)
				}
			})
		}
	}
}
