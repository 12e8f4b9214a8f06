package gateway

import (
	"fmt"
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
			Graceful: {text: "USR1 DELAY later", Hook: true, Signal: "USR1"},
		},
	}
}

func setUpHAProxy(s *Site) Setup {
	config := fmt.Sprintf(`global
  nbthread 1
  maxconn 8000
  hard-stop-after %s
defaults
  mode http
  retries 0
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout http-keep-alive 1h
frontend gateway
  bind %s backlog 65535
  http-after-response set-header %s %s
  default_backend backend
backend backend
  http-reuse always
  server backend %s pool-purge-delay %s
`, inMilliseconds(s.Terms.Grace), s.Listen, ReplicaHeader, s.Name, s.Backend, s.Terms.backendIdle())
	return Setup{
		Args:  []string{"-db", "-f", filepath.Join(s.Dir, "haproxy.cfg")},
		Files: map[string]string{"haproxy.cfg": config},
	}
}
