package target

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"nodrop/loadgen/pattern"
	"nodrop/loadgen/safetext"
)

// Slip is a mistake in a URL as it was typed.
type Slip struct {
	Problem string
	Hint    string // what to try instead; "" for none
}

// TrimBlanks removes what is often pasted around a URL: blanks, line ends and
// zero-width characters.
func TrimBlanks(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' })
}

var (
	// brokenScheme matches http or https with a wrong separator before the
	// host.
	brokenScheme = pattern.Lazy(`^(?i)(https?)[:;/\\]+(.+)$`)
	properScheme = pattern.Lazy(`^([A-Za-z][A-Za-z0-9+.-]*)://`)
)

const quotes = "\"'`<>“”„‘’‚«»"

// findSlip finds common mistakes in URLs, each with what was likely meant; nil
// for none.
func findSlip(text string) *Slip {
	for _, find := range [...]func(string) *Slip{quoted, schemeSlip, hostSlip, portSlip} {
		if s := find(text); s != nil {
			return s
		}
	}
	return nil
}

// quoted finds quotes that were pasted around the URL. Quotes at the end alone
// are part of the path.
func quoted(text string) *Slip {
	if first, _ := utf8.DecodeRuneInString(text); text == "" || !strings.ContainsRune(quotes, first) {
		return nil
	}
	inner := strings.Trim(text, quotes+" ")
	return &Slip{"in quotes", "try " + safetext.MaskURL(inner)}
}

func schemeSlip(text string) *Slip {
	const notHTTP = "not an http:// URL"
	if m := properScheme().FindStringSubmatch(text); m != nil {
		scheme, rest := strings.ToLower(m[1]), text[len(m[0]):]
		switch inner := brokenScheme().FindString(rest); {
		case scheme != "http" && scheme != "https":
			return otherScheme(scheme, rest)
		case inner != "" && properScheme().MatchString(inner):
			return &Slip{"two schemes", "try " + safetext.MaskURL(inner)}
		}
		return nil
	}
	if text == "" {
		return &Slip{Problem: "not an http:// or https:// URL"}
	}
	if m := brokenScheme().FindStringSubmatch(text); m != nil {
		return &Slip{notHTTP, "try " + safetext.MaskURL(strings.ToLower(m[1])+"://"+strings.ReplaceAll(m[2], `\`, "/"))}
	}
	bare := strings.TrimLeft(text, ":/")
	if bare == "" || strings.ContainsRune(".-", rune(bare[0])) || strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") { // a file or a flag, not a host
		return &Slip{Problem: notHTTP}
	}
	return &Slip{notHTTP, "try " + safetext.MaskURL("http://"+bare)}
}

// otherScheme reports a scheme other than HTTP's, with a hint if it is nearly
// HTTP's.
func otherScheme(scheme, rest string) *Slip {
	s := &Slip{Problem: "not an http:// or https:// URL"}
	for _, meant := range [...]string{"http", "https"} {
		if levenshtein.ComputeDistance(scheme, meant) == 1 {
			s.Hint = "try " + safetext.MaskURL(meant+"://"+rest)
			break
		}
	}
	return s
}

func hostSlip(text string) *Slip {
	begin, end := safetext.AuthorityOf(text)
	scheme, rest := strings.ToLower(text[:begin]), text[end:]
	user, host, hasUser := safetext.CutLast(text[begin:end], "@")
	if hasUser {
		scheme += user + "@"
	}
	switch {
	case strings.Contains(host, `\`):
		return &Slip{`a \ in the host`, "try " + safetext.MaskURL(scheme+strings.ReplaceAll(host, `\`, "/")+rest)}
	case host == "" && len(rest) > 2 && strings.ContainsAny(rest, ".:"):
		return &Slip{"no host", "try " + safetext.MaskURL(scheme+strings.TrimLeft(rest, "/"))}
	case host == "":
		return &Slip{Problem: "no host"}
	case strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "["):
		return bracketless(scheme, host, rest)
	case strings.HasPrefix(host, ":"):
		return &Slip{"no host", "try " + safetext.MaskURL(scheme+"localhost"+host+rest)}
	}
	return nil
}

// bracketless reports an IPv6 address without the brackets that separate it
// from a port.
func bracketless(scheme, host, rest string) *Slip {
	const problem = "an IPv6 address needs brackets"
	addr, port, _ := safetext.CutLast(host, ":")
	switch {
	case isAddr(addr) && strings.Trim(port, "0123456789") == "":
		return &Slip{problem, "try " + safetext.MaskURL(scheme+net.JoinHostPort(addr, port)+rest)}
	case isAddr(host):
		return &Slip{problem, "try " + safetext.MaskURL(scheme+"["+host+"]"+rest)}
	}
	return nil
}

func isAddr(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// portSlip finds a port that is not a number. What looks like a port may be the
// beginning of a password that contains a /, ? or #.
func portSlip(text string) *Slip {
	begin, end := safetext.AuthorityOf(text)
	_, host, hasUser := safetext.CutLast(text[begin:end], "@")
	_, port, found := safetext.CutLast(host[strings.LastIndexByte(host, ']')+1:], ":")
	if !found || strings.Trim(port, "0123456789") == "" {
		return nil
	}
	if !hasUser && strings.Contains(text[end:], "@") {
		return &Slip{"a /, ? or # in the user or password must be escaped", "write %2F, %3F or %23 instead"}
	}
	return &Slip{Problem: fmt.Sprintf("port %q is not a number", port)}
}
