package loadgen

import (
	"net/url"
	"strings"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/safetext"
)

// secrets are the secrets that the requests carry.
func (c *Config) secrets(t target.Target) safetext.Secrets {
	s := c.Secrets.Clone()
	s.AddUserinfo(t.URL)
	s.AddUserinfo(c.Proxy)
	for part := range strings.FieldsFuncSeq(t.URL.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		if name, value, _ := strings.Cut(part, "="); safetext.IsSecretParameter(name, value) {
			s.Add(value, safetext.Masked)
			if plain, err := url.QueryUnescape(value); err == nil {
				s.Add(plain, safetext.Masked)
			}
		}
	}
	for _, f := range c.Fields {
		if safetext.IsSecretName(f.Name) {
			s.AddField(f.Name, f.Value)
		}
	}
	return s
}
