package trials

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Range{
		"0s..60s/100ms":      {"s", 0, 60e9, 1e8},
		"0..60s/100ms":       {"s", 0, 60e9, 1e8},
		"0ms..500ms/50ms":    {"ms", 0, 5e8, 5e7},
		"1m..2m/10s":         {"s", 60e9, 120e9, 10e9},
		" 10 .. 30 / 1 ":     {"", 10, 30, 1},
		"0..1000us/250us":    {"us", 0, 1e6, 25e4},
		"500ms..1500ms/0.5s": {"ms", 5e8, 15e8, 5e8},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                            "not a range: want FROM..TO/STEP",
		"0s..60s":                     "not a range",
		"60s/1s":                      "not a range",
		"0s..60/1s":                   "with a unit, such as 500ms, or none",
		"0s..60s/1":                   "with a unit",
		"0..1.5/0.5":                  `"0.5": not a time`,
		"a..b/c":                      `"a": not a time`,
		"60s..0s/1s":                  "there is not a step of 1s between them",
		"0s..1s/2s":                   "there is not a step of 2s between them",
		"0s..1s/0s":                   "step 0s: must be more than 0",
		"0s..1s/-1s":                  "step -1s: must be more than 0",
		"-1s..1s/1s":                  "-1s: must not be negative",
		"0s..1s/300ms":                "not a whole number of steps of 0.3s",
		"0s..9000h/1ms":               "more than 1000000 steps",
		"9223372036854775807..1/1":    "more than",
		"0..9223372036854775807/1":    "more than",
		"0..20000h/10h":               "more than 36000000s",
		"0s..99999999999999999999s/1": "not a time",
	} {
		_, err := Parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", text, err, want)
		}
	}
}

func TestRange(t *testing.T) {
	r, err := Parse("100ms..2s/50ms")
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Steps() + 1 {
		if at, ok := r.Index(r.Value(i)); !ok || at != i {
			t.Errorf("value %d is %d, at %d", i, r.Value(i), at)
		}
	}
	if got := r.Text(r.Value(21)) + ", " + r.Words(r.Value(21)) + ", " + r.Text(0); got != "1.15s, 1.15 s, 0s" {
		t.Error(got)
	}
	for number, want := range map[int64]int{0: 0, 1e8: 0, 1e8 + 1: 1, 15e7: 1, 2e9: 38} {
		if got, ok := r.Up(number); !ok || got != want {
			t.Errorf("%d: got %d, %v; want %d", number, got, ok, want)
		}
	}
	if _, ok := r.Up(2e9 + 1); ok {
		t.Error("there is a value above the last one")
	}
}

// TestValidate: what a report could not show is refused.
func TestValidate(t *testing.T) {
	good := func() *Search {
		return &Search{
			Setting: "pre-stop", Range: Range{"s", 0, 2e9, 1e8}, Confirm: 5, Outcome: Found, Value: 1e8,
			Trials: []Trial{{Value: 0, Part: Bracket, Runs: []int{0, 1}}, {Value: 1e8, Part: Confirm, Runs: []int{2}}},
		}
	}
	if err := good().Validate(3); err != nil {
		t.Error(err)
	}
	var none *Search
	if err := none.Validate(0); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(*Search){
		"unknown outcome":   func(s *Search) { s.Outcome = "" },
		"confirm: 0":        func(s *Search) { s.Confirm = 0 },
		"not a value":       func(s *Search) { s.Value = 1 },
		"trial 0: not a":    func(s *Search) { s.Trials[0].Value = -1 },
		"run 3":             func(s *Search) { s.Trials[1].Runs[0] = 3 },
		"run -1":            func(s *Search) { s.Trials[1].Runs[0] = -1 },
		"run 0":             func(s *Search) { s.Trials[1].Runs[0] = 0 },
		"must be more":      func(s *Search) { s.Range.Step = 0 },
		"unknown unit":      func(s *Search) { s.Range.Unit = "days" },
		"unknown part":      func(s *Search) { s.Trials[0].Part = "" },
		"a whole number of": func(s *Search) { s.Range.To++ },
	} {
		s := good()
		change(s)
		if err := s.Validate(3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
