package loadgen

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/record"
)

// validateEngine rejects --engine loop for a load that the loop cannot send.
func (c *Config) validateEngine(t target.Target) error {
	if !slices.Contains(record.EngineNames(), string(c.Engine)) {
		return fmt.Errorf("--engine %q: want one of %s", string(c.Engine), strings.Join(record.EngineNames(), ", "))
	}
	if why := c.withoutLoop(t); c.Engine == record.EngineLoop && why != "" {
		return fmt.Errorf("--engine loop: %s; use --engine pool", why)
	}
	return nil
}

// withoutLoop is why the loop cannot send a load, "" if it can.
func (c *Config) withoutLoop(t target.Target) string {
	for _, obstacle := range []struct {
		why string
		is  bool
	}{
		{"it runs only on Linux", runtime.GOOS != "linux"},
		{"it does not support TLS", t.TLS},
		{"it does not support proxies (-x)", c.Proxy != nil},
		{"it does not support --dns per-connection", c.DNS == DNSPerConnection},
		{"it does not support --trace-lost", c.TraceLost > 0},
		{"it does not support -D with a file over 1 MiB", c.BodyFile != ""},
		{"it does not support Expect: 100-continue", len(c.Body) > 0 && hasElement(c.Fields, "expect", "100-continue")},
	} {
		if obstacle.is {
			return obstacle.why
		}
	}
	return ""
}

// loops reports whether the loop sends the load.
func (c *Config) loops(t target.Target) bool {
	return c.Engine != record.EnginePool && c.withoutLoop(t) == ""
}

// Threads is GOMAXPROCS for a load with a valid Config: one thread per processor,
// and one more where the loop keeps all of those busy, so that marks and triggers
// never wait for it.
func (c *Config) Threads() int {
	t, err := parseTarget(c.URL)
	if err == nil && c.loops(t) {
		return c.CPUs + 1
	}
	return c.CPUs
}
