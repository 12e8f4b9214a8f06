package gateway

import (
	"strings"
	"testing"
)

func TestParseStopMode(t *testing.T) {
	for _, name := range ModeNames() {
		if m, err := ParseMode(name); err != nil || string(m) != name {
			t.Errorf("ParseStopMode(%q) = %q, %v", name, m, err)
		}
	}
	_, err := ParseMode("gently")
	if err == nil || !strings.Contains(err.Error(), `"gently": want one of abrupt, naive, graceful`) {
		t.Errorf("got %v; want the known names", err)
	}
}
