package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"
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
func (c *Config) tlsConfig(t target, sameHost bool) *tls.Config {
	config := &tls.Config{
		InsecureSkipVerify: c.TLS.Insecure, //nolint:gosec // asked for by --insecure
		RootCAs:            c.TLS.Roots,
		ServerName:         withoutZone(t.host),
		MinVersion:         c.TLS.MinVersion,
		NextProtos:         []string{"http/1.1"},
	}
	if sameHost {
		config.Certificates = c.TLS.Certificates
	}
	config.GetClientCertificate = clientCertificate(config.Certificates)
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

// secureSocket is a TLS connection over one socket.
type secureSocket struct {
	*tls.Conn
	under  *probedSocket
	asked  bool // for a client's certificate, by the server
	broken bool // a Write failed: a goodbye would follow half a record
}

// askedKey is where a handshake's context has the secureSocket's asked.
type askedKey struct{}

// clientCertificate chooses as crypto/tls does, and notes that it was asked to.
func clientCertificate(list []tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if asked, ok := request.Context().Value(askedKey{}).(*bool); ok {
			*asked = true
		}
		for i := range list {
			if request.SupportsCertificate(&list[i]) == nil {
				return &list[i], nil
			}
		}
		return &tls.Certificate{}, nil
	}
}

// secure makes the handshake on s; its deadline is set already. On error, s is
// the caller's to close, and of the secureSocket only asked is of use.
func secure(s socket, config *tls.Config) (*secureSocket, error) {
	under := &probedSocket{socket: s}
	c := &secureSocket{Conn: tls.Client(under, config), under: under}
	return c, c.HandshakeContext(context.WithValue(context.Background(), askedKey{}, &c.asked))
}

func (s *secureSocket) onWait(f func()) { s.under.onWait(f) }

func (s *secureSocket) cut() { s.under.cut() }

func (s *secureSocket) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.broken = s.broken || err != nil
	return n, err
}

// Close says goodbye to a peer that can understand it.
func (s *secureSocket) Close() error {
	if s.broken {
		return s.under.Close()
	}
	return s.Conn.Close()
}

// truncated reports whether the connection ended without the close_notify by which
// TLS tells an end from a cut (RFC 8446 §6.1): crypto/tls takes either for
// io.EOF, but reads on beneath it only while it has not had the alert.
func (s *secureSocket) truncated() bool { return s.under.ended }

// refusesClient reports whether err, met in place of the response to the first
// request, is the server's refusal of the client's certificate. In TLS 1.3 that
// comes after what is the client's end of the handshake, and before the server
// reads a request; any other alert may come after it has.
func (s *secureSocket) refusesClient(err error) bool {
	alert, ok := alertOf(err)
	return ok && s.asked && s.ConnectionState().Version >= tls.VersionTLS13 && slices.Contains(certificateAlerts[:], alert)
}

// certificateAlerts say what is wrong with a certificate, or that there was none
// (RFC 8446 §6.2).
var certificateAlerts = [...]tls.AlertError{
	42,  // bad_certificate
	43,  // unsupported_certificate
	44,  // certificate_revoked
	45,  // certificate_expired
	46,  // certificate_unknown
	48,  // unknown_ca
	116, // certificate_required
}

// alertOf is the alert that the peer sent, if that is what err is. crypto/tls
// has a type of its own for it, of the same kind as its AlertError.
func alertOf(err error) (alert tls.AlertError, ok bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" { // crypto/tls's mark of an alert received
		return 0, false
	}
	code := reflect.ValueOf(op.Err)
	if code.Kind() != reflect.Uint8 {
		return 0, false
	}
	return tls.AlertError(code.Uint()), true
}

// quiet reads what TLS says between answers (session tickets, key updates) and
// reports whether anything else has arrived.
func (s *secureSocket) quiet() bool {
	// The last request's deadline may have passed. The one for writing is for
	// key updates, which may ask for an answer.
	if s.SetReadDeadline(time.Time{}) != nil || s.SetWriteDeadline(time.Now().Add(finBound)) != nil {
		return false
	}
	s.under.probing = true
	defer func() { s.under.probing = false }()
	var one [1]byte
	n, err := s.Read(one[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// probedSocket is a socket that can be read without waiting: while probing,
// Read says at once, as a deadline would, that nothing has arrived. TLS takes
// that as temporary and goes on where it was.
type probedSocket struct {
	socket
	probing bool
	ended   bool // by the peer's FIN, which has been read
}

func (p *probedSocket) Read(b []byte) (int, error) {
	if p.probing && p.quiet() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := p.socket.Read(b)
	if errors.Is(err, io.EOF) {
		p.ended = true
	}
	return n, err
}

// SetWriteDeadline shortens the patience that crypto/tls has with its goodbye:
// a peer that does not read must not hold up the worker.
func (p *probedSocket) SetWriteDeadline(t time.Time) error {
	if bound := time.Now().Add(finBound); t.After(bound) {
		t = bound
	}
	return p.socket.SetWriteDeadline(t)
}

// rejected reports whether err is one side's refusal to speak TLS with the
// other: a certificate that does not hold, or an alert from the peer.
func rejected(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := alertOf(err)
	return ok
}

// notTLS reports whether err says that the peer spoke something else.
func notTLS(err error) bool {
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// tryTLS makes one handshake with the target before the load. What it finds
// wrong would be wrong with every request, and is misuse; a target that cannot
// be reached is for the load to count.
func (l *Load) tryTLS(ctx context.Context) error {
	endpoint, err := l.endpoints.Next(ctx)
	if err != nil {
		return nil // for the load to count
	}
	bound := 5 * time.Second
	if l.cfg.Timeout > 0 {
		bound = min(bound, l.cfg.Timeout)
	}
	deadline := time.Now().Add(bound)
	stop := func() bool { return true }
	defer func() { stop() }()
	s, err := dialSocket(endpoint, l.sources.next(endpoint), deadline, trial(func(c net.Conn) {
		stop()
		stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(longAgo) })
	}))
	if err != nil {
		return nil // for the load to count
	}
	defer func() { _ = s.Close() }()
	err = s.SetDeadline(deadline)
	if err == nil && l.cfg.Proxy != nil {
		err = l.openTunnel(s, l.target)
	}
	if err != nil {
		return l.credentialsError(err) // anything else is for the load to count
	}
	l.notes = append(l.notes, "one TLS handshake was made before the load, to try certificates")
	asked, err := tryHandshake(s, l.cfg.tlsConfig(l.target, true))
	switch {
	case err != nil && wantsRenegotiation(err):
		return renegotiationError(l.target)
	case err != nil && notTLS(err):
		return &HintError{Problem: fmt.Sprintf("URL %q: the server does not speak TLS", l.target.shown()), Hint: "http:// instead of https://"}
	case err != nil && rejected(err):
		return &HintError{Problem: fmt.Sprintf("URL %q: %s", l.target.shown(), reason(err)), Hint: l.rejectedHint(err, asked)}
	case err != nil && ctx.Err() == nil && (!asked || !isTimeout(err)): // who asked for a certificate need say no more
		l.notes = append(l.notes, "that handshake failed ("+reason(err)+"): if the port does not speak TLS, use http://")
	}
	return nil
}

// trial keeps a connection that is made before the load, whose deadline is final.
type trial func(net.Conn)

func (t trial) register(c net.Conn)  { t(c) }
func (t trial) extend(net.Conn) bool { return false }

// tryHandshake makes a handshake on s, and waits for what the server may say
// after it: in TLS 1.3 its word on the client's certificate if it asked for one,
// before that its wish for another handshake.
func tryHandshake(s socket, config *tls.Config) (asked bool, err error) {
	began := time.Now()
	c, err := secure(s, config)
	if err != nil {
		return c.asked, err
	}
	defer func() { _ = c.Close() }()
	old := c.ConnectionState().Version < tls.VersionTLS13
	if !c.asked && !old {
		return c.asked, nil
	}
	roundTrips := 5 * time.Since(began)
	if err := c.SetReadDeadline(time.Now().Add(finBound + roundTrips)); err != nil {
		return c.asked, err
	}
	var one [1]byte
	if _, err = c.Read(one[:]); old && !wantsRenegotiation(err) {
		err = nil // the server had its say in the handshake
	}
	return c.asked, err
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
