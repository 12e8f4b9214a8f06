package loadgen_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"nodrop/loadgen"
)

// noted is a net/http server that records what it reads. It answers a request
// with invalid HTTP/1.1 framing with 400, and does not record it.
type noted struct {
	*httptest.Server
	mu       sync.Mutex // guards requests
	requests []string   // method, path, body and the requested fields
}

func (r route) startNoted(t *testing.T, fields []string, respond http.HandlerFunc) *noted {
	t.Helper()
	n := &noted{}
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		line := fmt.Sprintf("%s %s %d %q", r.Method, r.URL.Path, r.ContentLength, body)
		for _, name := range fields {
			if values := r.Header.Values(name); len(values) > 0 {
				line += fmt.Sprintf(" %s=%s", name, strings.Join(values, "+"))
			}
		}
		if len(r.TransferEncoding)+len(r.Trailer) > 0 {
			line += " chunked"
		}
		n.mu.Lock()
		n.requests = append(n.requests, line)
		n.mu.Unlock()
		respond(w, r)
	}
	if r.scheme == "https" {
		n.Server = newTLSServer(t, handler, nil)
		return n
	}
	n.Server = httptest.NewServer(http.HandlerFunc(handler))
	t.Cleanup(n.Close)
	return n
}

// TestFramingByHand: nodrop writes the fields that frame a message itself, and
// all requests keep their boundaries.
func TestFramingByHand(t *testing.T) {
	const four = `POST / 4 "abcd"`
	tests := map[string]struct {
		body   string
		fields []string // name, value
		want   string
		notes  int
	}{
		"longer than the body":  {"abcd", []string{"Content-Length", "100"}, four, 1},
		"shorter than the body": {"abcd", []string{"content-length", "2"}, four, 1},
		"without a body":        {"", []string{"Content-Length", "4"}, `POST / 0 ""`, 1},
		"the truth":             {"abcd", []string{"Content-Length", "4"}, four, 0},
		"chunked":               {"abcd", []string{"Transfer-Encoding", "chunked"}, four, 1},
		"another coding":        {"abcd", []string{"Transfer-Encoding", "gzip, chunked"}, four, 1},
		"trailers":              {"abcd", []string{"Trailer", "X"}, four, 1},
		"all of them":           {"abcd", []string{"Content-Length", "1", "Transfer-Encoding", "chunked", "Trailer", "X"}, four, 3},
		"nothing to wait with":  {"", []string{"Expect", "100-continue"}, `POST / 0 ""`, 1},
		"two kinds of closing":  {"abcd", []string{"Connection", "keep-alive, close"}, four + " Connection=close", 0},
	}
	for name, tc := range tests {
		for _, way := range routes() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				server := way.startNoted(t, []string{"Connection", "Expect", "Trailer"}, respondOK)
				cfg := loadgen.Config{URL: server.URL, Requests: 6, Workers: 2, Method: "POST", Body: []byte(tc.body), TLS: trusting(t), Engine: way.engine}
				for pair := range slices.Chunk(tc.fields, 2) {
					cfg.Fields = append(cfg.Fields, loadgen.Field{Name: pair[0], Value: pair[1]})
				}
				run := runLoad(t, cfg)
				if run.Counts.OK != 6 || !slices.Equal(server.requests, slices.Repeat([]string{tc.want}, 6)) {
					t.Errorf("%+v, the server read %q; want 6 of %q", run.Counts, server.requests, tc.want)
				}
				notes := 0
				for _, note := range run.Notes {
					if strings.Contains(note, "is not sent: ") {
						notes++
					}
				}
				if notes != tc.notes {
					t.Errorf("%d notes of fields that are not sent in %q; want %d", notes, run.Notes, tc.notes)
				}
			})
		}
	}
}

// TestOneConnectionField: a given keep-alive does not contradict
// -disable-keepalive, and each connection carries one request.
func TestOneConnectionField(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			server := way.startNoted(t, []string{"Connection"}, respondOK)
			run := runLoad(t, loadgen.Config{
				URL: server.URL, Requests: 6, Workers: 2, DisableKeepAlive: true, TLS: trusting(t), Engine: way.engine,
				Fields: []loadgen.Field{{Name: "connection", Value: "Keep-Alive"}},
			})
			// net/http removes the field if close is its only element.
			if run.Counts.OK != 6 || run.Connections.Opened != 6 || len(server.requests) != 6 || strings.Contains(server.requests[0], "Keep-Alive") {
				t.Errorf("%+v, %+v, the server read %q", run.Counts, run.Connections, server.requests)
			}
		})
	}
}

// TestRedirectDropsContentFields: fields that describe a body are dropped with
// it, and kept if the body is kept.
func TestRedirectDropsContentFields(t *testing.T) {
	names := []string{"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Digest", "Last-Modified", "Expect", "X"}
	all := ""
	fields := []loadgen.Field{{Name: "Content-Length", Value: "4"}}
	for _, name := range names {
		value := "v"
		if name == "Expect" {
			continue // the loop does not wait for a 100
		}
		fields = append(fields, loadgen.Field{Name: name, Value: value})
		all += " " + name + "=" + value
	}
	tests := map[string]struct{ method, body, first, second string }{
		"/301": {"POST", "abcd", `POST /301 4 "abcd"` + all, `GET /end 0 "" X=v`},
		"/302": {"PUT", "abcd", `PUT /302 4 "abcd"` + all, `GET /end 0 "" X=v`},
		"/303": {"POST", "", `POST /303 0 ""` + all, `GET /end 0 "" X=v`},
		"/307": {"POST", "abcd", `POST /307 4 "abcd"` + all, `POST /end 4 "abcd"` + all},
		"/308": {"GET", "", `GET /308 0 ""` + all, `GET /end 0 ""` + all},
	}
	for path, tc := range tests {
		for _, way := range routes() {
			t.Run(path[1:]+"/"+way.String(), func(t *testing.T) {
				server := way.startNoted(t, names, func(w http.ResponseWriter, r *http.Request) {
					status := 0
					if n, _ := fmt.Sscanf(r.URL.Path, "/%d", &status); n == 1 {
						w.Header().Set("Location", "/end")
						w.WriteHeader(status)
					}
				})
				run := runLoad(t, loadgen.Config{
					URL: server.URL + path, Requests: 2, Workers: 1, Method: tc.method, Body: []byte(tc.body),
					Fields: fields, TLS: trusting(t), Engine: way.engine,
				})
				if want := []string{tc.first, tc.second, tc.first, tc.second}; run.Counts.OK != 2 || !slices.Equal(server.requests, want) {
					t.Errorf("%+v %+v\ngot  %q\nwant %q", run.Counts, run.Samples, server.requests, want)
				}
			})
		}
	}
}
