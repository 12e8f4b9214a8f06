package scenario

import (
	"testing"
	"time"

	"nodrop/loadgen/record"
)

type standing struct{ at record.Progress }

func (s standing) Progress() record.Progress { return s.at }
func (standing) Warnings() []string          { return nil }
func (standing) Marks() *record.Marks        { return nil }
func (standing) Since(time.Time) int64       { return 0 }

// TestProgressLine: no load exceeds its plan, and each of several is named.
func TestProgressLine(t *testing.T) {
	for name, tt := range map[string]struct {
		run   string
		loads []record.Progress
		want  string
	}{
		"not begun":        {"", []record.Progress{{Planned: 200}}, "0 of 200, 0/s, 0 lost"},
		"half":             {"", []record.Progress{{Finished: 100, Lost: 2, Planned: 200, Elapsed: 2 * time.Second}}, "100 of 200, 50/s, 2 lost"},
		"held":             {"abrupt #2", []record.Progress{{Finished: 230, Planned: 200, Elapsed: 10 * time.Second}}, "abrupt #2: 200 of 200 and 30 more, 23/s, 0 lost"},
		"for a time":       {"", []record.Progress{{Finished: 100, Duration: 10 * time.Second, Elapsed: 4 * time.Second}}, "100 in 4 of 10 s, 25/s, 0 lost"},
		"draining":         {"", []record.Progress{{Finished: 100, Duration: 10 * time.Second, Elapsed: 10100 * time.Millisecond}}, "100 in 10 of 10 s, 10/s, 0 lost"},
		"for a time, held": {"", []record.Progress{{Finished: 120, Duration: 10 * time.Second, Elapsed: 12 * time.Second}}, "120 in 10 of 10 s and 2 s more, 10/s, 0 lost"},
		"side by side": {
			"well",
			[]record.Progress{{Stream: "new", Finished: 1, Planned: 2, Elapsed: time.Second}, {Stream: "kept", Finished: 3, Planned: 4, Elapsed: time.Second}},
			"well: new 1 of 2, 1/s, 0 lost | kept 3 of 4, 3/s, 0 lost",
		},
	} {
		var loads []Watched
		for _, p := range tt.loads {
			loads = append(loads, standing{p})
		}
		if got := ProgressLine(tt.run, loads); got != tt.want {
			t.Errorf("%s: got %q; want %q", name, got, tt.want)
		}
	}
}
