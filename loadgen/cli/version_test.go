package cli

import (
	"runtime/debug"
	"testing"
)

func TestCommitOf(t *testing.T) {
	stamped := func(pairs ...string) *debug.BuildInfo {
		info := &debug.BuildInfo{}
		for i := 0; i < len(pairs); i += 2 {
			info.Settings = append(info.Settings, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return info
	}
	for want, info := range map[string]*debug.BuildInfo{
		"commit unknown":          stamped("GOOS", "linux"),
		"commit 1f2d":             stamped("vcs.revision", "1f2d", "vcs.modified", "false"),
		"commit 1f2e and changes": stamped("vcs.revision", "1f2e", "vcs.modified", "true"),
	} {
		if got := commitOf(info); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
	if got := commitOf(nil); got != "commit unknown" {
		t.Errorf("without build information: %q", got)
	}
}
