package loadgen_test

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// badServers are TLS configurations that a server can change to during a load.
// With each, one side rejects the other.
func badServers(t *testing.T) map[string]*tls.Config {
	t.Helper()
	cert := func(from, to time.Time, host string) *tls.Config {
		cert, _, err := faultserver.SelfSignedFor(from, to, host)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	now, good := time.Now(), func() *tls.Config {
		cert, _ := certificate()
		return &tls.Config{Certificates: []tls.Certificate{cert}}
	}
	older, stricter := good(), good()
	older.MaxVersion = tls.VersionTLS12
	stricter.ClientAuth = tls.RequireAnyClientCert
	return map[string]*tls.Config{
		"expired":            cert(now.Add(-2*time.Hour), now.Add(-time.Hour), "127.0.0.1"),
		"not yet valid":      cert(now.Add(time.Hour), now.Add(2*time.Hour), "127.0.0.1"),
		"wrong host":         cert(now.Add(-time.Hour), now.Add(time.Hour), "other.example"),
		"unknown issuer":     cert(now.Add(-time.Hour), now.Add(time.Hour), "127.0.0.1"),
		"older version":      older,
		"wants certificates": stricter,
	}
}

// TestContractBadServer: after some number of handshakes, the server's TLS
// configuration is bad. Kept-alive connections continue; exactly the requests
// that open a new connection are lost, and the server has answered all others.
func TestContractBadServer(t *testing.T) { eachEngine(t, testContractBadServer) }

func testContractBadServer(t *testing.T, engine record.Engine) {
	const n, good, workers = 80, 10, 4
	for name, bad := range badServers(t) {
		for _, keepAlive := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/keepalive=%t", name, keepAlive), func(t *testing.T) {
				t.Parallel()
				_, roots := certificate()
				roots = roots.Clone()
				for _, c := range bad.Certificates {
					if name != "unknown issuer" {
						roots.AddCert(c.Leaf)
					}
				}
				var handshakes, refused, served atomic.Int64
				server := newTLSServer(t, func(w http.ResponseWriter, _ *http.Request) {
					if served.Add(1)%5 == 0 {
						w.Header().Set("Connection", "close")
					}
				}, func(c *tls.Config) {
					c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
						if handshakes.Add(1) > good+1 { // one was before the load
							refused.Add(1)
							return bad, nil
						}
						return nil, nil
					}
				})
				run := runLoad(t, loadgen.Config{
					Engine: engine,
					URL:    server.URL, Requests: n, Workers: workers, DisableKeepAlive: !keepAlive,
					TLS: loadgen.TLS{Roots: roots, MinVersion: tls.VersionTLS13},
				})
				ok := outcome(run, "ok", "")
				if ok.Fresh != good || ok.Fresh+ok.Reused != served.Load() || keepAlive == (ok.Reused == 0) {
					t.Errorf("%+v ok; the server made %d handshakes and responded to %d", ok, good, served.Load())
				}
				if got, want := outcome(run, "lost", "tls.rejected"), (faultserver.Count{Fresh: refused.Load()}); got != want || want.Fresh != n-served.Load() {
					t.Errorf("got %+v; the server sent a bad certificate to %d", run.Outcomes, refused.Load())
				}
				if len(run.Samples) != 1 {
					t.Errorf("samples %+v; want one", run.Samples)
				}
			})
		}
	}
}
