package scenario_test

import (
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

func TestParseAt(t *testing.T) {
	tests := map[string]struct {
		text string
		want scenario.At
		back string
	}{
		"share":          {"40%", scenario.At{Percent: 40}, "40%"},
		"part of a per":  {"0.5%", scenario.At{Percent: 0.5}, "0.5%"},
		"nearly all":     {"99.9%", scenario.At{Percent: 99.9}, "99.9%"},
		"no share":       {"0%", scenario.At{}, "0s"},
		"time":           {"5s", scenario.At{Time: 5 * time.Second}, "5s"},
		"composite time": {"1m30s", scenario.At{Time: 90 * time.Second}, "1m30s"},
		"the start":      {"0s", scenario.At{}, "0s"},
		"zero":           {"0", scenario.At{}, "0s"},
		"request":        {"#10000", scenario.At{Request: 10000}, "#10000"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := scenario.ParseAt(tc.text)
			if err != nil || got != tc.want || got.String() != tc.back {
				t.Errorf("%q: got %+v (%s), %v; want %+v (%s)", tc.text, got, got, err, tc.want, tc.back)
			}
		})
	}
}

func TestParseAtErrors(t *testing.T) {
	for _, text := range []string{
		"", " ", "40", "%", "-1%", "100%", "NaN%", "Inf%", "4 0%", "40%%",
		"#", "#0", "#-1", "#1.5", "# 1", "-5s", "5", "5 s", "soon",
	} {
		got, err := scenario.ParseAt(text)
		if err == nil || got != (scenario.At{}) || !strings.Contains(err.Error(), "is not a share (40%), a time (5s) or a request (#10000)") {
			t.Errorf("%q: got %+v, %v; want an error that says what is taken", text, got, err)
		}
	}
}

func TestDue(t *testing.T) {
	requests := func(started int64) record.Progress {
		return record.Progress{Started: started, Planned: 200, Elapsed: time.Minute}
	}
	duration := func(elapsed time.Duration) record.Progress {
		return record.Progress{Started: 1 << 40, Duration: 10 * time.Second, Elapsed: elapsed}
	}
	tests := map[string]struct {
		at   string
		p    record.Progress
		want bool
	}{
		"the start, before it":          {"0s", record.Progress{Planned: 200}, true},
		"share of requests, before":     {"40%", requests(79), false},
		"share of requests, there":      {"40%", requests(80), true},
		"share of requests, held":       {"40%", requests(900), true},
		"share between two requests":    {"0.6%", requests(1), false},
		"share just past a request":     {"0.6%", requests(2), true},
		"share of the duration, before": {"40%", duration(4*time.Second - 1), false},
		"share of the duration, there":  {"40%", duration(4 * time.Second), true},
		"time, before":                  {"5s", duration(5*time.Second - 1), false},
		"time, there":                   {"5s", duration(5 * time.Second), true},
		"time, before any request":      {"5s", record.Progress{Planned: 200, Elapsed: 6 * time.Second}, true},
		"request, before":               {"#80", requests(79), false},
		"request, there":                {"#80", requests(80), true},
		"request, of a timed load":      {"#80", record.Progress{Started: 80, Duration: time.Hour}, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			at, err := scenario.ParseAt(tc.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := at.Due(tc.p); got != tc.want {
				t.Errorf("%s at %+v: got %t; want %t", at, tc.p, got, tc.want)
			}
		})
	}
}
