package loadgen

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// ParseProxy reads -x: host:port, or a URL with an optional user and password.
func ParseProxy(s string) (*url.URL, error) {
	text := trimBlanks(s)
	refused := func(problem string) (*url.URL, error) {
		return nil, fmt.Errorf("-x %q: %s", safetext.MaskURL(text), problem)
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = "http", text
	}
	scheme = strings.ToLower(scheme)
	if scheme != "http" && !isSOCKS(scheme) {
		return refused("only http:// and socks5:// proxies are supported")
	}
	t, slipped := checkedTarget("http://" + rest)
	switch {
	case slipped != nil:
		slipped.hint = strings.Replace(slipped.hint, "http://", scheme+"://", 1)
		return nil, slipped.of("-x", text)
	case t.path != "/":
		return refused("a proxy has no path")
	case isSOCKS(scheme) && t.url.User != nil && !fitsSOCKS(t.url.User):
		return refused("SOCKS takes a user and a password of 1 to 255 bytes each")
	}
	t.url.Scheme = scheme
	return t.url, nil
}

// proxyTarget is where connections to a proxy go.
func proxyTarget(proxy *url.URL) target {
	u := *proxy
	u.Scheme, u.Path = "http", ""
	t, _ := readTarget(u.String()) // ParseProxy has tried it
	if isSOCKS(proxy.Scheme) && u.Port() == "" {
		t.port = 1080
	}
	return t
}

// asksProxy reports whether requests to t are the proxy's to pass on: it makes
// no tunnel for them.
func (c *Config) asksProxy(t target) bool {
	return c.Proxy != nil && !isSOCKS(c.Proxy.Scheme) && !t.tls
}

// proxyFields are what requests to the proxy itself carry.
func (c *Config) proxyFields() []Field {
	if c.Proxy == nil || c.Proxy.User == nil {
		return nil
	}
	password, _ := c.Proxy.User.Password()
	return []Field{{Name: "Proxy-Authorization", Value: safetext.BasicAuth(c.Proxy.User.Username(), password)}}
}

// absolute is the request target that a proxy wants: the whole URL, but for
// what is no part of it on the wire.
func (t target) absolute() string {
	u := *t.url
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.Host = t.hostField()
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// tunnelError is a proxy's refusal to make a tunnel.
type tunnelError struct {
	proxy  string // its address
	status int
}

func (e tunnelError) Error() string {
	return fmt.Sprintf("%s answered %d to CONNECT", e.proxy, e.status)
}

// tunnel asks the proxy, on a connection just made, for a way to the hop's host.
func (x *exchange) tunnel(at *hop, deadline time.Time) *failure {
	began := x.now()
	err := x.worker.arm(x.conn, deadline)
	if err == nil {
		err = x.load.openTunnel(x.conn, at.target)
	}
	if x.trace != nil {
		x.trace.note(x.now(), err, "asked the proxy to connect to %s", at.target.hostport())
	}
	x.result.Phases.Connect += x.now() - began
	if err == nil {
		return nil
	}
	text := errorText(&failure{stage: record.StageWait, err: err}, x.conn.LocalAddr(), at.address)
	if isSOCKS(x.load.cfg.Proxy.Scheme) {
		text = "socks connect tcp " + at.address + "->" + at.target.hostport() + ": " + text
	} else {
		text = "proxyconnect tcp: " + text
	}
	return x.broken(at, &failure{stage: record.StageProxy, err: err, text: text})
}

// openTunnel makes c, a connection to the proxy, one to t.
func (l *Load) openTunnel(c net.Conn, t target) error {
	if isSOCKS(l.cfg.Proxy.Scheme) {
		return l.openSOCKS(c, t)
	}
	return l.openCONNECT(c, t)
}

// credentialsError is a proxy's wish for credentials, or for others, as misuse;
// nil for any other error.
func (l *Load) credentialsError(err error) error {
	const proxyAuthenticationRequired = 407
	if refusal, ok := errors.AsType[tunnelError](err); !ok || refusal.status != proxyAuthenticationRequired {
		return nil
	}
	proxy, wants := l.via().hostport(), "wants credentials"
	if l.cfg.Proxy.User != nil {
		wants = "does not take these credentials"
	}
	return &HintError{Problem: fmt.Sprintf("-x %s: the proxy %s", proxy, wants), Hint: "-x http://USER:PASSWORD@" + proxy}
}

// openCONNECT makes c, a connection to an HTTP proxy, one to t. It reads the head
// of the proxy's answer byte by byte: what follows belongs to the other end.
func (l *Load) openCONNECT(c io.ReadWriter, t target) error {
	host := t.hostport()
	connect := h1.Request{Method: "CONNECT", Target: host, Host: host, Fields: l.cfg.proxyFields()}
	if _, err := c.Write(connect.Append(nil)); err != nil {
		return err
	}
	var parser h1.Parser
	parser.Reset(true)
	var one [1]byte
	for !parser.Done() {
		n, err := c.Read(one[:])
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = parser.EOF()
			}
			return err
		}
		if _, err := parser.Feed(one[:n]); err != nil {
			return err
		}
	}
	if status := parser.Status(); status < 200 || status > 299 {
		return tunnelError{l.address, status}
	}
	return nil
}
