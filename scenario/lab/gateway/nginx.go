package gateway

import (
	"fmt"
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
			Graceful: {text: "QUIT DELAY later", Hook: true, Signal: "QUIT"},
		},
	}
}

// setUpNginx lets kept-alive connections be: by default nginx closes each after
// 1,000 requests, which is no part of a shutdown.
func setUpNginx(s *Site) Setup {
	owner := ""
	if u, err := user.Current(); err == nil && u.Uid == "0" {
		owner = "user " + u.Username + ";"
	}
	config := fmt.Sprintf(`daemon off;
%s
worker_processes 1;
worker_shutdown_timeout %s;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_timeout 3600s;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  upstream backend {
    server %s;
    keepalive 1024;
    keepalive_requests 1000000000;
    keepalive_timeout %s;
  }
  server {
    listen %s backlog=65535;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_next_upstream off;
      proxy_read_timeout 3600s;
      add_header %s %s always;
    }
  }
}
`, owner, inMilliseconds(s.Terms.Grace), s.Backend, s.Terms.backendIdle(), s.Listen, ReplicaHeader, s.Name)
	return Setup{
		Args:  []string{"-p", s.Dir, "-c", filepath.Join(s.Dir, "nginx.conf"), "-e", "stderr"},
		Files: map[string]string{"nginx.conf": config},
	}
}
