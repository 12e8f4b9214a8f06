package loadgen

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"nodrop/loadgen/safetext"
)

// slip is what is wrong with a URL as it was typed.
type slip struct {
	problem string
	hint    string // "" for none
}

// Of is the slip as the error of what the URL was given for.
func (s *slip) of(what, text string) error {
	problem := fmt.Sprintf("%s %q: %s", what, safetext.MaskURL(text), s.problem)
	if s.hint == "" {
		return errors.New(problem)
	}
	return &HintError{Problem: problem, Hint: s.hint}
}

// trimBlanks cuts off what comes along when a URL is pasted: blanks, line ends
// and marks that have no width.
func trimBlanks(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' })
}

var (
	// brokenScheme is http or https with something wrong in what parts it from
	// the host.
	brokenScheme = regexp.MustCompile(`^(?i)(https?)[:;/\\]+(.+)$`)
	properScheme = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9+.-]*)://`)
)

const quotes = "\"'`<>“”„‘’‚«»"

// findSlip finds the slips that people make with URLs, each with what was
// likely meant; nil for none.
func findSlip(text string) *slip {
	for _, find := range [...]func(string) *slip{quoted, schemeSlip, hostSlip, portSlip} {
		if s := find(text); s != nil {
			return s
		}
	}
	return nil
}

// quoted finds quotes that were pasted along. At the end alone they are part of
// the path.
func quoted(text string) *slip {
	if first, _ := utf8.DecodeRuneInString(text); text == "" || !strings.ContainsRune(quotes, first) {
		return nil
	}
	inner := strings.Trim(text, quotes+" ")
	return &slip{"it is in quotes", "try " + safetext.MaskURL(inner)}
}

// schemeSlip finds what is wrong before the host.
func schemeSlip(text string) *slip {
	const notHTTP = "not an http:// URL"
	if m := properScheme.FindStringSubmatch(text); m != nil {
		scheme, rest := strings.ToLower(m[1]), text[len(m[0]):]
		switch inner := brokenScheme.FindString(rest); {
		case scheme != "http" && scheme != "https":
			return otherScheme(scheme, rest)
		case inner != "" && properScheme.MatchString(inner):
			return &slip{"it has two schemes", "try " + safetext.MaskURL(inner)}
		}
		return nil
	}
	if text == "" {
		return &slip{problem: "not an http:// or https:// URL"}
	}
	if m := brokenScheme.FindStringSubmatch(text); m != nil {
		return &slip{notHTTP, "try " + safetext.MaskURL(strings.ToLower(m[1])+"://"+strings.ReplaceAll(m[2], `\`, "/"))}
	}
	bare := strings.TrimLeft(text, ":/")
	if bare == "" || strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		return &slip{problem: notHTTP}
	}
	return &slip{notHTTP, "try " + safetext.MaskURL("http://"+bare)}
}

// otherScheme is a scheme that is not HTTP's, or nearly is.
func otherScheme(scheme, rest string) *slip {
	s := &slip{problem: "not an http:// or https:// URL"}
	for _, meant := range [...]string{"http", "https"} {
		if levenshtein.ComputeDistance(scheme, meant) == 1 {
			s.hint = "try " + safetext.MaskURL(meant+"://"+rest)
			break
		}
	}
	return s
}

// hostSlip finds a host that is missing, or an address without its brackets.
func hostSlip(text string) *slip {
	begin, end := safetext.AuthorityOf(text)
	scheme, rest := strings.ToLower(text[:begin]), text[end:]
	user, host, hasUser := safetext.CutLast(text[begin:end], "@")
	if hasUser {
		scheme += user + "@"
	}
	switch {
	case strings.Contains(host, `\`):
		return &slip{`a \ in its host`, "try " + safetext.MaskURL(scheme+strings.ReplaceAll(host, `\`, "/")+rest)}
	case host == "" && len(rest) > 2 && strings.ContainsAny(rest, ".:"):
		return &slip{"no host", "try " + safetext.MaskURL(scheme+strings.TrimLeft(rest, "/"))}
	case host == "":
		return &slip{problem: "no host"}
	case strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "["):
		return bracketless(scheme, host, rest)
	case strings.HasPrefix(host, ":"):
		return &slip{"no host", "try " + safetext.MaskURL(scheme+"localhost"+host+rest)}
	}
	return nil
}

// bracketless is an IPv6 address without the brackets that part it from a port.
func bracketless(scheme, host, rest string) *slip {
	const problem = "an IPv6 address needs brackets"
	addr, port, _ := safetext.CutLast(host, ":")
	switch {
	case isAddr(addr) && strings.Trim(port, "0123456789") == "":
		return &slip{problem, "try " + safetext.MaskURL(scheme+net.JoinHostPort(addr, port)+rest)}
	case isAddr(host):
		return &slip{problem, "try " + safetext.MaskURL(scheme+"["+host+"]"+rest)}
	}
	return nil
}

func isAddr(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// portSlip finds a port that is none. What looks like one may be the begin of a
// password that holds a /, ? or #.
func portSlip(text string) *slip {
	begin, end := safetext.AuthorityOf(text)
	_, host, hasUser := safetext.CutLast(text[begin:end], "@")
	_, port, found := safetext.CutLast(host[strings.LastIndexByte(host, ']')+1:], ":")
	if !found || strings.Trim(port, "0123456789") == "" {
		return nil
	}
	if !hasUser && strings.Contains(text[end:], "@") {
		return &slip{"a /, ? or # in the user or password must be escaped", "write %2F, %3F or %23 instead"}
	}
	return &slip{problem: fmt.Sprintf("port %q is not a number", port)}
}
