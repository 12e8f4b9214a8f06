package misuse

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"act", "web", "exec", "lab", "compare", "scenario"}
	for name, want := range map[string]string{
		"atc": "act", "exce": "exec", "labs": "lab", "comprae": "compare", "senario": "scenario", "web": "web",
		"abc": "", "x": "", "": "", "prove": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%q: got %q; want %q", name, got, want)
		}
	}
}
