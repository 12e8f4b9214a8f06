package loadgen_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
)

// closings are the ways in which a TLS server can end a connection after its last
// byte, and whether they prove that it was the last.
var closings = map[string]struct {
	end    func(r *records)
	proves bool
}{
	"close_notify": {func(r *records) { _, _ = r.tcp.Write(r.seal(alertRecord, []byte{1, 0})) }, true},
	"FIN":          {func(*records) {}, false},
	"FIN in a record": {func(r *records) {
		_, _ = r.tcp.Write(r.seal(dataRecord, []byte("the rest"))[:9])
	}, false},
	"FIN in the alert": {func(r *records) {
		_, _ = r.tcp.Write(r.seal(alertRecord, []byte{1, 0})[:9])
	}, false},
}

// TestEndOverTLS: without close_notify, the end of the connection does not
// prove that a close-delimited body is complete (RFC 9112 §9.8). For any other
// body, no proof is needed.
func TestEndOverTLS(t *testing.T) {
	const n = 6
	bodies := map[string]struct {
		response string
		proven   bool // complete, whatever ends the connection
		cut      string
	}{
		"until close":            {"HTTP/1.0 200 OK\r\n\r\nhalf of the pa", false, "body.eof"},
		"until close, empty":     {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", false, "body.eof"},
		"length":                 {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nwhole", true, ""},
		"chunked":                {"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n0\r\n\r\n", true, ""},
		"no body":                {"HTTP/1.1 204 OK\r\nConnection: close\r\n\r\n", true, ""},
		"status until close":     {"HTTP/1.0 500 Oops\r\n\r\nhalf of the pa", false, "body.eof"},
		"redirect until close":   {"HTTP/1.0 302 Found\r\nLocation: /\r\n\r\nhalf of the pa", false, "body.eof"},
		"half a compressed body": {"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08", false, "body.eof"},
	}
	proven := map[string]string{ // the outcome if the end is proven; others are ok
		"status until close":     "status.500",
		"redirect until close":   "head.other", // endless redirects
		"half a compressed body": "body.malformed",
	}
	for name, body := range bodies {
		for how, closing := range closings {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				url := recordServer(t, func(r *records, in *bufio.Reader) {
					if !awaitHead(in) {
						return
					}
					_, _ = r.tcp.Write(r.seal(dataRecord, []byte(body.response)))
					closing.end(r)
					_ = r.tcp.CloseWrite()
					_, _ = io.Copy(io.Discard, r.tcp)
				})
				want := proven[name]
				if !body.proven && !closing.proves {
					want = body.cut
				}
				run := runLoad(t, loadgen.Config{URL: url, Requests: n, Workers: 2, TLS: trusting(t)})
				fate := "lost"
				if want == "" {
					fate = "ok"
				}
				if got := outcome(run, fate, want); got.Fresh+got.Reused != n {
					t.Errorf("got %+v %+v; want %d %s %s", run.Outcomes, run.Samples, n, fate, want)
				}
				if run.Unproven != 0 {
					t.Errorf("%d unproven over TLS", run.Unproven)
				}
			})
		}
	}
}

// TestEndThroughATunnel: data through a proxy's tunnel is judged as if there
// were no proxy.
func TestEndThroughATunnel(t *testing.T) {
	const n = 4
	cert, _ := certificate()
	for how, want := range map[string]string{"close_notify": "ok", "FIN": "lost"} {
		t.Run(how, func(t *testing.T) {
			proxy := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
				if r, err := http.ReadRequest(in); err != nil || r.Method != http.MethodConnect {
					return
				}
				write(c, "HTTP/1.1 200 Connection established\r\n\r\n")
				s := tls.Server(readerConn{c, in}, &tls.Config{Certificates: []tls.Certificate{cert}})
				if !awaitHead(bufio.NewReader(s)) {
					return
				}
				write(s, "HTTP/1.0 200 OK\r\n\r\nhalf of the pa")
				if how == "close_notify" {
					_ = s.CloseWrite()
				}
				_ = c.CloseWrite()
				_, _ = io.Copy(io.Discard, c)
			})
			run := runLoad(t, loadgen.Config{URL: "https://gateway.example/", Requests: n, Workers: 2, TLS: trusting(t), Proxy: proxyURL(t, proxy)})
			class := ""
			if want == "lost" {
				class = "body.eof"
			}
			if got := outcome(run, want, class); got.Fresh != n {
				t.Errorf("got %+v %+v; want %d %s", run.Outcomes, run.Samples, n, want)
			}
		})
	}
}

// TestUnproven: unproven counts exactly the ok responses whose body is delimited
// only by the close of a connection without TLS.
func TestUnproven(t *testing.T) {
	const n = 9
	gz := "HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" +
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"
	for name, tc := range map[string]struct {
		response string
		want     int64
		ok       record.StatusSet
		lost     int64
	}{
		"until close":        {response: "HTTP/1.0 200 OK\r\n\r\nhalf of the pa", want: n},
		"until close, empty": {response: "HTTP/1.0 200 OK\r\n\r\n", want: n},
		"length":             {response: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwhole"},
		"chunked":            {response: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"},
		"no body":            {response: "HTTP/1.0 304 OK\r\n\r\n"},
		"compressed":         {response: gz}, // its checksum proves that it is complete
		"lost all the same":  {response: "HTTP/1.0 500 Oops\r\n\r\nhalf of the pa", lost: n},
	} {
		for _, way := range cleartext() {
			t.Run(fmt.Sprintf("%s/%s", name, way), func(t *testing.T) {
				url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
					if awaitHead(in) {
						write(c, tc.response)
						_ = c.CloseWrite()
						_, _ = io.Copy(io.Discard, c)
					}
				})
				run := runLoad(t, loadgen.Config{URL: url, Requests: n, Workers: 2, Engine: way.engine})
				if run.Unproven != tc.want || run.Counts.OK != n-tc.lost || run.Counts.Lost != tc.lost {
					t.Errorf("%d unproven, %+v %+v; want %d", run.Unproven, run.Counts, run.Samples, tc.want)
				}
			})
		}
	}
}

// TestOtherProtocols: the error names the protocol that the peer seems to
// speak, and suggests https:// for TLS.
func TestOtherProtocols(t *testing.T) {
	for name, tc := range map[string]struct{ sends, want string }{
		"TLS":     {"\x15\x03\x01\x00\x02\x02F", `malformed status line "\x15\x03\x01\x00\x02\x02F": this looks like TLS: use https://`},
		"HTTP/2":  {"\x00\x00\x00\x04\x00\x00\x00\x00\x00", `malformed status line "\x00\x00\x00\x04\x00\x00\x00\x00\x00": this looks like HTTP/2`},
		"SSH":     {"SSH-2.0-x\r\n", `malformed status line "SSH-2.0-x": this looks like SSH`},
		"HTML":    {"<p>", `malformed status line "<p>": this looks like HTML`},
		"no head": {"HTTP/1.1 200 OK\r\n<p>", `malformed header field "<p>": this looks like HTML`},
		"text":    {"hello", `malformed status line "hello"`},
	} {
		for _, way := range cleartext() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
					if awaitHead(in) {
						write(c, tc.sends)
						_, _ = io.Copy(io.Discard, c) // keeps the connection open: the bytes sent must be enough
					}
				})
				run := runLoad(t, loadgen.Config{URL: url, Requests: 3, Workers: 1, Engine: way.engine})
				if got := outcome(run, "lost", "head.malformed"); got.Fresh != 3 || len(run.Samples) != 1 || !strings.HasSuffix(run.Samples[0].Text, ": "+tc.want) {
					t.Errorf("got %+v %+v\nwant %s", run.Outcomes, run.Samples, tc.want)
				}
			})
		}
	}
}

// TestRedirectToTheWrongScheme: a problem that cannot be detected before the
// load is explained in the error text.
func TestRedirectToTheWrongScheme(t *testing.T) {
	var plain string
	plain = rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		if first, err := in.Peek(1); err == nil && first[0] == 'G' && awaitHead(in) {
			write(c, "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "+strings.Replace(plain, "http:", "https:", 1)+"/x\r\n\r\n")
		} else {
			write(c, "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
		}
	})
	run := runLoad(t, loadgen.Config{URL: plain, Requests: 2, Workers: 1, TLS: trusting(t)})
	if got := outcome(run, "lost", "tls.malformed"); got.Fresh != 2 || !strings.HasSuffix(run.Samples[0].Text, ": http: server gave HTTP response to HTTPS client") {
		t.Errorf("got %+v %+v", run.Outcomes, run.Samples)
	}
}

// TestCleartextToTLS: a server that expects TLS says so, or closes the
// connection. In both cases the report says what to do. The handshake that is
// tried after the load is not counted.
func TestCleartextToTLS(t *testing.T) {
	const n = 4
	cert, _ := certificate()
	told := newTLSServer(t, respondOK, nil)
	closes := func(handshakes bool) string {
		return rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
			if first, err := in.Peek(1); err != nil || first[0] != handshakeRecord || !handshakes {
				_, _ = io.CopyN(io.Discard, in, int64(max(1, in.Buffered())))
				return
			}
			_ = tls.Server(readerConn{c, in}, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake()
		})
	}
	for name, tc := range map[string]struct{ url, class, note string }{
		"says so":            {strings.Replace(told.URL, "https:", "http:", 1), "status.400", "the server says that its port speaks TLS: use https://"},
		"closes":             {closes(true), "wait.eof", "the port speaks TLS: use https:// (the server sent no response, so nodrop tried one TLS handshake after the load)"},
		"closes, and no TLS": {closes(false), "wait.eof", "the server closed every connection without a response; it does not speak TLS (nodrop tried one handshake after the load)"},
	} {
		for _, way := range cleartext() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				run := runLoad(t, loadgen.Config{URL: tc.url, Requests: n, Workers: 2, Engine: way.engine})
				if got := outcome(run, "lost", tc.class); got.Fresh+got.Reused != n || run.Connections.Opened > n {
					t.Errorf("got %+v, %+v; want %d lost as %s", run.Outcomes, run.Connections, n, tc.class)
				}
				if !slices.Contains(run.Notes, tc.note) {
					t.Errorf("notes %q; want %q", run.Notes, tc.note)
				}
			})
		}
	}
}

// TestGoneSaysNothingOfTLS: a server that is gone when the handshake is tried may
// have spoken TLS or not, so there is no note.
func TestGoneSaysNothingOfTLS(t *testing.T) {
	const n = 4
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for i := range n {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if i == n-1 {
				_ = l.Close()
			}
			_, _ = c.Read(make([]byte, 1024))
			_ = c.Close()
		}
	}()
	run := runLoad(t, loadgen.Config{URL: "http://" + l.Addr().String(), Requests: n, Workers: 1, DisableKeepAlive: true})
	if got := outcome(run, "lost", "wait.eof"); got.Fresh != n {
		t.Errorf("got %+v; want %d × wait.eof", run.Outcomes, n)
	}
	if slices.ContainsFunc(run.Notes, func(note string) bool { return strings.Contains(note, "TLS") }) {
		t.Errorf("notes %q; want none about TLS", run.Notes)
	}
}

// TestTLSToCleartext: if a server without TLS sends nothing, the load counts the
// failures, and the report says what to check.
func TestTLSToCleartext(t *testing.T) {
	url := strings.Replace(rawServer(t, func(_ *net.TCPConn, in *bufio.Reader) {
		_, _ = in.Peek(1)
		_, _ = in.Discard(in.Buffered())
	}), "http:", "https:", 1)
	run := runLoad(t, loadgen.Config{URL: url, Requests: 3, Workers: 1, TLS: trusting(t)})
	if got := outcome(run, "lost", "tls.eof"); got.Fresh != 3 {
		t.Errorf("got %+v", run.Outcomes)
	}
	if want := "that handshake failed (EOF): if the port does not speak TLS, use http://"; !slices.Contains(run.Notes, want) {
		t.Errorf("notes %q; want %q", run.Notes, want)
	}
}
