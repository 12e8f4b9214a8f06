package gateway

import (
	_ "embed"
	"path/filepath"
	"strings"
)

// haproxy: TERM stops at once, USR1 is the soft stop, which closes the listener
// at once (management guide, 4. Stopping and restarting HAProxy).
func haproxy() *Gateway {
	return &Gateway{
		Name: "haproxy", program: "haproxy", obtain: "apt-get install haproxy", version: []string{"-v"},
		SetUp: setUpHAProxy,
		Stops: map[Mode]Stopping{
			Abrupt:   {text: "TERM", Signal: "TERM"},
			Naive:    {text: "USR1", Signal: "USR1"},
			Graceful: {text: "USR1 after DELAY", Hook: true, Signal: "USR1"},
		},
	}
}

//go:embed haproxy.cfg
var haproxyConfig string

func setUpHAProxy(s *Site) Setup {
	speaks := ""
	switch {
	case s.Proto.TLS():
		speaks = " ssl crt " + CertificateFile + " alpn " + strings.Join(s.Proto.alpn(), ",")
	case s.Proto.HTTP2():
		speaks = " proto h2"
	}
	config := s.fill(haproxyConfig, map[string]string{"SPEAKS": speaks})
	return Setup{
		Args:  []string{"-db", "-f", filepath.Join(s.Dir, "haproxy.cfg")},
		Files: map[string]string{"haproxy.cfg": config},
	}
}
