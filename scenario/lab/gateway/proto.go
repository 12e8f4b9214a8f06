package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Proto is what clients speak to a gateway. Behind it, gateways speak HTTP/1.1.
type Proto string

// The protocols. "" means H1.
const (
	H1  Proto = "h1"  // HTTP/1.1
	H1S Proto = "h1s" // HTTP/1.1 over TLS
	H2  Proto = "h2"  // HTTP/2 over TLS, chosen by ALPN; HTTP/1.1 is offered, too
	H2C Proto = "h2c" // HTTP/2 without TLS, from the first byte (prior knowledge)
)

// Protos returns all protocols.
func Protos() []Proto { return []Proto{H1, H1S, H2, H2C} }

// ParseProto returns the protocol with this name; "" means H1.
func ParseProto(name string) (Proto, error) {
	if name == "" {
		return H1, nil
	}
	if slices.Contains(Protos(), Proto(name)) {
		return Proto(name), nil
	}
	return "", fmt.Errorf("unknown protocol %q: want one of %s", name, strings.Join(ProtoNames(), ", "))
}

// ProtoNames returns the names of all protocols.
func ProtoNames() []string {
	var names []string
	for _, p := range Protos() {
		names = append(names, string(p))
	}
	return names
}

// TLS reports whether connections are encrypted.
func (p Proto) TLS() bool { return p == H1S || p == H2 }

// HTTP2 reports whether requests are streams.
func (p Proto) HTTP2() bool { return p == H2 || p == H2C }

// Scheme returns the scheme of a URL.
func (p Proto) Scheme() string {
	if p.TLS() {
		return "https"
	}
	return "http"
}

// Port returns the port that a URL can omit.
func (p Proto) Port() uint16 {
	if p.TLS() {
		return 443
	}
	return 80
}

// Describe returns the protocol in words; "" for plain HTTP/1.1.
func (p Proto) Describe() string {
	switch p {
	case H1S:
		return "HTTP/1.1 over TLS"
	case H2:
		return "HTTP/2 over TLS"
	case H2C:
		return "HTTP/2 without TLS"
	case H1:
	}
	return ""
}

// alpn returns what a server offers in TLS handshakes, best first.
func (p Proto) alpn() []string {
	switch p {
	case H1S:
		return []string{"http/1.1"}
	case H2:
		return []string{"h2", "http/1.1"}
	case H1, H2C:
	}
	return nil
}

// Served returns the protocols of a server. As usual, one that speaks HTTP/2 also
// speaks HTTP/1.1.
func (p Proto) Served() *http.Protocols {
	served := p.only()
	served.SetHTTP1(true)
	return served
}

// Transport returns a client of one request that speaks this protocol only.
func (p Proto) Transport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: !p.HTTP2(), // a connection of HTTP/2 is closed by CloseIdleConnections
		Protocols:         p.only(),
		TLSClientConfig:   &tls.Config{RootCAs: roots, ServerName: Hostname, MinVersion: tls.VersionTLS12},
	}
}

func (p Proto) only() *http.Protocols {
	var only http.Protocols
	only.SetHTTP1(!p.HTTP2())
	only.SetHTTP2(p == H2)
	only.SetUnencryptedHTTP2(p == H2C)
	return &only
}
