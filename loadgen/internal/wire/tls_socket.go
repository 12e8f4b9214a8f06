package wire

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"slices"
	"time"
)

// SecureSocket is a TLS connection over one socket.
type SecureSocket struct {
	*tls.Conn
	under  *probedSocket
	asked  bool // the server asked for a client certificate
	broken bool // a Write failed: close_notify would follow half a record
}

// askedKey is the context key, in a handshake, of the address of
// SecureSocket.asked.
type askedKey struct{}

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

// Secure makes the handshake on s, whose deadline the caller has set. On error
// the caller must close s, and only asked of the SecureSocket is valid.
func Secure(s Socket, config *tls.Config) (*SecureSocket, error) {
	under := &probedSocket{Socket: s}
	c := &SecureSocket{Conn: tls.Client(under, config), under: under}
	return c, c.HandshakeContext(context.WithValue(context.Background(), askedKey{}, &c.asked))
}

// Protocol returns the one that the server chose (ALPN). A server that does not
// choose speaks HTTP/1.1.
func (s *SecureSocket) Protocol() string {
	return cmp.Or(s.ConnectionState().NegotiatedProtocol, ProtocolHTTP1)
}

// OnWait makes Write call f when it is about to wait.
func (s *SecureSocket) OnWait(f func()) { s.under.OnWait(f) }

// Cut makes Close discard unsent bytes.
func (s *SecureSocket) Cut() { s.under.Cut() }

func (s *SecureSocket) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.broken = s.broken || err != nil
	return n, err
}

// Close sends close_notify, unless it would follow half a record.
func (s *SecureSocket) Close() error {
	if s.broken {
		return s.under.Close()
	}
	return s.Conn.Close()
}

// Truncated reports whether the connection ended without the close_notify by
// which TLS tells an orderly end from a cut (RFC 8446 §6.1). crypto/tls reports
// io.EOF for both, but reads the socket's end only if it has not had the alert.
func (s *SecureSocket) Truncated() bool { return s.under.ended }

// RefusesClient reports whether err, in place of the response to the first
// request, means that the server rejected the client certificate. In TLS 1.3
// the rejection comes after the client's end of the handshake and before the
// server reads a request; any other alert may come after it has read one.
func (s *SecureSocket) RefusesClient(err error) bool {
	alert, ok := alertOf(err)
	return ok && s.asked && s.ConnectionState().Version >= tls.VersionTLS13 && slices.Contains(certificateAlerts[:], alert)
}

// Quiet reads what TLS sends between responses (session tickets, key updates)
// and reports whether nothing else has arrived.
func (s *SecureSocket) Quiet() bool {
	// The last request's deadline may have passed. The write deadline is for
	// key updates, which may require a response.
	if s.SetReadDeadline(time.Time{}) != nil || s.SetWriteDeadline(time.Now().Add(FINBound)) != nil {
		return false
	}
	s.under.probing = true
	defer func() { s.under.probing = false }()
	var one [1]byte
	n, err := s.Read(one[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// probedSocket is a socket that can be read without waiting. While probing,
// Read times out at once if nothing has arrived. TLS treats that as temporary
// and can continue later.
type probedSocket struct {
	Socket
	probing bool
	ended   bool // the peer's FIN has been read
}

func (p *probedSocket) Read(b []byte) (int, error) {
	if p.probing && p.Quiet() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := p.Socket.Read(b)
	if errors.Is(err, io.EOF) {
		p.ended = true
	}
	return n, err
}

// SetWriteDeadline limits how long crypto/tls waits to send close_notify: a
// peer that does not read must not hold up the worker.
func (p *probedSocket) SetWriteDeadline(t time.Time) error {
	if bound := time.Now().Add(FINBound); t.After(bound) {
		t = bound
	}
	return p.Socket.SetWriteDeadline(t)
}
