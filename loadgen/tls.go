package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
)

// TLS says how https connections are made. The zero value verifies the server
// against the system's roots and the URL's host.
type TLS struct {
	Insecure     bool              // do not verify the server's certificate
	Roots        *x509.CertPool    // nil = the system's
	Certificates []tls.Certificate // of the client
	ServerName   string            // "" = the Host field's name, or the URL's
	MinVersion   uint16            // 0 = TLS 1.2
}

// tlsVersions are the names that --tls-min takes.
var tlsVersions = []struct {
	name string
	id   uint16
}{
	{"1.0", tls.VersionTLS10}, {"1.1", tls.VersionTLS11}, {"1.2", tls.VersionTLS12}, {"1.3", tls.VersionTLS13},
}

// ParseTLSVersion reads "1.2".
func ParseTLSVersion(name string) (uint16, error) {
	var known []string
	for _, v := range tlsVersions {
		if v.name == name {
			return v.id, nil
		}
		known = append(known, v.name)
	}
	return 0, fmt.Errorf("unknown TLS version %q, known are %s", name, strings.Join(known, ", "))
}

// tlsConfig is what a connection to t is made with. sameHost is false once a
// redirect has left the host that -host and --sni are about.
func (c *Config) tlsConfig(t target.Target, sameHost bool) *tls.Config {
	config := &tls.Config{
		InsecureSkipVerify: c.TLS.Insecure, //nolint:gosec // asked for by --insecure
		RootCAs:            c.TLS.Roots,
		ServerName:         withoutZone(t.Host),
		MinVersion:         c.TLS.MinVersion,
		NextProtos:         []string{"http/1.1"},
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

// withoutZone cuts the zone off an IPv6 address: no certificate is for one.
func withoutZone(host string) string {
	host, _, _ = strings.Cut(host, "%")
	return host
}

// withoutPort cuts ":port" off a Host field's value.
func withoutPort(hostport string) string {
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return strings.Trim(hostport, "[]")
}

// tryTLS makes one handshake with the target before the load. What it finds
// wrong would be wrong with every request, and is misuse; a target that cannot
// be reached is for the load to count.
func (l *Load) tryTLS(ctx context.Context) error {
	endpoint, err := l.job.Endpoints.Next(ctx)
	if err != nil {
		return nil // for the load to count
	}
	bound := 5 * time.Second
	if l.cfg.Timeout > 0 {
		bound = min(bound, l.cfg.Timeout)
	}
	deadline := time.Now().Add(bound)
	s, hangUp, err := wire.DialTrial(ctx, endpoint, l.job.Sources.Next(endpoint), deadline)
	if hangUp == nil {
		return nil // for the load to count
	}
	defer hangUp()
	if err == nil && l.job.Proxy != nil {
		err = l.job.Proxy.Open(s, l.target.Hostport())
	}
	if err != nil {
		return l.credentialsError(err) // anything else is for the load to count
	}
	l.notes = append(l.notes, "one TLS handshake was made before the load, to try certificates")
	asked, err := wire.TryHandshake(s, l.cfg.tlsConfig(l.target, true))
	switch {
	case err != nil && wire.WantsRenegotiation(err):
		return renegotiationError(l.target)
	case err != nil && wire.IsNotTLS(err):
		return &HintError{fmt.Sprintf("URL %q: the server does not speak TLS", l.target.Shown()), "http:// instead of https://"}
	case err != nil && wire.IsRejected(err):
		return &HintError{fmt.Sprintf("URL %q: %s", l.target.Shown(), wire.Reason(err)), l.rejectedHint(err, asked)}
	case err != nil && ctx.Err() == nil && (!asked || !wire.IsTimeout(err)): // who asked for a certificate need say no more
		l.notes = append(l.notes, "that handshake failed ("+wire.Reason(err)+"): if the port does not speak TLS, use http://")
	}
	return nil
}

// rejectedHint is what to do about a refusal. asked: the server asked for a
// client's certificate.
func (l *Load) rejectedHint(err error, asked bool) string {
	const verifyNothing = "--insecure to verify nothing"
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	_, untrusted := errors.AsType[x509.UnknownAuthorityError](err)
	_, misnamed := errors.AsType[x509.HostnameError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case untrusted:
		return "--cacert FILE to trust its issuer, " + verifyNothing
	case misnamed:
		return "--sni NAME for a name that it is valid for, " + verifyNothing
	case invalid.Cert != nil && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return "set this machine's clock if it is behind, " + verifyNothing
	case invalid.Cert != nil && invalid.Reason == x509.Expired:
		return "renew the server's certificate, " + verifyNothing
	case unverified:
		return verifyNothing
	case asked:
		return "--cert FILE --key FILE for a client's certificate that the server trusts"
	case l.cfg.TLS.MinVersion > tls.VersionTLS12: // above what is asked for without the flag
		return "a lower --tls-min, --sni NAME for another name"
	}
	return "--tls-min 1.0 for an old server, --sni NAME for another name"
}

// loadTLS reads the files that the TLS flags name.
func loadTLS(insecure bool, caFile, certFile, keyFile, serverName, minVersion string) (TLS, error) {
	t := TLS{Insecure: insecure, ServerName: serverName}
	if minVersion != "" {
		version, err := ParseTLSVersion(minVersion)
		if err != nil {
			return TLS{}, fmt.Errorf("--tls-min: %w", err)
		}
		t.MinVersion = version
	}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return TLS{}, fmt.Errorf("--cacert: %w", err)
		}
		t.Roots = x509.NewCertPool()
		if !t.Roots.AppendCertsFromPEM(pem) {
			return TLS{}, fmt.Errorf("--cacert %s: no certificate in it", caFile)
		}
	}
	if (certFile == "") != (keyFile == "") {
		return TLS{}, errors.New("--cert and --key go together")
	}
	if certFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return TLS{}, fmt.Errorf("--cert %s --key %s: %w", certFile, keyFile, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}
