package safetext

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/pattern"
)

// Masked replaces a secret.
const Masked = "***"

// schemes matches the schemes of an Authorization field, which precede the
// secret.
const schemes = `(?:basic|bearer|digest|negotiate|ntlm|token|apikey)\s+`

// Patterns of secrets in any text. A value that begins with $ is an unexpanded
// variable, not a secret.
var (
	parameterPattern   = pattern.Lazy(`([A-Za-z0-9_.\-]+)(=)([^\s&;#"'` + "`" + `<>$][^\s&;#"'` + "`" + `<>]*)`)
	schemedPattern     = pattern.Lazy(`(?i)\b((?:proxy-)?authorization["']?(?:\s*[:=]\s*["']?(?:` + schemes + `)?|\s+(?:` + schemes + `)))([^\s"'\\]+)`)
	cookiePattern      = pattern.Lazy(`(?i)\b((?:set-)?cookie["']?\s*:\s*["']?)([^\s"'$][^"'\r\n]*)`)
	flagPattern        = pattern.Lazy(`(--?[A-Za-z0-9-]+)(\s+["']?)([^\s"'$-][^\s"']*)`)
	loginPattern       = pattern.Lazy(`((?:^|\s)-[ua]\s*["']?[^\s:"'$-][^\s:"']*:)([^\s"'$][^\s"']*)`)
	jsonPattern        = pattern.Lazy(`("(?:name":"([^"]+)","value|([^"]+))"\s*:\s*")([^"$\\][^"\\]*)"`)
	secretFieldPattern = pattern.Lazy(`(?i)\b((?:x-|api)[a-z0-9-]*["']?\s*:\s*["']?)([^\s"'$][^\s"']*)`)
)

// MaskText masks the secrets that their position reveals: passwords of URLs,
// parameters such as token=…, and fields such as Authorization.
func MaskText(text string) string {
	text = maskUserinfo(text)
	if strings.Contains(text, "=") {
		text = parameterPattern().ReplaceAllStringFunc(text, func(found string) string {
			name, value, _ := strings.Cut(found, "=")
			kept := strings.TrimRight(value, ",:") // punctuation of the surrounding sentence
			if kept == "…" || !IsSecretParameter(name, kept) {
				return found
			}
			return name + "=" + Masked + value[len(kept):]
		})
	}
	if strings.Contains(text, "-") {
		text = maskFlags(text)
	}
	if strings.Contains(text, `":`) {
		text = jsonPattern().ReplaceAllStringFunc(text, func(found string) string {
			parts := jsonPattern().FindStringSubmatch(found)
			if !hasSecretWord(plainName(parts[2] + parts[3])) {
				return found
			}
			return parts[1] + Masked + `"`
		})
	}
	if !strings.Contains(text, ":") && !strings.Contains(text, "uthorization") {
		return text
	}
	text = schemedPattern().ReplaceAllStringFunc(text, func(found string) string {
		parts := schemedPattern().FindStringSubmatch(found)
		if strings.HasPrefix(parts[2], "$") {
			return found
		}
		return parts[1] + Masked
	})
	text = cookiePattern().ReplaceAllString(text, "${1}"+Masked)
	return secretFieldPattern().ReplaceAllStringFunc(text, func(found string) string {
		name, _, _ := strings.Cut(found, ":")
		if !IsSecretName(name) {
			return found
		}
		return secretFieldPattern().ReplaceAllString(found, "${1}"+Masked)
	})
}

// maskFlags masks the values of command-line flags: --token x, -u me:x.
func maskFlags(text string) string {
	text = loginPattern().ReplaceAllString(text, "${1}"+Masked)
	return flagPattern().ReplaceAllStringFunc(text, func(found string) string {
		name, _, _ := strings.Cut(strings.TrimLeft(found, "-"), " ")
		if !hasSecretWord(plainName(name)) { // not IsSecretName: -key and -pass are flags of nodrop and of other tools
			return found
		}
		return flagPattern().ReplaceAllString(found, "${1}${2}"+Masked)
	})
}

// MaskURL masks the secrets of a URL, or of what was meant to be one. Unlike in
// MaskText, a password is found without a scheme before it.
func MaskURL(raw string) string { return MaskText(maskUser(raw)) }

// MaskForeignURL is MaskURL for a URL that a server sent, which may have any
// length: the patterns run only over the part that could be shown.
func MaskForeignURL(raw string) string { return MaskText(shortened(maskUserinfo(maskUser(raw)))) }

// maskUser masks the password of a URL, or of what was meant to be one.
func maskUser(text string) string {
	begin, end := AuthorityOf(text)
	if user, _, ok := CutLast(text[begin:end], "@"); ok {
		return text[:begin] + withoutPassword(user) + text[begin+len(user):]
	}
	// The password may contain a character that ends an authority, or the
	// scheme may be missing.
	user, host, ok := CutLast(text[begin:], "@")
	if name, rest, secret := strings.Cut(user, ":"); ok && secret && !startsWithPort(rest) && !strings.ContainsAny(name, "/?#") {
		return text[:begin] + name + ":***@" + host
	}
	return text
}

func withoutPassword(user string) string {
	if name, _, secret := strings.Cut(user, ":"); secret {
		return name + ":***"
	}
	return user
}

// startsWithPort distinguishes host:80/path from user:password.
func startsWithPort(s string) bool {
	rest := strings.TrimLeft(s, "0123456789")
	return len(rest) < len(s) && (strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "?"))
}

// maskUserinfo masks the password of every URL in a text, even of a malformed URL
// whose password contains characters that should be escaped.
func maskUserinfo(text string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "://")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("://")
		end := strings.IndexAny(rest, " \t\r\n\"'<>`")
		if end < 0 {
			end = len(rest)
		}
		b.WriteString(maskPassword(rest[:end]))
		text = rest[end:]
	}
}

// maskPassword masks the password in the part of a URL after its scheme.
func maskPassword(rest string) string {
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	colon := strings.IndexByte(rest, ':')
	if at < 0 && colon >= 0 && colon < end && rest[0] != '[' && !isNumber(rest[colon+1:end]) {
		at = strings.LastIndexByte(rest, '@') // not a port, so the password contains a slash
	}
	if colon < 0 || at < colon || rest[colon+1:at] == "PASSWORD" { // the placeholder in a hint
		return rest
	}
	return rest[:colon+1] + Masked + rest[at:]
}

func isNumber(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// secretWords are parts of secret names; secretNames are whole names. They
// apply to parameters, fields and variables.
var (
	secretWords = []string{"token", "secret", "passw", "passphrase", "pwd", "apikey", "accesskey", "privatekey", "authorization", "signature", "credential", "cookie", "sessionid", "jwt", "bearer"}
	secretNames = []string{"key", "sig", "auth", "code", "pass", "pw", "sid", "session", "pat", "otp", "xauth", "xapiauth", "assertion"}
)

// IsSecretName reports whether a name is that of a secret: access_token,
// X-Api-Key.
func IsSecretName(name string) bool {
	plain := plainName(name)
	return slices.Contains(secretNames, plain) || hasSecretWord(plain)
}

func hasSecretWord(plain string) bool {
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(plain, word) })
}

// plainName is a name in lower case, reduced to letters and digits.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// IsSecretParameter is IsSecretName for a name with a value: code=503 is a
// status.
func IsSecretParameter(name, value string) bool {
	if strings.EqualFold(name, "code") && isNumber(value) && len(value) <= 3 {
		return false
	}
	return IsSecretName(name)
}

// Secrets is a list of texts to hide wherever they appear, for instance in the
// output of a server or a command. The zero value is empty.
type Secrets struct{ list []secret }

type secret struct {
	value, shown string
	bytes        []byte // of value
}

// Minimum lengths of a secret to search for. Shorter ones would match parts of
// ordinary words and ports.
const (
	leastSecret = 4
	leastNumber = 8
)

// Add adds a secret, also in its escaped forms; shown replaces it.
func (s *Secrets) Add(value, shown string) {
	quoted := strconv.Quote(value)
	if len(value) < leastSecret || isNumber(value) && len(value) < leastNumber {
		return
	}
	for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value), quoted[1 : len(quoted)-1]} {
		known := slices.ContainsFunc(s.list, func(o secret) bool { return o.value == form })
		if !known && form != shown {
			s.list = append(s.list, secret{form, shown, []byte(form)})
		}
	}
	slices.SortStableFunc(s.list, func(a, b secret) int { return len(b.value) - len(a.value) })
}

// AddVariable adds the value of a variable. A URL is shown without its secrets;
// other values are shown as the variable's name.
func (s *Secrets) AddVariable(name, value string) { s.Add(value, ShownVariable(name, value)) }

// ShownVariable is the text shown in place of a variable's value.
func ShownVariable(name, value string) string {
	if IsURL(value) {
		return MaskURL(value)
	}
	return "${" + name + "}"
}

// IsURL reports whether a text is an http or https URL.
func IsURL(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// Mask replaces the secrets in a text.
func (s *Secrets) Mask(text string) string {
	for _, secret := range s.list {
		text = strings.ReplaceAll(text, secret.value, secret.shown)
	}
	return text
}

// MaskBytes is Mask for a text that rarely contains secrets. If the text was
// cut at its end, the beginning of a secret there is replaced too.
func (s *Secrets) MaskBytes(text []byte, cut bool) []byte {
	for _, secret := range s.list {
		if bytes.Contains(text, secret.bytes) {
			text = bytes.ReplaceAll(text, secret.bytes, []byte(secret.shown))
		}
		for n := len(secret.value) - 1; cut && n >= leastSecret; n-- {
			if begin, found := bytes.CutSuffix(text, secret.bytes[:n]); found {
				text = append(slices.Clip(begin), secret.shown...)
				break
			}
		}
	}
	return text
}

// Clone returns an independent copy.
func (s *Secrets) Clone() Secrets { return Secrets{list: slices.Clone(s.list)} }

// AddUserinfo adds the password of a URL.
func (s *Secrets) AddUserinfo(u *url.URL) {
	if u == nil || u.User == nil {
		return
	}
	password, _ := u.User.Password()
	s.Add(password, Masked)
	s.AddField("Authorization", BasicAuth(u.User.Username(), password))
}

// AddField adds the secrets in a field: a token without its scheme, a password,
// the values of cookies.
func (s *Secrets) AddField(name, value string) {
	s.Add(value, Masked)
	scheme, token, found := strings.Cut(value, " ")
	if found && strings.Contains(strings.ToLower(name), "authorization") {
		s.Add(strings.TrimSpace(token), Masked)
	}
	if strings.EqualFold(scheme, "basic") {
		_, password, _ := strings.Cut(decodeBasic(token), ":")
		s.Add(password, Masked)
	}
	if strings.EqualFold(name, "cookie") {
		for cookie := range strings.SplitSeq(value, ";") {
			_, value, _ := strings.Cut(cookie, "=")
			s.Add(strings.TrimSpace(value), Masked)
		}
	}
}

// BasicAuth is the credentials of RFC 7617.
func BasicAuth(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// decodeBasic is the user:password of such credentials; "" if they are not valid.
func decodeBasic(text string) string {
	plain, _ := base64.StdEncoding.DecodeString(text)
	return string(plain)
}
