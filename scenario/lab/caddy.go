package lab

import (
	"fmt"
	"path/filepath"
	"time"
)

// caddy: TERM always shuts down as configured: for how long it goes on accepting
// (shutdown_delay), and then how long what is in flight may take (grace_period;
// without one, for ever). It does not know a stop without either but QUIT, which
// no orchestrator sends: abrupt is a grace period of next to nothing.
func caddy() *Gateway {
	return &Gateway{
		Name: "caddy", program: "caddy", obtain: "apt-get install caddy", version: []string{"version"},
		setUp: setUpCaddy,
		stops: map[StopMode]stopping{
			Abrupt:   {text: "TERM, grace_period 1ms", signal: "TERM"},
			Naive:    {text: "TERM, grace_period", signal: "TERM"},
			Graceful: {text: "TERM, shutdown_delay DELAY, grace_period", signal: "TERM"},
		},
	}
}

func setUpCaddy(s *site) setup {
	grace, delay := s.terms.grace, time.Duration(0)
	switch s.terms.stop {
	case Abrupt:
		grace = 0
	case Graceful:
		delay = s.terms.preStop
	case Naive:
	}
	shutdown := ""
	if delay > 0 {
		shutdown = "shutdown_delay " + inMilliseconds(delay)
	}
	config := fmt.Sprintf(`{
	admin off
	auto_https off
	grace_period %s
	%s
	log {
		level WARN
	}
	servers {
		timeouts {
			idle 1h
		}
	}
}
http://:%d {
	bind %s
	header %s %s
	reverse_proxy %s {
		transport http {
			keepalive %s
			keepalive_idle_conns_per_host 1024
		}
	}
}
`, inMilliseconds(grace), shutdown, s.listen.Port(), s.listen.Addr(), ReplicaHeader, s.name, s.backend, s.terms.backendIdle())
	return setup{
		args:  []string{"run", "--config", filepath.Join(s.dir, "Caddyfile"), "--adapter", "caddyfile"},
		env:   []string{"HOME=" + s.dir, "XDG_DATA_HOME=" + s.dir, "XDG_CONFIG_HOME=" + s.dir, "GOMAXPROCS=1"},
		files: map[string]string{"Caddyfile": config},
	}
}
