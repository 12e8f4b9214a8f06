package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"time"
)

// DialTrial makes a connection that is not part of a load, until deadline or
// the end of ctx, whichever comes first. The caller calls hangUp to close it.
func DialTrial(ctx context.Context, to *Endpoint, from netip.Addr, deadline time.Time) (s Socket, hangUp func(), err error) {
	stop := func() bool { return true }
	s, err = Dial(to, from, deadline, trial(func(c net.Conn) {
		stop()
		stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(LongAgo) })
	}))
	if err != nil {
		stop()
		return nil, nil, err
	}
	hangUp = func() {
		_ = s.Close() // an error here adds nothing
		stop()
	}
	return s, hangUp, s.SetDeadline(deadline)
}

// trial is the keeper of a connection made before the load. Its deadline is
// final.
type trial func(net.Conn)

func (t trial) Register(c net.Conn)  { t(c) }
func (t trial) Extend(net.Conn) bool { return false }

// Trial is what a handshake before the load has shown.
type Trial struct {
	Asked    bool   // the server asked for a client certificate
	Protocol string // what it chose: "h2" or "http/1.1"; "" if the handshake failed
}

// TryHandshake makes a handshake on s and waits for what the server may send
// after it: in TLS 1.3 its verdict on the client certificate, if it asked for
// one; in earlier versions a request for another handshake.
func TryHandshake(s Socket, config *tls.Config) (t Trial, err error) {
	began := time.Now()
	c, err := Secure(s, config)
	t.Asked = c.asked
	if err != nil {
		return t, err
	}
	t.Protocol = c.Protocol()
	defer func() { _ = c.Close() }()
	old := c.ConnectionState().Version < tls.VersionTLS13
	if !c.asked && !old {
		return t, nil
	}
	roundTrips := 5 * time.Since(began)
	if err := c.SetReadDeadline(time.Now().Add(FINBound + roundTrips)); err != nil {
		return t, err
	}
	var one [1]byte
	if _, err = c.Read(one[:]); old && !WantsRenegotiation(err) {
		err = nil // the server gave its verdict in the handshake
	}
	return t, err
}

// SpeaksTLS makes one TLS handshake with e from a local address. An alert
// counts as TLS, too.
func SpeaksTLS(ctx context.Context, e *Endpoint, from netip.Addr, config *tls.Config, deadline time.Time) (speaks bool, err error) {
	s, hangUp, err := DialTrial(ctx, e, from, deadline)
	if hangUp != nil {
		defer hangUp()
	}
	if err != nil {
		return false, err
	}
	c, err := Secure(s, config)
	switch {
	case err == nil:
		return true, c.Close()
	case IsTimeout(err):
		return false, err
	}
	return IsRejected(err), nil
}
