package gateway

import (
	"strings"
	"testing"
)

func TestParseProto(t *testing.T) {
	for _, p := range Protos() {
		if got, err := ParseProto(string(p)); err != nil || got != p {
			t.Errorf("ParseProto(%q) = %q, %v", p, got, err)
		}
		if (p.Describe() == "") != (p == H1) {
			t.Errorf("%s is %q", p, p.Describe())
		}
	}
	if got, err := ParseProto(""); err != nil || got != H1 {
		t.Errorf("got %q, %v; want h1", got, err)
	}
	if _, err := ParseProto("h3"); err == nil || !strings.Contains(err.Error(), `"h3": want one of h1, h1s, h2, h2c`) {
		t.Errorf("got %v; want the known names", err)
	}
}

func TestProtoURL(t *testing.T) {
	for p, want := range map[Proto]struct {
		scheme string
		port   uint16
		alpn   string
	}{
		"":  {"http", 80, ""},
		H1:  {"http", 80, ""},
		H1S: {"https", 443, "http/1.1"},
		H2:  {"https", 443, "h2 http/1.1"},
		H2C: {"http", 80, ""},
	} {
		if p.Scheme() != want.scheme || p.Port() != want.port || strings.Join(p.alpn(), " ") != want.alpn {
			t.Errorf("%q: %s, %d, %q", p, p.Scheme(), p.Port(), p.alpn())
		}
	}
}
