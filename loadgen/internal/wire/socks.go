package wire

import (
	"context"
	"errors"
	"net"
	"net/url"

	"golang.org/x/net/proxy"
)

// IsSOCKS tells the schemes of SOCKS proxies. As in net/http, both leave
// look-ups to the proxy.
func IsSOCKS(scheme string) bool { return scheme == "socks5" || scheme == "socks5h" }

// FitsSOCKS reports whether RFC 1929 can carry a user and a password.
func FitsSOCKS(u *url.Userinfo) bool {
	password, _ := u.Password()
	return u.Username() != "" && len(u.Username()) <= 255 && len(password) <= 255
}

// socksError is a SOCKS proxy's no, or what is not SOCKS.
type socksError struct {
	err   error
	spoke bool // it spoke SOCKS
}

func (e *socksError) Error() string { return e.err.Error() }

// openSOCKS makes c, a connection to a SOCKS proxy, one to host.
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

// socksConn is the connection that the SOCKS dialer is to speak on, in place of
// one that it would make. It notes what tells the proxy's no from the network's.
type socksConn struct {
	net.Conn
	version byte  // the first that the proxy sent
	failed  error // of the connection
}

// Dial is proxy.Dialer's.
func (c *socksConn) Dial(string, string) (net.Conn, error) { return c, nil }

// DialContext is proxy.ContextDialer's.
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

// Close leaves closing to the connection's owner.
func (c *socksConn) Close() error { return nil }
