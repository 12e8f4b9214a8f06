package wire

import (
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
	asked  bool // for a client's certificate, by the server
	broken bool // a Write failed: a goodbye would follow half a record
}

// askedKey is where a handshake's context has the SecureSocket's asked.
type askedKey struct{}

// ClientCertificate chooses as crypto/tls does, and notes that it was asked to.
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

// Secure makes the handshake on s; its deadline is set already. On error, s is
// the caller's to close, and of the SecureSocket only asked is of use.
func Secure(s Socket, config *tls.Config) (*SecureSocket, error) {
	under := &probedSocket{Socket: s}
	c := &SecureSocket{Conn: tls.Client(under, config), under: under}
	return c, c.HandshakeContext(context.WithValue(context.Background(), askedKey{}, &c.asked))
}

// OnWait has f called when a Write is about to wait.
func (s *SecureSocket) OnWait(f func()) { s.under.OnWait(f) }

// Cut has Close throw away what is not sent yet.
func (s *SecureSocket) Cut() { s.under.Cut() }

func (s *SecureSocket) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.broken = s.broken || err != nil
	return n, err
}

// Close says goodbye to a peer that can understand it.
func (s *SecureSocket) Close() error {
	if s.broken {
		return s.under.Close()
	}
	return s.Conn.Close()
}

// Truncated reports whether the connection ended without the close_notify by which
// TLS tells an end from a cut (RFC 8446 §6.1): crypto/tls takes either for
// io.EOF, but reads on beneath it only while it has not had the alert.
func (s *SecureSocket) Truncated() bool { return s.under.ended }

// RefusesClient reports whether err, met in place of the response to the first
// request, is the server's refusal of the client's certificate. In TLS 1.3 that
// comes after what is the client's end of the handshake, and before the server
// reads a request; any other alert may come after it has.
func (s *SecureSocket) RefusesClient(err error) bool {
	alert, ok := alertOf(err)
	return ok && s.asked && s.ConnectionState().Version >= tls.VersionTLS13 && slices.Contains(certificateAlerts[:], alert)
}

// Quiet reads what TLS says between responses (session tickets, key updates) and
// reports whether anything else has arrived.
func (s *SecureSocket) Quiet() bool {
	// The last request's deadline may have passed. The one for writing is for
	// key updates, which may ask for a response.
	if s.SetReadDeadline(time.Time{}) != nil || s.SetWriteDeadline(time.Now().Add(FINBound)) != nil {
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
	Socket
	probing bool
	ended   bool // by the peer's FIN, which has been read
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

// SetWriteDeadline shortens the patience that crypto/tls has with its goodbye:
// a peer that does not read must not hold up the worker.
func (p *probedSocket) SetWriteDeadline(t time.Time) error {
	if bound := time.Now().Add(FINBound); t.After(bound) {
		t = bound
	}
	return p.Socket.SetWriteDeadline(t)
}
