package wire

import (
	"context"
	"errors"
	"net"
	"net/url"

	"golang.org/x/net/proxy"
)

// IsSOCKS reports whether scheme is that of a SOCKS proxy. As in net/http, both
// schemes leave look-ups to the proxy.
func IsSOCKS(scheme string) bool { return scheme == "socks5" || scheme == "socks5h" }

// FitsSOCKS reports whether RFC 1929 can carry the user and the password.
func FitsSOCKS(u *url.Userinfo) bool {
	password, _ := u.Password()
	return u.Username() != "" && len(u.Username()) <= 255 && len(password) <= 255
}

// socksError is the refusal of a SOCKS proxy, or a response that is not SOCKS.
type socksError struct {
	err   error
	spoke bool // the response was SOCKS
}

func (e *socksError) Error() string { return e.err.Error() }

// openSOCKS asks a SOCKS proxy to connect c to host.
func (p *Proxy) openSOCKS(c net.Conn, host string) error {
	made := &socksConn{Conn: c}
	var auth *proxy.Auth
	if u := p.URL.User; u != nil {
		password, _ := u.Password()
		auth = &proxy.Auth{User: u.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", p.Address, auth, made)
	if err == nil {
		_, err = d.Dial("tcp", host)
	}
	switch {
	case err == nil:
		return nil
	case made.failed != nil:
		return made.failed
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		err = op.Err
	}
	return &socksError{err, made.version == 5}
}

// socksConn is the connection that the SOCKS dialer uses instead of making one.
// It records what tells a refusal by the proxy from an error of the network.
type socksConn struct {
	net.Conn
	version byte  // the first byte that the proxy sent
	failed  error // the first error of the connection
}

// Dial implements proxy.Dialer.
func (c *socksConn) Dial(string, string) (net.Conn, error) { return c, nil }

// DialContext implements proxy.ContextDialer.
func (c *socksConn) DialContext(context.Context, string, string) (net.Conn, error) { return c, nil }

func (c *socksConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 && c.version == 0 {
		c.version = b[0]
	}
	c.note(err)
	return n, err
}

func (c *socksConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.note(err)
	return n, err
}

func (c *socksConn) note(err error) {
	if c.failed == nil {
		c.failed = err
	}
}

// Close does nothing: the connection's owner closes it.
func (c *socksConn) Close() error { return nil }
