package certificate

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"slices"
	"testing"
	"time"
)

// TestCertificate checks that the certificate is valid for its hosts alone, with
// its issuer alone, for much longer than a lab runs.
func TestCertificate(t *testing.T) {
	const name, address = "gateway", "127.96.0.1"
	c, err := New(t.TempDir(), name, address)
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(c.File, c.File)
	if err != nil {
		t.Fatal(err)
	}
	for what, test := range map[string]struct {
		host  string
		roots *x509.CertPool
		at    time.Duration
		ok    bool
	}{
		"name":         {name, c.Issuers(), 0, true},
		"address":      {address, c.Issuers(), 0, true},
		"later":        {name, c.Issuers(), 48 * time.Hour, true},
		"other host":   {"gateway.example", c.Issuers(), 0, false},
		"other issuer": {name, other.Issuers(), 0, false},
	} {
		_, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: test.host, Roots: test.roots, CurrentTime: time.Now().Add(test.at)})
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", what, err)
		}
	}
	issuer, err := os.ReadFile(c.issuerFile)
	if err != nil || bytes.Contains(issuer, []byte("PRIVATE")) || !slices.Contains(c.Environ(), "SSL_CERT_FILE="+c.issuerFile) ||
		!slices.Contains(c.Environ(), "CURL_CA_BUNDLE="+c.issuerFile) {
		t.Errorf("%v, the issuer's file has %s", err, issuer)
	}
	if c = nil; c.Environ() != nil || c.Issuers() != nil {
		t.Error("without a certificate, the environment is not this process's")
	}
}
