package file

import (
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record/trials"
	"nodrop/scenario/action"
)

const searching = `
load: {url: "http://127.0.0.1:8080/"}
search: {var: WAIT, from: 100ms, to: 60s, step: 100ms, confirm: 7}
vars: {WAIT: 9s}
variants:
  plain: {}
  kept: {set: {WAIT: 8s}, expect: ["lost == 0"]}
timeline: [{at: 1s, wait: "${WAIT}"}]
`

// TestSearch: each trial has its value, which overrides all others, and only the
// variant with checks.
func TestSearch(t *testing.T) {
	source := &Source{"search.yaml", []byte(searching)}
	for value, want := range map[string]time.Duration{"": 100 * time.Millisecond, "1.2s": 1200 * time.Millisecond} {
		s, search, err := source.Scenario(Options{Value: value, LookupEnv: func(string) (string, bool) { return "7s", true }})
		if err != nil {
			t.Fatal(err)
		}
		if want := (trials.Range{Unit: "s", From: 1e8, To: 60e9, Step: 1e8}); search.Var != "WAIT" || search.Confirm != 7 || search.Range != want {
			t.Errorf("got %+v", search)
		}
		if len(s.Variants) != 1 || s.Variants[0].Name != "kept" {
			t.Fatalf("got %+v", s.Variants)
		}
		if got := s.Variants[0].Timeline[0].Action; got.String() != (&action.Wait{For: want}).String() {
			t.Errorf("%q: got %s", value, got)
		}
	}
}

// TestFind: a search of the command line takes the place of the file's.
func TestFind(t *testing.T) {
	source := &Source{"search.yaml", []byte(strings.Replace(searching, "search:", "repeat: 5 #", 1))}
	find := &Search{Var: "WAIT", Range: trials.Range{Unit: "s", From: 1e9, To: 2e9, Step: 1e9}}
	s, search, err := source.Scenario(Options{Find: find, Variants: []string{"plain"}, FailIf: []string{"lost > 0"}})
	if err != nil || search != find || s.Variants[0].Name != "plain" || len(s.Variants[0].FailIf) != 1 {
		t.Errorf("got %+v, %+v, %v", s, search, err)
	}
	for want, o := range map[string]Options{
		"2:1: --find OTHER: nothing uses ${OTHER}": {Find: &Search{Var: "OTHER", Range: find.Range}},
		"--find WAIT: nothing says when":           {Find: find, Variants: []string{"plain"}},
	} {
		if _, _, err := source.Scenario(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
