package gateway

import (
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestConfigurations checks that every placeholder is replaced.
func TestConfigurations(t *testing.T) {
	for _, g := range All() {
		for _, mode := range Modes() {
			if g.Own() {
				continue
			}
			s := &Site{Name: "gw-1", Dir: t.TempDir(), Listen: netip.MustParseAddrPort("127.0.0.2:1"), Admin: netip.MustParseAddrPort("127.0.0.2:2"), Backend: "127.0.0.1:3"}
			s.Terms = Terms{Stop: mode, PreStop: time.Second, Grace: time.Minute, Idle: time.Hour}
			for name, text := range g.SetUp(s).Files {
				if left := regexp.MustCompile(`@[A-Z_]+@`).FindAllString(text, -1); left != nil {
					t.Errorf("%s, %s: %s: nothing is put in for %q", g.Name, mode, name, left)
				}
				if !strings.Contains(text, "127.0.0.1") {
					t.Errorf("%s, %s: %s does not have the backend", g.Name, mode, name)
				}
			}
		}
	}
}

// TestAll checks that every gateway with a file is in All and supports every
// stop mode.
func TestAll(t *testing.T) {
	for _, g := range All() {
		for _, mode := range Modes() {
			if g.Stops[mode].Signal == "" {
				t.Errorf("%s cannot be stopped in the way %s", g.Name, mode)
			}
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if made := regexp.MustCompile(`(?m)^func (\w+)\(\) \*Gateway `).FindSubmatch(text); made != nil && !slices.Contains(Names(), strings.ToLower(string(made[1]))) {
			t.Errorf("%s: %s is not in All", file, made[1])
		}
	}
}
