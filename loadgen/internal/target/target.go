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
	Said string // what texts call it; "" = derived from URL
}

// Check parses a URL as people write it, and finds common mistakes.
func Check(text string) (Target, *Slip) {
	if slipped := findSlip(text); slipped != nil {
		return Target{}, slipped
	}
	return Read(text)
}

// Read parses a whole http:// or https:// URL.
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

// joinHost joins a host and a port as in a URL; port may be "".
func joinHost(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	return host
}

// ASCIIHost returns a host in the form that look-ups, the Host field and TLS
// need. A name in another script is converted with IDNA. A name in ASCII stays
// as it was typed, as in net/http, and so does an address.
func ASCIIHost(host string) (string, error) {
	if isASCII(host) {
		return host, nil
	}
	ascii, err := idna.Lookup.ToASCII(host)
	if err != nil {
		return "", fmt.Errorf("host %q: not a valid internationalized domain name: %s", host, strings.TrimPrefix(err.Error(), "idna: "))
	}
	return ascii, nil
}

// ASCIIHostport returns a Host field's value with its name in ASCII.
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

// EscapeURL escapes text, a whole URL or a reference, so that net/url keeps it
// unchanged: net/url undoes all escapes of a path with a byte that must be
// escaped.
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

// escapeZone writes the zone of an IPv6 address as a URL requires it
// ("%25eth0"). People, and curl, write it as in an address ("%eth0").
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

// escape escapes the bytes that mayStand excludes. Control bytes stay, so that
// net/url rejects them; escapes stay as they were typed.
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

func mayStandInPath(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@[]/%", c) >= 0
}

// mayStandInQuery reports whether browsers, curl and hey leave c alone in a
// query: all bytes that do not break the request line.
func mayStandInQuery(c byte) bool { return c > ' ' && c < 0x7f }

// Origin identifies the scheme, host and port of a connection: connections to
// one origin are not used for another.
func (t Target) Origin() string { return t.URL.Scheme + "://" + strings.ToLower(t.Hostport()) }

// Hostport returns where connections for t go: the host, and always the port.
func (t Target) Hostport() string { return net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port))) }

// HostField returns the Host field's value: the URL's authority as written,
// without an IPv6 zone, which means something on this machine only.
func (t Target) HostField() string {
	host := strings.TrimSuffix(t.URL.Host, ":")
	if zone := strings.IndexByte(host, '%'); zone >= 0 {
		if end := strings.IndexByte(host, ']'); end > zone {
			return host[:zone] + host[end:]
		}
	}
	return host
}

// Absolute returns the request target that a proxy needs: the whole URL without
// the parts that are not sent.
func (t Target) Absolute() string {
	u := *t.URL
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	u.Host = t.HostField()
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// Shown returns the URL as texts show it: without passwords and tokens.
func (t Target) Shown() string {
	if t.Said != "" {
		return t.Said
	}
	return safetext.MaskURL(t.URL.String())
}

// Addr returns the address in the URL itself, if its host is one.
func (t Target) Addr() (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(t.Host)
	if err != nil {
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(ip, t.Port), true
}

// CheckZone rejects an address zone that names no interface of this machine.
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

// unreadable says why net/url rejects a URL, in a text without passwords.
func unreadable(text string, err error) *Slip {
	why := cmp.Or(errors.Unwrap(err), err)
	begin, end := safetext.AuthorityOf(text)
	user, _, hasUser := safetext.CutLast(text[begin:end], "@")
	if escape, ok := errors.AsType[url.EscapeError](why); ok && hasUser && strings.Contains(user, string(escape)) {
		return &Slip{Problem: "a % in the user or password must be escaped", Hint: "write %25 instead"}
	}
	return &Slip{Problem: why.Error()}
}
