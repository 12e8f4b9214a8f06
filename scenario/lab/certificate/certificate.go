// Package certificate makes a certificate that lasts as long as a lab.
//
// The pipeline: hosts → a certificate and its key, signed by an issuer of their
// own → files for servers and clients.
//
// The invariant: the issuer's key is written nowhere and is gone once New returns.
package certificate

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certificate is what all replicas of a fleet show in TLS handshakes. nil is that
// of a fleet without TLS.
type Certificate struct {
	PEM  string // the certificate, then its key
	File string // has PEM

	issuers    *x509.CertPool // one
	issuerFile string         // the issuer in PEM
}

// Names of the files in the directory of a certificate.
const (
	ownFile    = "certificate.pem"
	issuerFile = "issuer.pem"
)

// lifetime is how long a certificate is valid, longer than any lab runs; skew
// allows for a clock that is set back meanwhile.
const (
	lifetime = 365 * 24 * time.Hour
	skew     = time.Hour
)

// New makes a certificate for these hosts, names and addresses, with its files in
// dir.
func New(dir string, hosts ...string) (*Certificate, error) {
	issuer := template(1, "nodrop lab")
	issuer.IsCA, issuer.BasicConstraintsValid, issuer.KeyUsage = true, true, x509.KeyUsageCertSign
	issuerDER, issuerKey, err := sign(issuer, nil, nil)
	if err != nil {
		return nil, err
	}
	leafDER, leafKey, err := sign(leaf(hosts), issuer, issuerKey)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, err
	}
	c := &Certificate{
		PEM: block("CERTIFICATE", leafDER) + block("PRIVATE KEY", key), issuers: x509.NewCertPool(),
		File: filepath.Join(dir, ownFile), issuerFile: filepath.Join(dir, issuerFile),
	}
	text := block("CERTIFICATE", issuerDER)
	c.issuers.AppendCertsFromPEM([]byte(text))
	return c, errors.Join(os.WriteFile(c.File, []byte(c.PEM), 0o600), os.WriteFile(c.issuerFile, []byte(text), 0o600))
}

// Issuers returns what a client must trust; nil without a certificate.
func (c *Certificate) Issuers() *x509.CertPool {
	if c == nil {
		return nil
	}
	return c.issuers
}

// Environ returns an environment in which OpenSSL, Go and curl trust the
// certificate; nil, which is that of this process, without one. curl prefers a
// directory of certificates, if the environment names one, to OpenSSL's file.
func (c *Certificate) Environ() []string {
	if c == nil {
		return nil
	}
	return append(os.Environ(), "SSL_CERT_FILE="+c.issuerFile, "CURL_CA_BUNDLE="+c.issuerFile)
}

func leaf(hosts []string) *x509.Certificate {
	c := template(2, hosts[0])
	c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
			continue
		}
		c.DNSNames = append(c.DNSNames, host)
	}
	return c
}

func template(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-skew), NotAfter: now.Add(lifetime),
	}
}

// sign makes a key and a certificate for it; without an issuer, it is its own.
func sign(template, issuer *x509.Certificate, by *ecdsa.PrivateKey) (der []byte, key *ecdsa.PrivateKey, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, err
	}
	if issuer == nil {
		issuer, by = template, key
	}
	der, err = x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), by)
	return der, key, err
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
