package target

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

// Target is the part of a URL that a connection and a request line need.
type Target struct {
	Host string // in ASCII, without brackets
	Port uint16
	Path string // origin form, query included
	URL  *url.URL
	TLS  bool
	Said string // what texts call it; "" where that is to be found
}

// Check reads a URL as people write it, and finds the slips that they make.
func Check(text string) (Target, *Slip) {
	if slipped := findSlip(text); slipped != nil {
		return Target{}, slipped
	}
	return Read(text)
}

// Read reads a whole http:// or https:// URL.
func Read(text string) (Target, *Slip) {
	u, err := url.Parse(EscapeURL(text))
	if err != nil {
		return Target{}, unreadable(text, err)
	}
	t := Target{URL: u, Port: 80}
	switch u.Scheme {
	case "http":
	case "https":
		t.TLS, t.Port = true, 443
	default:
		return Target{}, &Slip{Problem: "not an http:// or https:// URL"}
	}
	if t.Host, err = ASCIIHost(u.Hostname()); err != nil {
		return Target{}, &Slip{Problem: err.Error()}
	}
	if t.Host == "" {
		return Target{}, &Slip{Problem: "no host"}
	}
	if p := u.Port(); p != "" {
		port, err := strconv.ParseUint(p, 10, 16)
		if err != nil || port == 0 {
			return Target{}, &Slip{Problem: "port " + p + " is not between 1 and 65535"}
		}
		t.Port = uint16(port)
	}
	if t.Host != u.Hostname() {
		u.Host = joinHost(t.Host, u.Port())
	}
	u.Fragment, u.RawFragment = "", ""
	t.Path = u.RequestURI()
	return t, nil
}

// joinHost is host and port as a URL has them; port may be "".
func joinHost(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	return host
}

// ASCIIHost is a host as look-ups, the Host field and TLS need it: a name in
// another script as IDNA writes it. One in ASCII stays as it was typed, as in
// net/http, and so does an address.
func ASCIIHost(host string) (string, error) {
	if isASCII(host) {
		return host, nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", fmt.Errorf("host %q: not an international domain name: %s", host, strings.TrimPrefix(err.Error(), "idna: "))
	}
	return ascii, nil
}

// ASCIIHostport is a Host field's value with its name in ASCII.
func ASCIIHostport(value string) (string, error) {
	if isASCII(value) {
		return value, nil
	}
	host, port, ok := strings.Cut(value, ":")
	ascii, err := ASCIIHost(host)
	if ok {
		ascii += ":" + port
	}
	return ascii, err
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
}

// EscapeURL makes text, a whole URL or a reference, one that net/url leaves as
// it is: it undoes all escapes of a path that holds anything else.
func EscapeURL(text string) string {
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

// Origin is what a connection is made for: connections to one origin are not
// used for another.
func (t Target) Origin() string { return t.URL.Scheme + "://" + strings.ToLower(t.Hostport()) }

// Hostport is where connections for t go: its host and its port, named in any case.
func (t Target) Hostport() string { return net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port))) }

// HostField is the Host field's value: the URL's authority as written, without
// an IPv6 zone, which means something on this machine alone.
func (t Target) HostField() string {
	host := strings.TrimSuffix(t.URL.Host, ":")
	if zone := strings.IndexByte(host, '%'); zone >= 0 {
		if end := strings.IndexByte(host, ']'); end > zone {
			return host[:zone] + host[end:]
		}
	}
	return host
}

// Absolute is the request target that a proxy wants: the whole URL, but for
// what is no part of it on the wire.
func (t Target) Absolute() string {
	u := *t.URL
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.Host = t.HostField()
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// Shown is the URL as texts show it: without passwords and tokens.
func (t Target) Shown() string {
	if t.Said != "" {
		return t.Said
	}
	return safetext.MaskURL(t.URL.String())
}

// Addr is the address that the URL itself gives, if its host is one.
func (t Target) Addr() (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(t.Host)
	if err != nil {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip, t.Port), true
}

// CheckZone refuses the zone of an address that names no interface.
func (t Target) CheckZone() error {
	addr, ok := t.Addr()
	zone := addr.Addr().Zone()
	if !ok || zone == "" {
		return nil
	}
	if _, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return nil
	}
	if _, err := net.InterfaceByName(zone); err != nil {
		return fmt.Errorf("URL %q: this machine has no network interface %q", t.Shown(), zone)
	}
	return nil
}

// unreadable says why net/url does not take a URL, in words that hold no
// password.
func unreadable(text string, err error) *Slip {
	why := cmp.Or(errors.Unwrap(err), err)
	begin, end := safetext.AuthorityOf(text)
	user, _, hasUser := safetext.CutLast(text[begin:end], "@")
	if escape, ok := errors.AsType[url.EscapeError](why); ok && hasUser && strings.Contains(user, string(escape)) {
		return &Slip{Problem: "a % in the user or password must be escaped", Hint: "write %25 instead"}
	}
	return &Slip{Problem: why.Error()}
}
