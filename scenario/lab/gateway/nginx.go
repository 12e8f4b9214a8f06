package gateway

import (
	_ "embed"
	"os/user"
	"path/filepath"
)

// nginx: TERM is a fast shutdown, QUIT a graceful one, which closes the listener
// at once (https://nginx.org/en/docs/control.html).
func nginx() *Gateway {
	return &Gateway{
		Name: "nginx", program: "nginx", obtain: "apt-get install nginx-light", version: []string{"-v"},
		SetUp: setUpNginx,
		Stops: map[Mode]Stopping{
			Abrupt:   {text: "TERM", Signal: "TERM"},
			Naive:    {text: "QUIT", Signal: "QUIT"},
			Graceful: {text: "QUIT after DELAY", Hook: true, Signal: "QUIT"},
		},
	}
}

//go:embed nginx.conf
var nginxConfig string

// setUpNginx does not limit the requests per connection: by default, nginx
// closes each connection after 1,000 requests, which is no part of a shutdown.
func setUpNginx(s *Site) Setup {
	owner := ""
	if u, err := user.Current(); err == nil && u.Uid == "0" {
		owner = "user " + u.Username + ";"
	}
	config := s.fill(nginxConfig, map[string]string{"USER": owner})
	return Setup{
		Args:  []string{"-p", s.Dir, "-c", filepath.Join(s.Dir, "nginx.conf"), "-e", "stderr"},
		Files: map[string]string{"nginx.conf": config},
	}
}
