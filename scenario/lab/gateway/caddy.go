package gateway

import (
	_ "embed"
	"path/filepath"
	"time"
)

// caddy: TERM always triggers a shutdown as configured: it keeps accepting for
// shutdown_delay, and then requests in flight have grace_period (without one,
// no limit). The only stop without either is QUIT, which no orchestrator sends,
// so abrupt uses TERM with a minimal grace period.
func caddy() *Gateway {
	return &Gateway{
		Name: "caddy", program: "caddy", obtain: "apt-get install caddy", version: []string{"version"},
		SetUp: setUpCaddy,
		Stops: map[Mode]Stopping{
			Abrupt:   {text: "TERM, grace_period 1ms", Signal: "TERM"},
			Naive:    {text: "TERM, grace_period", Signal: "TERM"},
			Graceful: {text: "TERM, shutdown_delay DELAY, grace_period", Signal: "TERM"},
		},
	}
}

//go:embed Caddyfile
var caddyConfig string

func setUpCaddy(s *Site) Setup {
	grace, delay := s.Terms.Grace, time.Duration(0)
	switch s.Terms.Stop {
	case Abrupt:
		grace = 0
	case Graceful:
		delay = s.Terms.PreStop
	case Naive:
	}
	shutdown := ""
	if delay > 0 {
		shutdown = "shutdown_delay " + inMilliseconds(delay)
	}
	protocols, tls := caddySpeaks(s)
	config := s.fill(caddyConfig, map[string]string{
		"GRACE": inMilliseconds(grace), "SHUTDOWN": shutdown,
		"SCHEME": s.Proto.Scheme(), "PROTOCOLS": protocols, "TLS": tls, "HOSTNAME": Hostname,
	})
	return Setup{
		Args:  []string{"run", "--config", filepath.Join(s.Dir, "Caddyfile"), "--adapter", "caddyfile"},
		Env:   []string{"HOME=" + s.Dir, "XDG_DATA_HOME=" + s.Dir, "XDG_CONFIG_HOME=" + s.Dir, "GOMAXPROCS=1"},
		Files: map[string]string{"Caddyfile": config},
	}
}

// caddySpeaks returns the protocols of the server and the setting of its
// certificate. A client that connects to an address names no host: default_sni
// names the certificate's.
func caddySpeaks(s *Site) (protocols, tls string) {
	protocols = "h1"
	if s.Proto.HTTP2() {
		protocols += " " + string(s.Proto)
	}
	if s.Proto.TLS() {
		tls = "tls " + CertificateFile + " " + CertificateFile
	}
	return protocols, tls
}
