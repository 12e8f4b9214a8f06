package wire

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"time"
)

// SecureSocket is a TLS connection over one socket.
type SecureSocket struct {
	*Secured
	under  *probedSocket
	broken bool // a Write failed: close_notify would follow half a record
}

// Secure makes the handshake on s, whose deadline the caller has set. On error
// the caller must close s, and only asked of the SecureSocket is valid.
func Secure(s Socket, config *tls.Config) (*SecureSocket, error) {
	under := &probedSocket{Socket: s}
	c := &SecureSocket{Secured: NewSecured(under, config), under: under}
	return c, c.Handshake()
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
