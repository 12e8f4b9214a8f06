package loadgen

import (
	"errors"
	"strings"
	"testing"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/safetext"
)

// TestSlips: the error for an invalid URL, and the hint about what was likely
// meant.
func TestSlips(t *testing.T) {
	tests := map[string]struct{ problem, hint string }{
		"":                         {"not an http:// or https:// URL", ""},
		"htt":                      {"not an http:// URL", "try http://htt"},
		"gateway:8080/a":           {"not an http:// URL", "try http://gateway:8080/a"},
		"//gateway/a":              {"not an http:// URL", "try http://gateway/a"},
		"://gateway/a":             {"not an http:// URL", "try http://gateway/a"},
		"./gateway":                {"not an http:// URL", ""},
		"../gateway":               {"not an http:// URL", ""},
		"-x":                       {"not an http:// URL", ""},
		"-":                        {"not an http:// URL", ""},
		"/a":                       {"not an http:// URL", ""},
		"http:/gateway/a":          {"not an http:// URL", "try http://gateway/a"},
		"HTTPS:gateway/a":          {"not an http:// URL", "try https://gateway/a"},
		"http//gateway/a":          {"not an http:// URL", "try http://gateway/a"},
		"http;//gateway/a":         {"not an http:// URL", "try http://gateway/a"},
		`http:\\gateway\a`:         {"not an http:// URL", "try http://gateway/a"},
		`http://gateway\a`:         {`a \ in the host`, "try http://gateway/a"},
		"htp://gateway/":           {"not an http:// or https:// URL", "try http://gateway/"},
		"htttps://gateway/":        {"not an http:// or https:// URL", "try https://gateway/"},
		"ftp://gateway/":           {"not an http:// or https:// URL", ""},
		"ws://gateway/":            {"not an http:// or https:// URL", ""},
		"http://https://gateway/":  {"two schemes", "try https://gateway/"},
		`"http://gateway/"`:        {"in quotes", "try http://gateway/"},
		"“http://gateway/”":        {"in quotes", "try http://gateway/"},
		"<http://gateway/>":        {"in quotes", "try http://gateway/"},
		"http://":                  {"no host", ""},
		"http:///gateway.local/":   {"no host", "try http://gateway.local/"},
		"http://:8080/":            {"no host", "try http://localhost:8080/"},
		"http://u:secret@/":        {"no host", ""},
		"http://::1:8080/":         {"an IPv6 address needs brackets", "try http://[::1]:8080/"},
		"http://fe80::1/":          {"an IPv6 address needs brackets", "try http://[fe80::1]/"},
		"http://gateway:x/":        {`port "x" is not a number`, ""},
		"http://gateway:-1/":       {`port "-1" is not a number`, ""},
		"http://gateway:0/":        {"port 0 is not between 1 and 65535", ""},
		"http://gateway:65536/":    {"port 65536 is not between 1 and 65535", ""},
		"http://gate way/":         {`invalid character " " in host name`, ""},
		"http://gateway/a\nb":      {"net/url: invalid control character in URL", ""},
		"http://[::1/":             {"missing ']' in host", ""},
		"http://gateway/%zz":       {`invalid URL escape "%zz"`, ""},
		"http://xn--ü.example/":    {"not a valid internationalized domain name", ""},
		"u:secret@gateway:80":      {"not an http:// URL", "try http://u:***@gateway:80"},
		"http:/u:secret@gateway/":  {"not an http:// URL", "try http://u:***@gateway/"},
		"htp://u:secret@gateway/":  {"not an http:// or https:// URL", "try http://u:***@gateway/"},
		"http://u:secret@g:x/":     {`port "x" is not a number`, ""},
		"http://u:secret/x@g/":     {"a /, ? or # in the user or password must be escaped", "write %2F, %3F or %23 instead"},
		"http://u:secret#x@g/":     {"a /, ? or # in the user or password must be escaped", "write %2F, %3F or %23 instead"},
		"http://u:secret%zz@g/":    {"a % in the user or password must be escaped", "write %25 instead"},
		"http://u:secret x@g/":     {"net/url: invalid userinfo", ""},
		"http://u:secret@[::1/":    {"missing ']' in host", ""},
		`http://u:secret@g\a`:      {`a \ in the host`, "try http://u:***@g/a"},
		`'http://u:secret@g/'`:     {"in quotes", "try http://u:***@g/"},
		"http://u:secret@fe80::1/": {"an IPv6 address needs brackets", "try http://u:***@[fe80::1]/"},
	}
	for url, want := range tests {
		_, err := parseTarget(url)
		if err == nil {
			t.Errorf("%q was taken", url)
			continue
		}
		hint := ""
		if wrong, ok := errors.AsType[*OptionError](err); ok {
			hint = wrong.Hint(Option.String)
		}
		if !strings.Contains(err.Error(), ": "+want.problem) || !strings.HasPrefix(hint, want.hint) || (hint == "") != (want.hint == "") {
			t.Errorf("%q: got %v, hint %q; want %s, hint %q", url, err, hint, want.problem, want.hint)
		}
		if text := err.Error() + hint; strings.Contains(text, "secret") || strings.ContainsAny(text, "\n\r") {
			t.Errorf("%q: %q reveals the password, or is more than one line", url, text)
		}
	}
}

// FuzzTarget: an accepted URL gives a request line that servers can read, and
// parses to the same again. The error for any other URL is one line.
func FuzzTarget(f *testing.F) {
	for _, url := range []string{
		"http://u:p@gateway:81/a%2Fb c?d=ü#e", "HTTPS://[fe80::1%eth0]:8080", "http://bücher.example", "http:/gateway", "http://::1:80/",
		"“http://gateway/”", `http:\\gateway\a`, "http://u:p/w@h/", "http://h?a", "http://h:/", "//h", "http://%41/", "http://[::1%25a%20b]/",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		safetext.MaskURL(url)
		got, err := parseTarget(url)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("%q: %q is more than a line", url, err)
			}
			return
		}
		cfg := Config{Method: "GET"}
		req := cfg.request(got, "GET", engine.Payload{}, true)
		if err := req.Validate(); err != nil {
			t.Errorf("%q: %v", url, err)
		}
		again, err := parseTarget(got.URL.String())
		if err != nil || again.Path != got.Path || again.Hostport() != got.Hostport() || again.HostField() != got.HostField() {
			t.Errorf("%q is %s and %s; its URL %q reads as %s and %s: %v", url, got.Hostport(), got.Path, got.URL, again.Hostport(), again.Path, err)
		}
	})
}
