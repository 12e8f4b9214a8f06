package loadgen

import (
	"runtime"
	"slices"
	"strings"

	"nodrop/loadgen/record"
)

// validateEngine rejects the loop for a load that the loop cannot send.
func (c *Config) validateEngine() error {
	if !slices.Contains(record.EngineNames(), string(c.Engine)) {
		return wrong("%v %q: want one of %s", OptionEngine, string(c.Engine), strings.Join(record.EngineNames(), ", "))
	}
	if why, cannot := c.withoutLoop(); c.Engine == record.EngineLoop && cannot {
		return wrong("%v loop: %v; use %v pool", OptionEngine, why, OptionEngine)
	}
	return nil
}

// withoutLoop reports whether the loop cannot send a load, and why.
func (c *Config) withoutLoop() (why phrase, cannot bool) {
	for _, obstacle := range []struct {
		why phrase
		is  bool
	}{
		{say("it runs only on Linux"), runtime.GOOS != "linux"},
		{say("it does not support proxies (%v)", OptionProxy), c.Proxy != nil},
		{say("it does not support %v per-connection", OptionDNS), c.DNS == DNSPerConnection},
		{say("it does not support %v", OptionTraceLost), c.TraceLost > 0},
		{say("it does not support %v with a file over 1 MiB", OptionBodyFile), c.BodyFile != ""},
		{say("it does not support Expect: 100-continue"), len(c.Body) > 0 && hasElement(c.Fields, "expect", "100-continue")},
	} {
		if obstacle.is {
			return obstacle.why, true
		}
	}
	return phrase{}, false
}

// loops reports whether the loop sends the load.
func (c *Config) loops() bool {
	_, cannot := c.withoutLoop()
	return c.Engine != record.EnginePool && !cannot
}

// Threads is GOMAXPROCS for a load with a valid Config: one thread per processor,
// and one more where the loop keeps all of those busy, so that marks and triggers
// never wait for it.
func (c *Config) Threads() int {
	if c.loops() {
		return c.CPUs + 1
	}
	return c.CPUs
}
