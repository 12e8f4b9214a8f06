package loadgen_test

import (
	"bufio"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// TestLaterHopFails: the details of a request that failed after a redirect are
// those of the host that failed, and the recording shows that an earlier host
// had answered.
func TestLaterHopFails(t *testing.T) {
	const n = 6
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	resets := startServer(t, faultserver.Always(faultserver.ResetBeforeResponse))
	tests := map[string]struct{ to, class, text string }{
		"refuses": {refused.Addr().String(), "connect.refused", "dial tcp ADDR: connect: connection refused"},
		"resets":  {strings.TrimPrefix(resets.URL(), "http://"), "wait.reset", "read tcp 127.0.0.1:*->ADDR: read: connection reset by peer"},
	}
	for name, tc := range tests {
		for _, way := range routes() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				server := way.startNoted(t, nil, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", "http://"+tc.to+"/next")
					w.WriteHeader(http.StatusTemporaryRedirect)
				})
				run := runLoad(t, loadgen.Config{
					URL: server.URL, Requests: n, Workers: 2, Method: "POST", Body: []byte("x"), TLS: trusting(t), Engine: way.engine,
				})
				want := []record.Outcome{{Fate: "lost", Class: classNamed(t, tc.class), Redirected: true, Count: n}}
				if tc.class == "wait.reset" {
					want[0].Endpoint = tc.to
				} else {
					want[0].Endpoint = run.Outcomes[0].Endpoint
				}
				if !slices.Equal(run.Outcomes, want) || len(server.requests) != n {
					t.Errorf("%+v; want %+v; the first host saw %d", run.Outcomes, want, len(server.requests))
				}
				text := `Post "http://` + tc.to + `/next": ` + strings.ReplaceAll(tc.text, "ADDR", tc.to)
				if len(run.Samples) != 1 || run.Samples[0].Text != text || run.Samples[0].Count != n {
					t.Errorf("samples %+v; want %d of %s", run.Samples, n, text)
				}
				for _, l := range run.Lost {
					if !l.Redirected {
						t.Errorf("%+v is not marked as redirected", l)
					}
				}
			})
		}
	}
}

// TestLaterHopOnTheSameHost: the same for a redirect to the same host.
func TestLaterHopOnTheSameHost(t *testing.T) {
	onEngines(t, func(t *testing.T, engine record.Engine) {
		var redirects atomic.Int64
		url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
			for {
				r, err := http.ReadRequest(in)
				if err != nil || r.URL.Path == "/next" {
					return
				}
				redirects.Add(1)
				write(c, "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n")
			}
		})
		run := runLoad(t, loadgen.Config{URL: url, Requests: 6, Workers: 2, Engine: engine})
		o := run.Outcomes[0]
		if len(run.Outcomes) != 1 || o.Class.String() != "wait.eof" || !o.Redirected || !o.Reused || o.Count != 6 || redirects.Load() != 6 {
			t.Errorf("%+v after %d redirects; want 6 × wait.eof, reused and redirected", run.Outcomes, redirects.Load())
		}
	})
}

// TestLocationKeepsEscapes: escapes in a Location stay as they are, and other
// characters are escaped where necessary.
func TestLocationKeepsEscapes(t *testing.T) {
	for location, want := range map[string]string{
		"/a%2Fb/{x}":        "/a%2Fb/%7Bx%7D",
		"c%2Bd e":           "/dir/c%2Bd%20e",
		"../up%2F|":         "/up%2F%7C",
		"?q=%2F{}":          "/dir/from?q=%2F{}",
		"%2e%2e/x":          "/dir/%2e%2e/x",
		"/a#frag%zz":        "/a",
		"HTTP://HOST/%2F ü": "/%2F%20%C3%BC",
	} {
		onEngines(t, func(t *testing.T, engine record.Engine) {
			var got []string
			var host string
			url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
				for {
					line, err := in.ReadString('\n')
					if err != nil || !awaitHead(in) {
						return
					}
					got = append(got, strings.Fields(line)[1])
					if len(got) == 1 {
						write(c, "HTTP/1.1 302 Found\r\nLocation: "+strings.Replace(location, "HOST", host, 1)+"\r\nContent-Length: 0\r\n\r\n")
					} else {
						write(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
					}
				}
			})
			host = strings.TrimPrefix(url, "http://")
			run := runLoad(t, loadgen.Config{URL: url + "/dir/from", Requests: 1, Workers: 1, Engine: engine})
			if run.Counts.OK != 1 || len(got) != 2 || got[1] != want {
				t.Errorf("%s: %+v, asked for %q; want %s", location, run.Samples, got, want)
			}
		})
	}
}

// TestNoPasswordOfALocation: the password in a server's redirect is masked.
func TestNoPasswordOfALocation(t *testing.T) {
	onEngines(t, func(t *testing.T, engine record.Engine) {
		for _, location := range []string{"http://u:secret@127.0.0.1:99999/", "ftp://u:secret@h/", "http://u:secret%zz@h/"} {
			url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
				for awaitHead(in) {
					write(c, "HTTP/1.1 302 Found\r\nLocation: "+location+"\r\nContent-Length: 0\r\n\r\n")
				}
			})
			run := runLoad(t, loadgen.Config{URL: url, Requests: 1, Workers: 1, Engine: engine})
			if o := run.Outcomes[0]; o.Class.String() != "head.other" || strings.Contains(run.Samples[0].Text, "secret") || !strings.Contains(run.Samples[0].Text, "u:***@") {
				t.Errorf("%+v %+v", o, run.Samples)
			}
		}
	})
}

// TestNoRoute: a connect that this machine's kernel refuses because there is no
// route says nothing about the target.
func TestNoRoute(t *testing.T) {
	for _, way := range cleartext() {
		t.Run(way.String(), func(t *testing.T) {
			// On any machine, TCP to a multicast address has no route.
			run := runLoad(t, loadgen.Config{URL: "http://224.0.0.1:80/", Requests: 6, Workers: 2, Timeout: 10 * time.Second, Engine: way.engine})
			o := run.Outcomes[0]
			if len(run.Outcomes) != 1 || o.Fate != "spoiled" || o.Class.String() != "client.route" || o.Count != 6 {
				t.Errorf("%+v %+v; want 6 × client.route, spoiled", run.Outcomes, run.Samples)
			}
		})
	}
}

func classNamed(t *testing.T, name string) record.Class {
	t.Helper()
	var c record.Class
	if err := c.UnmarshalText([]byte(name)); err != nil {
		t.Fatal(err)
	}
	return c
}
