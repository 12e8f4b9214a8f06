package lab

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
)

// TestCertificate checks that the certificate is valid for its hosts alone, with
// its issuer alone, for much longer than a lab runs.
func TestCertificate(t *testing.T) {
	c, err := newCertificate(gateway.Hostname, dataplane.VirtualHost)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newCertificate(gateway.Hostname)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(c.pem), []byte(c.pem))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		host  string
		roots *x509.CertPool
		at    time.Duration
		ok    bool
	}{
		"name":         {gateway.Hostname, c.roots, 0, true},
		"address":      {dataplane.VirtualHost, c.roots, 0, true},
		"later":        {gateway.Hostname, c.roots, 48 * time.Hour, true},
		"other host":   {"gateway.example", c.roots, 0, false},
		"other issuer": {gateway.Hostname, other.roots, 0, false},
	} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: test.host, Roots: test.roots, CurrentTime: time.Now().Add(test.at)})
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	if strings.Contains(c.issuer, "PRIVATE") || !strings.Contains(c.issuer, "CERTIFICATE") {
		t.Errorf("the issuer's file has %s", c.issuer)
	}
}

// TestLoadOverTLS checks that a load to a fleet verifies its certificate, also
// with a Host field of its own, and that the replicas count as many requests.
func TestLoadOverTLS(t *testing.T) {
	b := startCounting(t)
	for name, host := range map[string]string{"the fleet's name": "", "a Host field": "shop.example"} {
		t.Run(name, func(t *testing.T) {
			e := Experiment{
				Fleet:  Options{Replicas: 2, Proto: gateway.H1S, Backend: b.address(), Grace: patience},
				Stops:  []gateway.Mode{gateway.Naive},
				Change: Change{Scale: 1}, At: scenario.At{Request: 100}, Path: "/",
				Load: loadgen.Config{Requests: 200, Workers: 4, Host: host, DisableKeepAlive: true},
			}
			b.count.Store(0)
			recording, err := e.Scenario(nil).Run(testContext(t), scenario.Watch{})
			if err != nil {
				t.Fatal(err)
			}
			run := recording.Runs[0]
			const ready = 2 // each replica is asked once whether it serves
			if c := run.Counts; c.Started != 200 || c.OK == 0 || b.count.Load() != c.OK+ready || run.Settings.URL != "https://gateway/" {
				t.Errorf("%s: %+v, of which the backend got %d", run.Settings.URL, c, b.count.Load()-ready)
			}
		})
	}
}
