package file

import (
	"testing"

	"nodrop/loadgen"
)

// TestProbeSetting: a load has the key probe, with the words of the flag.
func TestProbeSetting(t *testing.T) {
	text := func(value string) []byte {
		return []byte("target: http://127.0.0.1:1/\nload:\n  probe: " + value + "\ntimeline: [{at: 1s, mark: now}]\n")
	}
	for value, want := range map[string]loadgen.ProbeMode{"on": loadgen.ProbeOn, "off": loadgen.ProbeOff, "auto": loadgen.ProbeAuto} {
		s, err := parse("x.yaml", text(value), Options{})
		if err != nil || s.Streams[0].Load.Probe != want {
			t.Errorf("%s: %v", value, err)
			continue
		}
		if err := check(t, compileSchema(t), text(value)); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
	const want = `x.yaml:3:10: probe "sometimes": want one of auto, on, off`
	if _, err := parse("x.yaml", text("sometimes"), Options{}); err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}
