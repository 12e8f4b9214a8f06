package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
)

// TLS says how https connections are made. The zero value verifies the server
// against the system's roots and the URL's host.
type TLS struct {
	Insecure     bool              // do not verify the server's certificate
	Roots        *x509.CertPool    // nil = the system's
	Certificates []tls.Certificate // the client's
	ServerName   string            // "" = the Host field's name, or the URL's
	MinVersion   uint16            // 0 = TLS 1.2
	MaxVersion   uint16            // 0 = the newest
	Resume       bool              // resume sessions where the server gives tickets

	sessions tls.ClientSessionCache // of the load; nil = sessions are not resumed
}

var tlsVersions = []struct {
	name string
	id   uint16
}{
	{"1.0", tls.VersionTLS10}, {"1.1", tls.VersionTLS11}, {"1.2", tls.VersionTLS12}, {"1.3", tls.VersionTLS13},
}

// ParseTLSVersion reads a version such as "1.2".
func ParseTLSVersion(name string) (uint16, error) {
	var known []string
	for _, v := range tlsVersions {
		if v.name == name {
			return v.id, nil
		}
		known = append(known, v.name)
	}
	return 0, fmt.Errorf("unknown TLS version %q, want one of %s", name, strings.Join(known, ", "))
}

// tlsConfig is the TLS configuration of connections to t. sameHost is false
// after a redirect to a host that -host and --sni are not about.
func (c *Config) tlsConfig(t target.Target, sameHost bool) *tls.Config {
	config := &tls.Config{
		InsecureSkipVerify: c.TLS.Insecure, //nolint:gosec // asked for by --insecure
		RootCAs:            c.TLS.Roots,
		ServerName:         withoutZone(t.Host),
		MinVersion:         c.TLS.MinVersion,
		MaxVersion:         c.TLS.MaxVersion,
		ClientSessionCache: c.TLS.sessions,
		NextProtos:         []string{wire.ProtocolHTTP1},
	}
	if sameHost {
		config.Certificates = c.TLS.Certificates
	}
	config.GetClientCertificate = wire.ClientCertificate(config.Certificates)
	if !sameHost {
		return config
	}
	switch {
	case c.TLS.ServerName != "":
		config.ServerName = c.TLS.ServerName
	case c.Host != "":
		config.ServerName = withoutPort(c.Host)
	}
	return config
}

// withoutZone removes the zone of an IPv6 address: no certificate contains one.
func withoutZone(host string) string {
	host, _, _ = strings.Cut(host, "%")
	return host
}

func withoutPort(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// readTLS reads the files that the options name.
func (o *Options) readTLS() (TLS, error) {
	t := TLS{Insecure: o.Insecure, ServerName: o.SNI, Resume: o.TLSResume}
	if err := o.readVersions(&t); err != nil {
		return TLS{}, err
	}
	if o.CACert != "" {
		pem, err := os.ReadFile(o.CACert)
		if err != nil {
			return TLS{}, wrong("%v: %v", OptionCACert, err)
		}
		t.Roots = x509.NewCertPool()
		if !t.Roots.AppendCertsFromPEM(pem) {
			return TLS{}, wrong("%v %s: contains no certificate", OptionCACert, o.CACert)
		}
	}
	if (o.Cert == "") != (o.Key == "") {
		return TLS{}, wrong("%v and %v go together", OptionCert, OptionKey)
	}
	if o.Cert != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
		if err != nil {
			return TLS{}, wrong("%v %s %v %s: %v", OptionCert, o.Cert, OptionKey, o.Key, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// defaultMinVersion is crypto/tls's.
const defaultMinVersion = tls.VersionTLS12

// readVersions reads the oldest and the newest version of TLS to use.
func (o *Options) readVersions(t *TLS) error {
	for _, bound := range []struct {
		option Option
		text   string
		to     *uint16
	}{{OptionTLSMin, o.TLSMin, &t.MinVersion}, {OptionTLSMax, o.TLSMax, &t.MaxVersion}} {
		if bound.text == "" {
			continue
		}
		version, err := ParseTLSVersion(bound.text)
		if err != nil {
			return wrong("%v: %v", bound.option, err)
		}
		*bound.to = version
	}
	switch {
	case t.MaxVersion == 0:
	case t.MinVersion > t.MaxVersion:
		return wrong("%v %s and %v %s: no version is in between", OptionTLSMax, o.TLSMax, OptionTLSMin, o.TLSMin)
	case t.MinVersion == 0 && t.MaxVersion < defaultMinVersion:
		return wrong("%v %s: TLS 1.2 is the default minimum", OptionTLSMax, o.TLSMax).try("add %v %s", OptionTLSMin, o.TLSMax)
	}
	return nil
}
