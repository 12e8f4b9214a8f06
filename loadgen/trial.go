package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/misuse"
)

// tryTLS makes one handshake with the target before the load. A problem that
// every request would have is a misuse error; an unreachable target is left to
// the load, which counts the failures. chosen is the protocol that the server
// chose (ALPN); "" without a handshake.
func (l *Load) tryTLS(ctx context.Context) (chosen string, err error) {
	endpoint, err := l.job.Endpoints.Next(ctx)
	if err != nil {
		return "", nil // the load counts it
	}
	bound := 5 * time.Second
	if l.cfg.Timeout > 0 {
		bound = min(bound, l.cfg.Timeout)
	}
	deadline := time.Now().Add(bound)
	s, hangUp, err := wire.DialTrial(ctx, endpoint, l.job.Sources.Next(endpoint), deadline)
	if hangUp == nil {
		return "", nil // the load counts it
	}
	defer hangUp()
	if err == nil && l.job.Proxy != nil {
		err = l.job.Proxy.Open(s, l.target.Hostport())
	}
	if err != nil {
		return "", l.credentialsError(err) // the load counts anything else
	}
	l.notes = append(l.notes, "nodrop made one TLS handshake before the load, to check certificates")
	config := l.cfg.homeTLS(l.target)
	config.ClientSessionCache = nil // the load's own handshakes begin without a ticket
	tried, err := wire.TryHandshake(s, config)
	switch {
	case err != nil && wire.WantsRenegotiation(err):
		return "", renegotiationError(l.target)
	case err != nil && wire.IsNotTLS(err):
		return "", &misuse.Error{Problem: fmt.Sprintf("URL %q: the server does not speak TLS", l.target.Shown()), Hint: "use http:// instead of https://"}
	case err != nil && wire.IsRejected(err):
		return "", &misuse.Error{Problem: fmt.Sprintf("URL %q: %s", l.target.Shown(), wire.Reason(err)), Hint: l.rejectedHint(err, tried.Asked)}
	case err != nil && ctx.Err() == nil && (!tried.Asked || !wire.IsTimeout(err)): // a server that asked for a certificate need not say more
		l.notes = append(l.notes, "that handshake failed ("+wire.Reason(err)+"): if the port does not speak TLS, use http://")
	}
	return tried.Protocol, nil
}

// rejectedHint says what to do about a rejected handshake. asked: the server
// asked for a client certificate.
func (l *Load) rejectedHint(err error, asked bool) string {
	const orInsecure = ", or use --insecure to skip verification"
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	_, untrusted := errors.AsType[x509.UnknownAuthorityError](err)
	_, misnamed := errors.AsType[x509.HostnameError](err)
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case untrusted:
		return "use --cacert FILE to trust its issuer" + orInsecure
	case misnamed:
		return "use --sni NAME with a name in the certificate" + orInsecure
	case invalid.Cert != nil && invalid.Reason == x509.Expired && time.Now().Before(invalid.Cert.NotBefore):
		return "set this machine's clock if it is behind" + orInsecure
	case invalid.Cert != nil && invalid.Reason == x509.Expired:
		return "renew the server's certificate" + orInsecure
	case unverified:
		return "use --insecure to skip verification"
	case asked:
		return "use --cert FILE --key FILE with a client certificate that the server trusts"
	case l.cfg.TLS.MaxVersion != 0 && l.cfg.TLS.MaxVersion < tls.VersionTLS13:
		return "raise --tls-max, or use --sni NAME to ask for another name"
	case l.cfg.TLS.MinVersion > defaultMinVersion:
		return "lower --tls-min, or use --sni NAME to ask for another name"
	}
	return "use --tls-min 1.0 for an old server, or --sni NAME to ask for another name"
}

// credentialsError is a misuse error if the proxy requires credentials, or other
// ones; nil for any other error.
func (l *Load) credentialsError(err error) error {
	const proxyAuthenticationRequired = 407
	if refusal, ok := errors.AsType[wire.TunnelError](err); !ok || refusal.Status != proxyAuthenticationRequired {
		return nil
	}
	proxy, wants := l.via().Hostport(), "requires credentials"
	if l.cfg.Proxy.User != nil {
		wants = "rejected these credentials"
	}
	return wrong("%v %s: the proxy %s", OptionProxy, proxy, wants).try("%v http://USER:PASSWORD@%s", OptionProxy, proxy)
}
