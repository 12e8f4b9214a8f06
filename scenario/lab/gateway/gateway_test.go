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

// TestConfigurations checks that every placeholder is replaced, and that a
// configuration has a certificate only if the protocol needs one.
func TestConfigurations(t *testing.T) {
	for _, g := range All() {
		for _, mode := range Modes() {
			for _, proto := range Protos() {
				if g.Own() {
					continue
				}
				s := site(mode, proto)
				for name, text := range g.SetUp(s).Files {
					if left := regexp.MustCompile(`@[A-Z_]+@`).FindAllString(text, -1); left != nil {
						t.Errorf("%s, %s, %s: %s: nothing is put in for %q", g.Name, mode, proto, name, left)
					}
					if !strings.Contains(text, "127.0.0.1") {
						t.Errorf("%s, %s, %s: %s does not have the backend", g.Name, mode, proto, name)
					}
					if strings.Contains(text, CertificateFile) != proto.TLS() {
						t.Errorf("%s, %s, %s: %s has a certificate: %v", g.Name, mode, proto, name, !proto.TLS())
					}
				}
			}
		}
	}
}

func site(mode Mode, proto Proto) *Site {
	return &Site{
		Name: "gw-1", Version: "1.2.3", Dir: "/site", Proto: proto,
		Listen: netip.MustParseAddrPort("127.0.0.2:1"), Admin: netip.MustParseAddrPort("127.0.0.2:2"), Backend: "127.0.0.1:3",
		Terms: Terms{Stop: mode, PreStop: time.Second, Grace: time.Minute, Idle: time.Hour},
	}
}

// TestNginxVersions: the parameter http2 of listen is deprecated since 1.25.1,
// and the setting is new.
func TestNginxVersions(t *testing.T) {
	for version, setting := range map[string]bool{"1.9.5": false, "1.22.1": false, "1.25.0": false, "1.25.1": true, "1.26": true, "1.31.0": true, "2.0": true} {
		s := site(Naive, H2)
		s.Version = version
		text := setUpNginx(s).Files["nginx.conf"]
		if strings.Contains(text, " http2 on;") != setting || strings.Contains(text, "ssl http2 backlog") == setting {
			t.Errorf("%s:\n%s", version, text)
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
