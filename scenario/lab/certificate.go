package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// certificate is what all replicas of a fleet show in TLS handshakes. Its
// issuer's key is gone once it is made.
type certificate struct {
	pem    string         // of the replicas: the certificate, then its key
	issuer string         // PEM, for clients
	roots  *x509.CertPool // of the issuer alone
}

// lifetime is how long a certificate is valid, longer than any lab runs; skew
// allows for a clock that is set back meanwhile.
const (
	lifetime = 365 * 24 * time.Hour
	skew     = time.Hour
)

// newCertificate makes a certificate for these hosts: names and addresses.
func newCertificate(hosts ...string) (*certificate, error) {
	issuer := template(1, "nodrop lab")
	issuer.IsCA, issuer.BasicConstraintsValid, issuer.KeyUsage = true, true, x509.KeyUsageCertSign
	issuerDER, issuerKey, err := sign(issuer, nil, nil)
	if err != nil {
		return nil, err
	}
	leaf := template(2, hosts[0])
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
			continue
		}
		leaf.DNSNames = append(leaf.DNSNames, host)
	}
	leafDER, leafKey, err := sign(leaf, issuer, issuerKey)
	if err != nil {
		return nil, err
	}
	key, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		return nil, err
	}
	c := &certificate{
		pem:    block("CERTIFICATE", leafDER) + block("PRIVATE KEY", key),
		issuer: block("CERTIFICATE", issuerDER),
		roots:  x509.NewCertPool(),
	}
	c.roots.AppendCertsFromPEM([]byte(c.issuer))
	return c, nil
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
