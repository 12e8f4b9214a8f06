package loadgen

import (
	"net/url"
	"strings"
)

// secrets are those that the requests carry.
func (c *Config) secrets(t target) Secrets {
	s := c.Secrets.clone()
	s.addUserinfo(t.url)
	s.addUserinfo(c.Proxy)
	for part := range strings.FieldsFuncSeq(t.url.RawQuery, func(r rune) bool { return r == '&' || r == ';' }) {
		if name, value, _ := strings.Cut(part, "="); isSecretParameter(name, value) {
			s.Add(value, masked)
			if plain, err := url.QueryUnescape(value); err == nil {
				s.Add(plain, masked)
			}
		}
	}
	for _, f := range c.Fields {
		if IsSecretName(f.Name) {
			s.addField(f.Name, f.Value)
		}
	}
	return s
}
