package loadgen_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/secure"
)

// newTLSServer is a net/http server with the suite's certificate, modified by
// change.
func newTLSServer(t *testing.T, handler http.HandlerFunc, change func(*tls.Config)) *httptest.Server {
	t.Helper()
	cert, _ := certificate()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = quietLog
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	if change != nil {
		change(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func respondOK(http.ResponseWriter, *http.Request) {}

func named(server *httptest.Server) string {
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

func TestSNI(t *testing.T) { eachEngine(t, testSNI) }

func testSNI(t *testing.T, engine record.Engine) {
	tests := map[string]struct {
		byAddress bool
		host, sni string
		want      string
	}{
		"the URL's host, without its port": {want: "localhost"},
		"an address is no name":            {byAddress: true, want: ""},
		"-host":                            {byAddress: true, host: "gateway.example", want: "gateway.example"},
		"-host, without its port":          {byAddress: true, host: "gateway.example:8443", want: "gateway.example"},
		"--sni over -host":                 {byAddress: true, host: "other.example", sni: "gateway.example", want: "gateway.example"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got []string
			server := newTLSServer(t, respondOK, func(c *tls.Config) {
				c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, hello.ServerName)
					return nil, nil
				}
			})
			cfg := loadgen.Config{Engine: engine, URL: named(server), Requests: 1, Workers: 1, Host: tc.host, TLS: trusting(t)}
			if tc.byAddress {
				cfg.URL = server.URL
			}
			cfg.TLS.ServerName = tc.sni
			run := runLoad(t, cfg)
			if want := []string{tc.want, tc.want}; !slices.Equal(got, want) || run.Counts.OK != 1 {
				t.Errorf("asked for %q, %+v; want %q, for the trial and the load", got, run.Counts, want)
			}
		})
	}
}

// TestMisuseOfTLS: a problem with every handshake is reported before the load,
// with a hint.
func TestMisuseOfTLS(t *testing.T) { eachEngine(t, testMisuseOfTLS) }

func testMisuseOfTLS(t *testing.T, engine record.Engine) {
	cert, roots := certificate()
	expired, expiredRoots, err := faultserver.SelfSignedFor(time.Unix(1e9, 0), time.Unix(1.1e9, 0), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	future, futureRoots, err := faultserver.SelfSignedFor(time.Unix(4.1e9+1e7, 0), time.Unix(4.2e9, 0), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	client, clients, err := faultserver.SelfSigned("client")
	if err != nil {
		t.Fatal(err)
	}
	wantClient := func(newest uint16) func(*tls.Config) {
		return func(c *tls.Config) {
			c.ClientAuth, c.ClientCAs, c.MaxVersion = tls.RequireAndVerifyClientCert, clients, newest
		}
	}
	tests := map[string]struct {
		server     func(*tls.Config)
		tls        loadgen.TLS
		host       string
		want, hint string
		notTLS     bool
	}{
		"good":                           {tls: loadgen.TLS{Roots: roots}},
		"expired":                        {server: func(c *tls.Config) { c.Certificates = []tls.Certificate{expired} }, tls: loadgen.TLS{Roots: expiredRoots}, want: "certificate has expired or is not yet valid: good from 2001-09-09", hint: "renew"},
		"not yet valid":                  {server: func(c *tls.Config) { c.Certificates = []tls.Certificate{future} }, tls: loadgen.TLS{Roots: futureRoots}, want: "certificate has expired or is not yet valid: good from 2100-", hint: "clock"},
		"expired, insecure":              {server: func(c *tls.Config) { c.Certificates = []tls.Certificate{expired} }, tls: loadgen.TLS{Insecure: true}},
		"wrong host":                     {tls: loadgen.TLS{Roots: roots}, host: "other.example", want: "x509: certificate is valid for localhost, gateway.example, not other.example", hint: "--sni NAME"},
		"wrong host, insecure":           {tls: loadgen.TLS{Insecure: true}, host: "other.example"},
		"unknown issuer":                 {tls: loadgen.TLS{Roots: clients}, want: "x509: certificate signed by unknown authority", hint: "--cacert FILE"},
		"unknown issuer, system's roots": {want: "x509: certificate signed by unknown authority", hint: "--cacert FILE"},
		"unknown issuer, insecure":       {tls: loadgen.TLS{Insecure: true}},
		"cleartext":                      {notTLS: true, want: "the server does not speak TLS", hint: "use http:// instead of https://"},
		"cleartext, insecure":            {notTLS: true, tls: loadgen.TLS{Insecure: true}, want: "the server does not speak TLS", hint: "use http:// instead of https://"},
		"version too low":                {server: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, tls: loadgen.TLS{Roots: roots, MinVersion: tls.VersionTLS13}, want: "protocol version not supported", hint: "lower --tls-min"},
		"version too high":               {server: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, tls: loadgen.TLS{Roots: roots, MaxVersion: tls.VersionTLS12}, want: "protocol version not supported", hint: "raise --tls-max"},
		"version high enough":            {server: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 }, tls: loadgen.TLS{Roots: roots, MinVersion: tls.VersionTLS13}},
		"old version":                    {server: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }, tls: loadgen.TLS{Roots: roots}, want: "protocol version not supported", hint: "--tls-min 1.0"},
		"client unknown, 1.2":            {server: wantClient(tls.VersionTLS12), tls: loadgen.TLS{Roots: roots}, want: "remote error: tls: ", hint: "--cert FILE --key FILE"},
		"client unknown, 1.3":            {server: wantClient(0), tls: loadgen.TLS{Roots: roots}, want: "remote error: tls: certificate required", hint: "--cert FILE --key FILE"},
		"client not trusted, 1.2":        {server: wantClient(tls.VersionTLS12), tls: loadgen.TLS{Roots: roots, Certificates: []tls.Certificate{cert}}, want: "remote error: tls: ", hint: "--cert FILE --key FILE"},
		"client not trusted, 1.3":        {server: wantClient(0), tls: loadgen.TLS{Roots: roots, Certificates: []tls.Certificate{cert}}, want: "remote error: tls: ", hint: "--cert FILE --key FILE"},
		"client known, 1.2":              {server: wantClient(tls.VersionTLS12), tls: loadgen.TLS{Roots: roots, Certificates: []tls.Certificate{client}}},
		"client known, 1.3":              {server: wantClient(0), tls: loadgen.TLS{Roots: roots, Certificates: []tls.Certificate{client}}},
		"client asked, not required":     {server: func(c *tls.Config) { c.ClientAuth = tls.RequestClientCert }, tls: loadgen.TLS{Roots: roots}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := newTLSServer(t, respondOK, tc.server)
			url := server.URL
			if tc.notTLS {
				plain := httptest.NewServer(http.HandlerFunc(respondOK))
				t.Cleanup(plain.Close)
				url = strings.Replace(plain.URL, "http:", "https:", 1)
			}
			cfg := loadgen.Config{Engine: engine, URL: url, Requests: 20, Workers: 2, Host: tc.host, TLS: tc.tls}
			if tc.want == "" {
				if run := runLoad(t, cfg); run.Counts.OK != 20 {
					t.Errorf("%+v %+v; want 20 ok", run.Counts, run.Samples)
				}
				return
			}
			_, err := loadgen.New(t.Context(), cfg)
			var hint *misuse.Error
			if !errors.As(err, &hint) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(hint.Hint, tc.hint) {
				t.Errorf("got %v, hint %+v\nwant %s, hint %s", err, hint, tc.want, tc.hint)
			}
		})
	}
}

// TestTrialIsBounded: a silent target delays the start by at most -t, and not
// at all after the user cancels.
func TestTrialIsBounded(t *testing.T) {
	cert, _ := certificate()
	server, err := faultserver.StartHandshakes(
		func(int64) faultserver.HandshakeFault { return faultserver.HandshakeSilence },
		faultserver.Always(faultserver.OK), &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	began := time.Now()
	newLoad(t, loadgen.Config{URL: server.URL(), Workers: 1, Timeout: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := loadgen.New(ctx, loadgen.Config{URL: server.URL(), Workers: 1}); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took >= 20*time.Second {
		t.Errorf("the trials took %v, as long as the default -t", took)
	}
}

// TestCertificateChangesDuringTheLoad: after some number of handshakes, exactly
// the new connections are rejected, whatever is wrong with the certificate.
func TestCertificateChangesDuringTheLoad(t *testing.T) {
	eachEngine(t, testCertificateChangesDuringTheLoad)
}

func testCertificateChangesDuringTheLoad(t *testing.T, engine record.Engine) {
	_, roots := certificate()
	unknown, _, err := faultserver.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	expired, _, err := faultserver.SelfSignedFor(time.Unix(1e9, 0), time.Unix(1.1e9, 0), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	both := roots.Clone()
	both.AddCert(expired.Leaf)
	for name, bad := range map[string]tls.Certificate{"unknown": unknown, "expired": expired} {
		t.Run(name, func(t *testing.T) {
			const n, k = 60, 25
			var handshakes atomic.Int64
			server := newTLSServer(t, respondOK, func(c *tls.Config) {
				changed := c.Clone()
				changed.Certificates = []tls.Certificate{bad}
				c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
					if handshakes.Add(1) > k+1 { // one was before the load
						return changed, nil
					}
					return nil, nil
				}
			})
			run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: n, Workers: 4, DisableKeepAlive: true, TLS: loadgen.TLS{Roots: both}})
			if got, want := outcome(run, "lost", "tls.rejected"), (faultserver.Count{Fresh: n - k}); got != want || run.Counts.OK != k {
				t.Errorf("got %+v; want %+v", run.Outcomes, want)
			}
			if len(run.Samples) != 1 {
				t.Errorf("samples %+v; want one", run.Samples)
			}
		})
	}
}

// TestClientRefusedDuringTheLoad: in TLS 1.3 the rejection comes after the
// handshake, and may overtake the request.
func TestClientRefusedDuringTheLoad(t *testing.T) { eachEngine(t, testClientRefusedDuringTheLoad) }

func testClientRefusedDuringTheLoad(t *testing.T, engine record.Engine) {
	const n, k = 40, 10
	for name, body := range map[string][]byte{"small": nil, "large": make([]byte, 4<<20)} {
		t.Run(name, func(t *testing.T) {
			var handshakes atomic.Int64
			server := newTLSServer(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
			}, func(c *tls.Config) {
				strict := c.Clone()
				strict.ClientAuth = tls.RequireAnyClientCert
				c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
					if handshakes.Add(1) > k+1 {
						return strict, nil
					}
					return nil, nil
				}
			})
			run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: n, Workers: 4, Method: "POST", Body: body, DisableKeepAlive: true, TLS: trusting(t)})
			if got, want := outcome(run, "lost", "tls.rejected"), (faultserver.Count{Fresh: n - k}); got != want || run.Counts.OK != k {
				t.Errorf("got %+v %+v; want %+v", run.Outcomes, run.Samples, want)
			}
		})
	}
}

// TestRecordsBetweenResponses: records without application data cost neither
// requests nor connections.
func TestRecordsBetweenResponses(t *testing.T) { eachEngine(t, testRecordsBetweenResponses) }

func testRecordsBetweenResponses(t *testing.T, engine record.Engine) {
	const n = 8
	ticket := append([]byte{4, 0, 0, 17, 0, 0, 0, 60, 1, 2, 3, 4, 1, 9, 0, 4}, "tick\x00\x00"...)
	keyUpdate := []byte{24, 0, 0, 1, 0}
	keyUpdateAsking := []byte{24, 0, 0, 1, 1}
	ticket[3] = byte(len(ticket) - 4)
	tests := map[string]struct {
		after func(r *records) []byte // sent after each response
		paced bool                    // more than -t passes between requests
		apart bool                    // written separately, some time after the response
		want  record.ConnectionCount
	}{
		"tickets":                     {after: func(r *records) []byte { return r.seal(handshakeRecord, ticket) }, want: record.ConnectionCount{Opened: 1}},
		"tickets, later":              {after: func(r *records) []byte { return r.seal(handshakeRecord, ticket) }, apart: true, paced: true, want: record.ConnectionCount{Opened: 1}},
		"key updates":                 {after: func(r *records) []byte { return r.update(keyUpdate) }, want: record.ConnectionCount{Opened: 1}},
		"key updates that ask for it": {after: func(r *records) []byte { return r.update(keyUpdateAsking) }, apart: true, paced: true, want: record.ConnectionCount{Opened: 1}},
		"goodbye with the answer":     {after: func(r *records) []byte { return r.seal(alertRecord, []byte{1, 0}) }, want: record.ConnectionCount{Opened: n, Stale: n - 1}},
		"goodbye, later":              {after: func(r *records) []byte { return r.seal(alertRecord, []byte{1, 0}) }, apart: true, paced: true, want: record.ConnectionCount{Opened: n, Stale: n - 1}},
		"fatal alert with the answer": {after: func(r *records) []byte { return r.seal(alertRecord, []byte{2, 80}) }, want: record.ConnectionCount{Opened: n, Stale: n - 1}},
		"fatal alert, later":          {after: func(r *records) []byte { return r.seal(alertRecord, []byte{2, 80}) }, apart: true, paced: true, want: record.ConnectionCount{Opened: n, Stale: n - 1}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := recordServer(t, func(r *records, in *bufio.Reader) {
				for awaitHead(in) {
					out := r.seal(dataRecord, []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"))
					if tc.apart {
						_, _ = r.tcp.Write(out)
						time.Sleep(time.Millisecond) // so that the response is read separately
						out = nil
					}
					_, _ = r.tcp.Write(append(out, tc.after(r)...))
				}
			})
			cfg := loadgen.Config{Engine: engine, URL: url, Requests: n, Workers: 1, TLS: trusting(t)}
			if tc.paced {
				cfg.Requests, cfg.Rate, cfg.Timeout = 3, 0.25, 3*time.Second
			}
			want := tc.want
			if lost := n - cfg.Requests; want.Opened > 1 {
				want.Opened -= lost
				want.Stale -= lost
			}
			run := runLoad(t, cfg)
			if run.Counts.OK != cfg.Requests || run.Connections != want {
				t.Errorf("got %+v, %+v %+v; want all ok, %+v", run.Counts, run.Connections, run.Samples, want)
			}
		})
	}
}

// heldConn buffers what is written while hold is set.
type heldConn struct {
	readerConn
	hold bool
	out  bytes.Buffer
}

func (c *heldConn) Write(b []byte) (int, error) {
	if c.hold {
		return c.out.Write(b)
	}
	return c.readerConn.Write(b)
}

// TestGoodbyeInTheSameSegment: in TLS 1.2, a close_notify that is read together
// with the end of the response counts like any other close.
func TestGoodbyeInTheSameSegment(t *testing.T) { eachEngine(t, testGoodbyeInTheSameSegment) }

func testGoodbyeInTheSameSegment(t *testing.T, engine record.Engine) {
	const n = 6
	cert, _ := certificate()
	for field, want := range map[string]record.ConnectionCount{
		"":                      {Opened: n, Stale: n - 1},
		"Connection: close\r\n": {Opened: n, Waited: n},
	} {
		url := strings.Replace(rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
			held := &heldConn{readerConn: readerConn{c, in}}
			s := tls.Server(held, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS12})
			if awaitHead(bufio.NewReader(s)) {
				held.hold = true
				write(s, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"+field+"\r\nok\n")
				_ = s.CloseWrite()
				_ = c.SetWriteDeadline(time.Time{}) // the one set by CloseWrite has passed
				write(c, held.out.String())
				_, _ = io.Copy(io.Discard, c)
			}
		}), "http:", "https:", 1)
		run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: n, Workers: 1, TLS: trusting(t)})
		if run.Counts.OK != n || run.Connections != want {
			t.Errorf("%q: got %+v, %+v; want all ok, %+v", field, run.Counts, run.Connections, want)
		}
	}
}

// TestAlertInsteadOfAResponse: an alert instead of the first response counts as
// a TLS rejection only if it is about a certificate that was requested. After
// any other alert the request may have been processed.
func TestAlertInsteadOfAResponse(t *testing.T) { eachEngine(t, testAlertInsteadOfAResponse) }

func testAlertInsteadOfAResponse(t *testing.T, engine record.Engine) {
	const (
		response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"

		badCertificate, accessDenied, internalError, certificateRequired = 42, 49, 80, 116
	)
	tests := map[string]struct {
		good  int // responses before the alert
		part  string
		asks  bool
		alert byte
		want  string
	}{
		"first request":                           {alert: internalError, want: "wait.other"},
		"first request, certificate asked for":    {asks: true, alert: internalError, want: "wait.other"},
		"certificate required":                    {asks: true, alert: certificateRequired, want: "tls.rejected"},
		"certificate required, and not asked for": {alert: certificateRequired, want: "wait.other"},
		"bad certificate":                         {asks: true, alert: badCertificate, want: "tls.rejected"},
		"access denied":                           {asks: true, alert: accessDenied, want: "wait.other"},
		"second request":                          {good: 1, alert: internalError, want: "wait.other"},
		"second request, bad certificate":         {good: 1, asks: true, alert: badCertificate, want: "wait.other"},
		"in the head":                             {part: response[:10], alert: internalError, want: "head.other"},
		"in the body":                             {good: 1, part: response[:len(response)-1], alert: internalError, want: "body.other"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			auth := tls.NoClientCert
			if tc.asks {
				auth = tls.RequestClientCert
			}
			url := recordServerAsking(t, auth, func(r *records, in *bufio.Reader) {
				for served := 0; awaitHead(in); served++ {
					if served < tc.good {
						_, _ = r.tcp.Write(r.seal(dataRecord, []byte(response)))
						continue
					}
					var out []byte
					if tc.part != "" {
						out = r.seal(dataRecord, []byte(tc.part))
					}
					_, _ = r.tcp.Write(append(out, r.seal(alertRecord, []byte{2, tc.alert})...))
					_, _ = io.Copy(io.Discard, r.tcp)
					return
				}
			})
			run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 4, Workers: 1, TLS: trusting(t)})
			lost := int64(4 / (tc.good + 1))
			if got := outcome(run, "lost", tc.want); got.Fresh+got.Reused != lost || run.Counts.Lost != lost {
				t.Errorf("got %+v; want %d lost as %s", run.Outcomes, lost, tc.want)
			}
			for _, l := range run.Lost {
				if never := l.Class.Info().Processed == record.Never; never != (tc.want == "tls.rejected") {
					t.Errorf("%s: never processed: %t", l.Class, never)
				}
			}
		})
	}
}

// TestGoodbyeHoldsNobodyUp: after the request has timed out, nodrop does not
// wait for a peer that reads nothing.
func TestGoodbyeHoldsNobodyUp(t *testing.T) { eachEngine(t, testGoodbyeHoldsNobodyUp) }

func testGoodbyeHoldsNobodyUp(t *testing.T, engine record.Engine) {
	url := recordServer(t, func(_ *records, in *bufio.Reader) {
		if awaitHead(in) {
			<-t.Context().Done()
		}
	})
	const timeout = 3 * time.Second
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: 1, Workers: 1, Method: "POST", Body: make([]byte, 64<<20), Timeout: timeout, TLS: trusting(t)})
	if d := time.Duration(run.Duration); d >= timeout+5*time.Second || run.Lost[0].Class.String() != "send.timeout" {
		t.Errorf("%+v in %v; want send.timeout in %v, without the 5 s that crypto/tls allows for close_notify", run.Outcomes, d, timeout)
	}
}

func TestRedirectsAcrossSchemes(t *testing.T) { eachEngine(t, testRedirectsAcrossSchemes) }

func testRedirectsAcrossSchemes(t *testing.T, engine record.Engine) {
	var mu sync.Mutex
	var seen []string
	note := func(w http.ResponseWriter, r *http.Request, scheme, to string) {
		mu.Lock()
		seen = append(seen, scheme+" "+r.URL.Path+" "+r.Header.Get("Authorization"))
		mu.Unlock()
		if to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		}
	}
	var secure, plain *httptest.Server
	secure = newTLSServer(t, func(w http.ResponseWriter, r *http.Request) {
		note(w, r, "https", map[string]string{"/down": plain.URL + "/end", "/stay": "/end"}[r.URL.Path])
	}, nil)
	plain = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(w, r, "http", map[string]string{"/up": secure.URL + "/end", "/round": secure.URL + "/down"}[r.URL.Path])
	}))
	defer plain.Close()
	tests := map[string][]string{
		plain.URL + "/up":    {"http /up secret", "https /end "},
		secure.URL + "/down": {"https /down secret", "http /end "},
		secure.URL + "/stay": {"https /stay secret", "https /end secret"},
		plain.URL + "/round": {"http /round secret", "https /down ", "http /end "},
	}
	for url, want := range tests {
		seen = nil
		run := runLoad(t, loadgen.Config{
			Engine: engine,
			URL:    url, Requests: 1, Workers: 1, Fields: []loadgen.Field{{Name: "Authorization", Value: "secret"}}, TLS: trusting(t),
		})
		if run.Counts.OK != 1 || !slices.Equal(seen, want) {
			t.Errorf("%s: %+v, the servers saw %q; want %q", url, run.Outcomes, seen, want)
		}
	}
	// A redirect to an untrusted server is known only when it happens.
	run := runLoad(t, loadgen.Config{Engine: engine, URL: plain.URL + "/up", Requests: 1, Workers: 1})
	if got, want := outcome(run, "lost", "tls.rejected"), (faultserver.Count{Fresh: 1}); got != want {
		t.Errorf("got %+v; want %+v", run.Outcomes, want)
	}
}

// TestDowngradeKeepsNoCredentials: credentials are not sent to the same host
// and port without TLS.
func TestDowngradeKeepsNoCredentials(t *testing.T) { eachEngine(t, testDowngradeKeepsNoCredentials) }

func testDowngradeKeepsNoCredentials(t *testing.T, engine record.Engine) {
	var second string
	hellos := 0
	cert, _ := certificate()
	var url string
	url = strings.Replace(rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		if first, err := in.Peek(1); err != nil || first[0] != 22 {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			second = r.Header.Get("Authorization") + r.URL.Path
			write(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		hellos++
		s := tls.Server(readerConn{c, in}, &tls.Config{Certificates: []tls.Certificate{cert}})
		if awaitHead(bufio.NewReader(s)) {
			write(s, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: "+strings.Replace(url, "https:", "http:", 1)+"/end\r\n\r\n")
			_, _ = io.Copy(io.Discard, s)
		}
	}), "http:", "https:", 1)
	run := runLoad(t, loadgen.Config{
		Engine: engine,
		URL:    url, Requests: 1, Workers: 1, Fields: []loadgen.Field{{Name: "Authorization", Value: "secret"}}, TLS: trusting(t),
	})
	if run.Counts.OK != 1 || second != "/end" || hellos != 2 {
		t.Errorf("%+v, the server saw %q after %d handshakes; want /end without credentials, after 2", run.Outcomes, second, hellos)
	}
}

func TestLargeBodiesOverTLS(t *testing.T) { eachEngine(t, testLargeBodiesOverTLS) }

func testLargeBodiesOverTLS(t *testing.T, engine record.Engine) {
	body := bytes.Repeat([]byte("0123456789abcdef"), 10<<20/16)
	for _, newest := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		var wrong atomic.Int64
		server := newTLSServer(t, func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Equal(got, body) {
				wrong.Add(1)
			}
			_, _ = w.Write(got)
		}, func(c *tls.Config) { c.MaxVersion = newest })
		for _, keepAlive := range []bool{true, false} {
			run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 4, Workers: 2, Method: "POST", Body: body, DisableKeepAlive: !keepAlive, TLS: trusting(t)})
			if run.Counts.OK != 4 || run.Bytes != 4*int64(len(body)) || wrong.Load() != 0 {
				t.Errorf("%+v, %d bytes, %d bodies wrong", run.Counts, run.Bytes, wrong.Load())
			}
		}
	}
}

// TestTLSIsAPhase: the TLS handshake counts in its own phase and not in later
// ones.
func TestTLSIsAPhase(t *testing.T) { eachEngine(t, testTLSIsAPhase) }

func testTLSIsAPhase(t *testing.T, engine record.Engine) {
	const delay = 100 * time.Millisecond
	server := newTLSServer(t, respondOK, func(c *tls.Config) {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			time.Sleep(delay)
			return nil, nil
		}
	})
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL, Requests: 2, Workers: 1, TLS: trusting(t)})
	p := run.Phases
	if p.TLS.Max < int64(delay) || p.TLS.Min != 0 || p.Connect.Max < p.TLS.Max {
		t.Errorf("TLS %d to %d, connect up to %d", p.TLS.Min, p.TLS.Max, p.Connect.Max)
	}
	if phases := p.DNS.Sum + p.Connect.Sum + p.Send.Sum + p.Wait.Sum + p.Read.Sum; phases > run.Latency.OK.Sum {
		t.Errorf("the phases take %d, the requests %d: TLS is counted twice", phases, run.Latency.OK.Sum)
	}
}

// TestAbortEndsHandshakes: a request that waits for a handshake is aborted like
// any other.
func TestAbortEndsHandshakes(t *testing.T) { eachEngine(t, testAbortEndsHandshakes) }

func testAbortEndsHandshakes(t *testing.T, engine record.Engine) {
	cert, _ := certificate()
	server, err := faultserver.StartHandshakes(func(seq int64) faultserver.HandshakeFault {
		if seq == 0 {
			return faultserver.HandshakeOK
		}
		return faultserver.HandshakeSilence
	}, faultserver.Always(faultserver.OK), &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	load := newLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: 10, Workers: 3, Timeout: -1, DrainBound: time.Millisecond, TLS: trusting(t)})
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	for server.Counts().Handshakes[faultserver.HandshakeSilence] < 3 {
		time.Sleep(time.Millisecond)
	}
	load.Stop()
	run := <-done
	checkInvariants(t, run)
	if want := (record.Counts{Planned: 10, Started: 3, Unsent: 7, Aborted: 3}); run.Counts != want {
		t.Errorf("got %+v; want %+v", run.Counts, want)
	}
}

// TestHandshakesAreCounted: what handshakes agree on, and whether they resume a
// session, is what the server says, too.
func TestHandshakesAreCounted(t *testing.T) { eachEngine(t, testHandshakesAreCounted) }

func testHandshakesAreCounted(t *testing.T, engine record.Engine) {
	const n = 12
	for name, tc := range map[string]struct {
		newest  uint16
		resume  bool
		close   bool
		version string
	}{
		"kept":                     {version: "TLS 1.3"},
		"full":                     {close: true, version: "TLS 1.3"},
		"resumed":                  {close: true, resume: true, version: "TLS 1.3"},
		"an older version":         {newest: tls.VersionTLS12, close: true, version: "TLS 1.2"},
		"an older version resumed": {newest: tls.VersionTLS12, close: true, resume: true, version: "TLS 1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			var resumed atomic.Int64
			server := newTLSServer(t, func(_ http.ResponseWriter, r *http.Request) {
				if r.TLS.DidResume {
					resumed.Add(1)
				}
			}, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
			cfg := loadgen.Config{Engine: engine, URL: server.URL, Requests: n, Workers: 1, DisableKeepAlive: tc.close, TLS: trusting(t)}
			cfg.TLS.MaxVersion, cfg.TLS.Resume = tc.newest, tc.resume
			run := runLoad(t, cfg)
			want := &secure.Handshakes{Done: run.Connections.Opened, Resumed: resumed.Load()}
			got := *run.TLS
			got.Busy = 0
			if len(got.Agreed) == 1 {
				want.Agreed = []secure.Agreed{{Session: secure.Session{Version: tc.version, Cipher: got.Agreed[0].Cipher, ALPN: "http/1.1"}, Count: run.Connections.Opened}}
			}
			if diff := cmp.Diff(want, &got); diff != "" || !strings.HasPrefix(got.Agreed[0].Cipher, "TLS_") {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again := int64(0)
			if tc.resume {
				again = n - 1 // the first one gets the ticket
			}
			if resumed.Load() != again {
				t.Errorf("resumed %d of %d; want %d", resumed.Load(), n, again)
			}
			if loop := engine == record.EngineLoop; loop != (run.TLS.Busy > 0) {
				t.Errorf("handshakes took %d ns on %s", run.TLS.Busy, engine)
			}
		})
	}
}
