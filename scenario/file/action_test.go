package file

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestActionKinds: a file can use every action of scenario/action.
func TestActionKinds(t *testing.T) {
	files, err := filepath.Glob("../action/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range regexp.MustCompile(`(?m)^func \((?:\w+ )?\*?(\w+)\) Run\(`).FindAllStringSubmatch(string(text), -1) {
			found++
			if name := strings.ToLower(run[1]); !slices.Contains(namesOf(actionKinds), name) {
				t.Errorf("an action %s of scenario/action has no row in actionKinds", run[1])
			}
		}
	}
	if found < 7 {
		t.Errorf("found only %d actions; want at least 7", found)
	}
}
