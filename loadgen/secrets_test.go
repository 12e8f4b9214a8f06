package loadgen

import (
	"testing"

	"nodrop/loadgen/safetext"
)

func TestSecrets(t *testing.T) {
	cfg := Config{Fields: []Field{
		{Name: "Authorization", Value: safetext.BasicAuth("me", "hunter22")}, {Name: "Cookie", Value: "sid=cookie1; theme=dark blue"}, {Name: "X-Api-Key", Value: `k"1/2`}, {Name: "Accept", Value: "text/html"},
	}}
	cfg.Secrets.AddVariable("TOKEN", "tok1")
	cfg.Secrets.AddVariable("N", "1234567")
	cfg.Secrets.AddVariable("A", "abc")
	cfg.Secrets.AddVariable("URL", "http://me:pass1@h/?a=1")
	cfg.Secrets.AddVariable("LINE", "kubectl scale")
	target, err := parseTarget("http://u:urlpass@h/?a=first&token=query1%2F")
	if err != nil {
		t.Fatal(err)
	}
	s := cfg.secrets(target)
	for text, want := range map[string]string{
		"bad password hunter22":              "bad password ***",
		"session cookie1 is over":            "session *** is over",
		"theme dark blue":                    "theme ***",
		`key "k\"1/2"`:                       `key "***"`,
		"k%221%2F2":                          "***",
		"urlpass":                            "***",
		"query1%2F and query1/":              "*** and ***",
		"first text/html":                    "first text/html",
		"tok1":                               "${TOKEN}",
		"1234567 requests":                   "1234567 requests",
		"abc":                                "abc",
		"GET http://me:pass1@h/?a=1: 404":    "GET http://me:***@h/?a=1: 404",
		"kubectl scale: not found":           "${LINE}: not found",
		safetext.BasicAuth("me", "hunter22"): "***",
		safetext.BasicAuth("u", "urlpass"):   "***",
	} {
		if got := s.Mask(text); got != want {
			t.Errorf("%s: got %s; want %s", text, got, want)
		}
	}
}
