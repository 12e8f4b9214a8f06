package gateway

import (
	_ "embed"
	"path/filepath"
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
	config := s.fill(haproxyConfig, nil)
	return Setup{
		Args:  []string{"-db", "-f", filepath.Join(s.Dir, "haproxy.cfg")},
		Files: map[string]string{"haproxy.cfg": config},
	}
}
