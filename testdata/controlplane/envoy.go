package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// serveEnvoy is an ingress gateway that is Envoy itself: as soon as there are
// routes it writes a configuration for them and becomes that program.
func serveEnvoy(args []string) error {
	b, err := parseBecoming("envoy", args)
	if err != nil {
		return err
	}
	config, err := envoyConfig(b.listen, b.backend)
	if err != nil {
		return err
	}
	file := filepath.Join(filepath.Dir(b.routes), fmt.Sprintf("envoy-%d.yaml", os.Getpid()))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return err
	}
	return syscall.Exec(b.program, []string{
		b.program, "--config-path", file, "--log-level", "error", "--concurrency", "1", "--disable-hot-restart",
	}, os.Environ())
}

func waitRoutes(file string) (backend string, err error) {
	for {
		routes, err := readRoutes(file)
		if err != nil || routes.Enabled {
			return routes.Backend, err
		}
		sleep(context.Background(), 50*time.Millisecond)
	}
}

func envoyConfig(listen, backend string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", err
	}
	backendHost, backendPort, err := net.SplitHostPort(backend)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`
static_resources:
  listeners:
  - name: gateway
    address: {socket_address: {address: %s, port_value: %s}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: gateway
          route_config:
            virtual_hosts:
            - name: backend
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {cluster: backend}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: backend
    connect_timeout: 5s
    circuit_breakers: {thresholds: [{max_connections: 10000, max_pending_requests: 10000, max_requests: 10000}]}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {idle_timeout: 1s}
        explicit_http_config: {http_protocol_options: {}}
    load_assignment:
      cluster_name: backend
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: %s, port_value: %s}}}}]}]
`, host, port, backendHost, backendPort), nil
}
