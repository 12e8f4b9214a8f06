package loadgen

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"nodrop/loadgen/safetext"
)

// target is the part of a URL that a connection and a request line need.
type target struct {
	host string // in ASCII, without brackets
	port uint16
	path string // origin form, query included
	url  *url.URL
	tls  bool
	said string // what texts call it; "" where that is to be found
}

// checkedTarget reads a URL as people write it.
func checkedTarget(text string) (target, *slip) {
	if slipped := findSlip(text); slipped != nil {
		return target{}, slipped
	}
	return readTarget(text)
}

// readTarget reads a whole http:// or https:// URL.
func readTarget(text string) (target, *slip) {
	u, err := url.Parse(escapeURL(text))
	if err != nil {
		return target{}, unreadable(text, err)
	}
	t := target{url: u, port: 80}
	switch u.Scheme {
	case "http":
	case "https":
		t.tls, t.port = true, 443
	default:
		return target{}, &slip{problem: "not an http:// or https:// URL"}
	}
	if t.host, err = asciiHost(u.Hostname()); err != nil {
		return target{}, &slip{problem: err.Error()}
	}
	if t.host == "" {
		return target{}, &slip{problem: "no host"}
	}
	if p := u.Port(); p != "" {
		port, err := strconv.ParseUint(p, 10, 16)
		if err != nil || port == 0 {
			return target{}, &slip{problem: "port " + p + " is not between 1 and 65535"}
		}
		t.port = uint16(port)
	}
	if t.host != u.Hostname() {
		u.Host = joinHost(t.host, u.Port())
	}
	u.Fragment, u.RawFragment = "", ""
	t.path = u.RequestURI()
	return t, nil
}

// joinHost is host and port as a URL has them; port may be "".
func joinHost(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	return host
}

// asciiHost is a host as look-ups, the Host field and TLS need it: a name in
// another script as IDNA writes it. One in ASCII stays as it was typed, as in
// net/http, and so does an address.
func asciiHost(host string) (string, error) {
	if isASCII(host) {
		return host, nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", fmt.Errorf("host %q: not an international domain name: %s", host, strings.TrimPrefix(err.Error(), "idna: "))
	}
	return ascii, nil
}

// asciiHostport is a Host field's value with its name in ASCII.
func asciiHostport(value string) (string, error) {
	if isASCII(value) {
		return value, nil
	}
	host, port, ok := strings.Cut(value, ":")
	ascii, err := asciiHost(host)
	if ok {
		ascii += ":" + port
	}
	return ascii, err
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// escapeURL makes text, a whole URL or a reference, one that net/url leaves as
// it is: it undoes all escapes of a path that holds anything else.
func escapeURL(text string) string {
	begin, end := safetext.AuthorityOf(text)
	authority, rest := text[begin:end], text[end:]
	rest, _, _ = strings.Cut(rest, "#")
	path, query, asks := strings.Cut(rest, "?")
	escaped := text[:begin] + escapeZone(authority) + escape(path, mayStandInPath)
	if asks {
		escaped += "?" + escape(query, mayStandInQuery)
	}
	return escaped
}

// escapeZone writes the zone of an IPv6 address as URLs have it ("%25eth0").
// People, and curl, write it as addresses do ("%eth0").
func escapeZone(authority string) string {
	begin, end := strings.LastIndexByte(authority, '['), strings.LastIndexByte(authority, ']')
	if begin < 0 || end < begin {
		return authority
	}
	zone := strings.IndexByte(authority[begin:end], '%')
	if zone < 0 || strings.HasPrefix(authority[begin+zone:], "%25") {
		return authority
	}
	zone += begin + 1
	return authority[:zone] + "25" + authority[zone:]
}

// escape escapes the bytes that may not stand. Control bytes stay, for net/url
// to refuse; escapes stay as they were typed.
func escape(s string, mayStand func(byte) bool) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; mayStand(c) || c < ' ' || c == 0x7f {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// mayStandInPath lists what net/url leaves alone in a path.
func mayStandInPath(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@[]/%", c) >= 0
}

// mayStandInQuery lists what browsers, curl and hey leave alone in a query: all
// that does not break the request line.
func mayStandInQuery(c byte) bool { return c > ' ' && c < 0x7f }

// origin is what a connection is made for: connections to one origin are not
// used for another.
func (t target) origin() string { return t.url.Scheme + "://" + strings.ToLower(t.hostport()) }

func (t target) hostport() string { return net.JoinHostPort(t.host, strconv.Itoa(int(t.port))) }

// hostField is the Host field's value: the URL's authority as written, without
// an IPv6 zone, which means something on this machine alone.
func (t target) hostField() string {
	host := strings.TrimSuffix(t.url.Host, ":")
	if zone := strings.IndexByte(host, '%'); zone >= 0 {
		if end := strings.IndexByte(host, ']'); end > zone {
			return host[:zone] + host[end:]
		}
	}
	return host
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

// shown is the URL as texts show it: without passwords and tokens.
func (t target) shown() string {
	if t.said != "" {
		return t.said
	}
	return safetext.MaskURL(t.url.String())
}

// addr is the address that the URL itself gives, if its host is one.
func (t target) addr() (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(t.host)
	if err != nil {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip, t.port), true
}

// checkZone refuses the zone of an address that names no interface.
func (t target) checkZone() error {
	addr, ok := t.addr()
	zone := addr.Addr().Zone()
	if !ok || zone == "" {
		return nil
	}
	if _, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return nil
	}
	if _, err := net.InterfaceByName(zone); err != nil {
		return fmt.Errorf("URL %q: this machine has no network interface %q", t.shown(), zone)
	}
	return nil
}

// unreadable says why net/url does not take a URL, in words that hold no
// password.
func unreadable(text string, err error) *slip {
	why := cmp.Or(errors.Unwrap(err), err)
	begin, end := safetext.AuthorityOf(text)
	user, _, hasUser := safetext.CutLast(text[begin:end], "@")
	if escape, ok := errors.AsType[url.EscapeError](why); ok && hasUser && strings.Contains(user, string(escape)) {
		return &slip{problem: "a % in the user or password must be escaped", hint: "write %25 instead"}
	}
	return &slip{problem: why.Error()}
}
