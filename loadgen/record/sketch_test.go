package record

import (
	"encoding/json"
	"math"
	"testing"
)

// TestSketchAbove: only latencies that are surely above a time count, and those
// of the last step.
func TestSketchAbove(t *testing.T) {
	var s Sketch
	for _, ns := range []int64{0, 63_000, 64_000, 127_000, 128_000, 300_000, 5_000_000_000} {
		s.record(ns)
	}
	for ns, want := range map[int64]int64{0: 5, 64_000: 5, 65_000: 3, 128_000: 3, 129_000: 2, 256_000: 2, 257_000: 1, 9_000_000_000: 1} {
		if got := s.Above(ns); got != want {
			t.Errorf("above %d ns: got %d; want %d", ns, got, want)
		}
	}
}

// TestPackedSketch: what was packed comes back, whatever it was, also through JSON,
// where it is an object with all steps.
func TestPackedSketch(t *testing.T) {
	full := Sketch{Max: math.MaxInt64}
	for i := range full.Steps {
		full.Steps[i] = math.MaxInt64 - int64(i)
	}
	var some Sketch
	some.record(0)
	some.record(9_000_000)
	some.record(300 * 1_000_000_000)
	for name, want := range map[string]Sketch{"empty": {}, "full": full, "some": some, "broken": {Max: -1, Steps: [sketchSteps]int64{3: -7}}} {
		packed := want.Pack()
		if got := packed.Sketch(); got != want {
			t.Errorf("%s: got %v; want %v", name, got, want)
		}
		var read PackedSketch
		text, err := json.Marshal(packed)
		if err == nil {
			err = json.Unmarshal(text, &read)
		}
		if err != nil || read != packed {
			t.Errorf("%s: read %q from %s, %v; want %q", name, read, text, err, packed)
		}
	}
	if size := len(some.Pack()); size > 16 {
		t.Errorf("3 latencies take %d bytes", size)
	}
	const want = `{"ok":1,"latency":{"maxNs":65000,"steps":[0,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}}`
	bin := openBin{Bin: Bin{OK: 1}}
	bin.sketch.record(65_000)
	if got, err := json.Marshal(bin.done()); err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
