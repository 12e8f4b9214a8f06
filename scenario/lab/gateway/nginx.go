package gateway

import (
	_ "embed"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
	speaks, settings := nginxSpeaks(s)
	config := s.fill(nginxConfig, map[string]string{"USER": owner, "SPEAKS": speaks, "SETTINGS": settings})
	return Setup{
		Args:  []string{"-p", s.Dir, "-c", filepath.Join(s.Dir, "nginx.conf"), "-e", "stderr"},
		Files: map[string]string{"nginx.conf": config},
	}
}

// nginxSpeaks returns the protocol as parameters of listen and as settings of the
// server. Since 1.25.1, HTTP/2 is a setting, and the parameter is deprecated.
func nginxSpeaks(s *Site) (listen, settings string) {
	if s.Proto.TLS() {
		listen = " ssl"
		settings = "ssl_certificate " + CertificateFile + "; ssl_certificate_key " + CertificateFile + ";"
	}
	switch {
	case !s.Proto.HTTP2():
	case slices.Compare(numbers(s.Version), []int{1, 25, 1}) < 0:
		listen += " http2"
	default:
		settings += " http2 on;"
	}
	return listen, settings
}

// numbers returns the numbers of a version.
func numbers(version string) []int {
	var list []int
	for part := range strings.SplitSeq(version, ".") {
		n, _ := strconv.Atoi(part) // VersionOf matches digits only
		list = append(list, n)
	}
	return list
}
