package wire

import (
	"context"
	"crypto/tls"
	"net"
	"slices"

	"nodrop/loadgen/record/secure"
)

// Secured is the client's end of a TLS connection, and what the server asked
// for in its handshake.
type Secured struct {
	*tls.Conn
	asked bool // the server asked for a client certificate
}

// NewSecured returns a connection over under, before its handshake.
func NewSecured(under net.Conn, config *tls.Config) *Secured {
	return &Secured{Conn: tls.Client(under, config)}
}

// askedKey is the context key, in a handshake, of the address of Secured.asked.
type askedKey struct{}

// Handshake makes the handshake.
func (s *Secured) Handshake() error {
	return s.HandshakeContext(context.WithValue(context.Background(), askedKey{}, &s.asked))
}

// Count counts the handshake, which has succeeded.
func (s *Secured) Count(h *secure.Handshakes) {
	state := s.ConnectionState()
	h.Add(secure.Session{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite), ALPN: state.NegotiatedProtocol,
	}, state.DidResume)
}

// RefusesClient reports whether err, in place of the response to the first
// request, means that the server rejected the client certificate. In TLS 1.3
// the rejection comes after the client's end of the handshake and before the
// server reads a request; any other alert may come after it has read one.
func (s *Secured) RefusesClient(err error) bool {
	alert, ok := alertOf(err)
	return ok && s.asked && s.ConnectionState().Version >= tls.VersionTLS13 && slices.Contains(certificateAlerts[:], alert)
}

// ClientCertificate chooses a certificate as crypto/tls does, and records that
// the server asked for one.
func ClientCertificate(list []tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
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
