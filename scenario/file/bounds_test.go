package file

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const begin = "target: http://127.0.0.1/\nload: {requests: 100, connections: 1}\n"

// TestBounds: oversized files are rejected before they cost anything, and files
// just within the limits are accepted. The steps wait for each other in a
// chain; looking up each link among all steps was once slow.
func TestBounds(t *testing.T) {
	chain := func(n int, last string) string {
		var b strings.Builder
		for i := range n - 1 {
			fmt.Fprintf(&b, "  - {name: s%d, after: s%d, wait: 1ms}\n", i, i+1)
		}
		return b.String() + "  - {name: s" + fmt.Sprint(n-1) + ", " + last + ", wait: 1ms}\n"
	}
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, tc := range map[string]struct{ text, want string }{
		"steps":              {begin + "timeline:\n" + chain(maxSteps, "at: 1s"), ""},
		"in a circle":        {begin + "timeline:\n" + chain(maxSteps, "after: s0"), "x.yaml:4:5: step s0 waits for itself"},
		"after nobody":       {begin + "timeline:\n" + many(maxSteps, "  - {name: s%[1]d, after: t%[1]d, wait: 1ms}\n"), `x.yaml:4:5: after: there is no step "t0"; did you mean "s0"?`},
		"too many steps":     {begin + "timeline:\n" + chain(maxSteps+1, "at: 1s"), "x.yaml:1:1: 10001 steps; want at most 10000"},
		"steps of all parts": {begin + "setup:\n" + many(maxSteps/2, "  - {name: a%d, wait: 1ms}\n") + "variants:\n  v:\n    restore:\n" + many(maxSteps/2, "    - {name: b%d, wait: 1ms}\n") + "timeline:\n" + chain(1, "at: 1s"), "x.yaml:1:1: 10001 steps; want at most 10000"},
		"too many variants":  {begin + "variants:\n" + many(100_000, "  v%d: {}\n") + "timeline:\n" + chain(1, "at: 1s"), "x.yaml:4:3: 100000 variants; want 1 to 20"},
		"too many loads":     {"target: http://127.0.0.1/\nload:\n" + many(100_000, "  l%d: {}\n") + "timeline:\n" + chain(1, "at: 1s"), "x.yaml:3:3: 100000 loads side by side; want 1 to 20"},
		"unknown keys":       {begin + many(100_000, "k%d: 1\n"), `x.yaml:1:1: a scenario needs a timeline`},
		"a long value":       {begin + "settle: " + strings.Repeat("x", 1<<20) + "\ntimeline:\n" + chain(1, "at: 1s"), `x.yaml:3:9: settle: "xxx`},
		"a long text":        {begin + "vars:\n  A: " + strings.Repeat("x", 1<<20) + "\nsetup:\n  - mark: " + strings.Repeat("${A}", 5) + "\ntimeline:\n" + chain(1, "at: 1s"), `x.yaml:6:11: longer than 4194304 bytes once its variables are expanded`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse("x.yaml", []byte(tc.text), Options{})
			switch {
			case tc.want == "" && err == nil:
			case err == nil || tc.want == "" || !strings.HasPrefix(err.Error(), tc.want):
				text := fmt.Sprint(err)
				t.Errorf("got %s; want %s", text[:min(len(text), 300)], tc.want)
			case len(err.Error()) > (maxFaults+1)*(maxFaultText+100):
				t.Errorf("the error has %d bytes; want it bounded", len(err.Error()))
			}
		})
	}
}

// TestLongFile: no more than the maximum length is read.
func TestLongFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(path, []byte(strings.Repeat("#", maxFile+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	files := []string{path}
	if runtime.GOOS != "windows" {
		files = append(files, "/dev/zero")
	}
	for _, path := range files {
		if _, err := Load(path, Options{}); err == nil || err.Error() != path+": larger than the limit of 4 MiB" {
			t.Errorf("got %v", err)
		}
	}
	if err := os.Truncate(path, maxFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, Options{}); err == nil || !strings.HasSuffix(err.Error(), "the file is empty") {
		t.Errorf("got %v", err)
	}
}
