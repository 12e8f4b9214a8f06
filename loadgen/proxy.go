package loadgen

import (
	"net/url"
	"strings"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/safetext"
)

// ParseProxy reads the address of a proxy: host:port, or a URL with an optional
// user and password.
func ParseProxy(s string) (*url.URL, error) {
	text := target.TrimBlanks(s)
	refused := func(problem string) (*url.URL, error) {
		return nil, wrong("%v %q: %s", OptionProxy, safetext.MaskURL(text), problem)
	}
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		scheme, rest = "http", text
	}
	scheme = strings.ToLower(scheme)
	if scheme != "http" && !wire.IsSOCKS(scheme) {
		return refused("only http:// and socks5:// proxies are supported")
	}
	t, slipped := target.Check("http://" + rest)
	switch {
	case slipped != nil:
		slipped.Hint = strings.Replace(slipped.Hint, "http://", scheme+"://", 1)
		return nil, slipError(slipped, OptionProxy, text)
	case t.Path != "/":
		return refused("a proxy URL cannot have a path")
	case wire.IsSOCKS(scheme) && t.URL.User != nil && !wire.FitsSOCKS(t.URL.User):
		return refused("SOCKS needs a user and a password of 1 to 255 bytes each")
	}
	t.URL.Scheme = scheme
	return t.URL, nil
}

// proxyTarget is where connections to a proxy go.
func proxyTarget(proxy *url.URL) target.Target {
	u := *proxy
	u.Scheme, u.Path = "http", ""
	t, _ := target.Read(u.String()) // ParseProxy has parsed it already
	if wire.IsSOCKS(proxy.Scheme) && u.Port() == "" {
		t.Port = 1080
	}
	return t
}

// asksProxy reports whether the proxy forwards requests to t itself, without a
// tunnel.
func (c *Config) asksProxy(t target.Target) bool {
	return c.Proxy != nil && !wire.IsSOCKS(c.Proxy.Scheme) && !t.TLS
}

// proxyFields are the fields of requests to the proxy itself.
func (c *Config) proxyFields() []Field {
	if c.Proxy == nil || c.Proxy.User == nil {
		return nil
	}
	password, _ := c.Proxy.User.Password()
	return []Field{{Name: "Proxy-Authorization", Value: safetext.BasicAuth(c.Proxy.User.Username(), password)}}
}
