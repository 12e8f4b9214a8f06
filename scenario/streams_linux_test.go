package scenario_test

import (
	"os"
	"path/filepath"
	"testing"

	"nodrop/scenario"
)

// TestStreamThatCannotBe: resources of the earlier streams are released.
func TestStreamThatCannotBe(t *testing.T) {
	large := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(large, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b := config("http://127.0.0.1/"), config("gopher://x/")
	a.BodyFile = large
	s := &scenario.Scenario{
		Streams:  []scenario.Stream{{Name: "a", Load: a}, {Name: "b", Load: b}},
		Variants: []scenario.Variant{{Name: "v"}},
	}
	_, err := runScenario(t, s)
	const want = `v: b: URL "gopher://x/": not an http:// or https:// URL`
	if err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name, err := os.Readlink(filepath.Join("/proc/self/fd", file.Name())); err == nil && name == large {
			t.Error("the body of stream a is open")
		}
	}
}
