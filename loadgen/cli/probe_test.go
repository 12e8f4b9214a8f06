package cli

import (
	"testing"

	"nodrop/loadgen"
)

// TestProbeFlag: --probe takes on, off and auto, and nothing else.
func TestProbeFlag(t *testing.T) {
	const url = "http://127.0.0.1:1/"
	for text, want := range map[string]loadgen.ProbeMode{"on": loadgen.ProbeOn, "off": loadgen.ProbeOff, "auto": loadgen.ProbeAuto} {
		if cfg, err := parse(t, "--probe", text, url); err != nil || cfg.Probe != want {
			t.Errorf("--probe %s: got %q, %v", text, cfg.Probe, err)
		}
	}
	if cfg, err := parse(t, url); err != nil || cfg.Probe != loadgen.ProbeAuto || cfg.Event {
		t.Errorf("without the flag: got %q, event %t, %v", cfg.Probe, cfg.Event, err)
	}
	if _, err := parse(t, "--probe", "yes", url); err == nil || err.Error() != `--probe "yes": want one of auto, on, off` {
		t.Errorf("got %v", err)
	}
}
