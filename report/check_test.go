package report

import (
	"math"
	"strings"
	"testing"

	"nodrop/loadgen"
)

func TestParseCheck(t *testing.T) {
	for text, want := range map[string]Check{
		"lost > 0":          {"lost", ">", 0},
		"lost>0":            {"lost", ">", 0},
		"  lost \t>=  12  ": {"lost", ">=", 12},
		"ok >= 50000":       {"ok", ">=", 50000},
		"spoiled == 0":      {"spoiled", "==", 0},
		"unsent != 3":       {"unsent", "!=", 3},
		"aborted<=7":        {"aborted", "<=", 7},
		"lost < 1.5":        {"lost", "<", 1.5},
		"lost < 1e3":        {"lost", "<", 1000},
		"lost > -1":         {"lost", ">", -1},
	} {
		got, err := ParseCheck(text)
		if err != nil || got != want {
			t.Errorf("ParseCheck(%q): got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseCheckErrors(t *testing.T) {
	const known = "known: ok, lost, spoiled, unsent, aborted"
	for text, want := range map[string]string{
		"":               `check "": no comparison in it; hint: write "lost > 0"`,
		"lost":           `check "lost": no comparison in it; hint: write "lost > 0"`,
		"lost = 0":       `check "lost = 0": no comparison in it; hint: write "lost > 0"`,
		"lost >":         `check "lost >": "" is not a number`,
		"lost > many":    `check "lost > many": "many" is not a number`,
		"lost > 0 > 1":   `check "lost > 0 > 1": "0 > 1" is not a number`,
		"lost > 250ms":   `check "lost > 250ms": "250ms" is not a number`,
		"lost > 1e999":   `check "lost > 1e999": "1e999" is not a number`,
		"lost > NaN":     `check "lost > NaN": "NaN" is not a number`,
		"lost < Inf":     `check "lost < Inf": "Inf" is not a number`,
		"lost =< 5":      `check "lost =< 5": unknown count "lost ="; ` + known,
		"> 0":            `check "> 0": unknown count ""; ` + known,
		"Lost > 0":       `check "Lost > 0": unknown count "Lost"; ` + known,
		"requests > 0":   `check "requests > 0": unknown count "requests"; ` + known,
		"lost > 0 == 1":  `check "lost > 0 == 1": unknown count "lost > 0"; ` + known,
		"not lost\n > 0": `check "not lost\n > 0": unknown count "not lost"; ` + known,
	} {
		got, err := ParseCheck(text)
		switch {
		case err == nil:
			t.Errorf("ParseCheck(%q): got %+v; want an error", text, got)
		case err.Error() != want:
			t.Errorf("ParseCheck(%q): got %q; want %q", text, err, want)
		case got != (Check{}):
			t.Errorf("ParseCheck(%q): got %+v beside the error; want nothing", text, got)
		}
	}
}

func TestCheckString(t *testing.T) {
	for text, want := range map[string]string{
		"lost>0":          "lost > 0",
		"lost>=  -0":      "lost >= 0",
		"ok < 1e6":        "ok < 1000000",
		"ok < 0.000001":   "ok < 0.000001",
		"ok == 123456789": "ok == 123456789",
	} {
		c, err := ParseCheck(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.String(); got != want {
			t.Errorf("%q: got %q; want %q", text, got, want)
		}
	}
}

func TestCheckHolds(t *testing.T) {
	run := &loadgen.Run{Counts: loadgen.Counts{Planned: 100, Started: 90, Unsent: 10, OK: 50, Lost: 30, Spoiled: 7, Aborted: 3}}
	for text, want := range map[string]bool{
		"ok == 50": true, "lost == 30": true, "spoiled == 7": true, "unsent == 10": true, "aborted == 3": true,
		"ok == 51": false, "lost == 0": false, "spoiled == 0": false, "unsent == 0": false, "aborted == 0": false,
		"lost > 29": true, "lost > 30": false,
		"lost >= 30": true, "lost >= 31": false,
		"lost < 31": true, "lost < 30": false,
		"lost <= 30": true, "lost <= 29": false,
		"lost != 29": true, "lost != 30": false,
		"lost > 29.5": true, "lost < 29.5": false,
	} {
		c, err := ParseCheck(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.holds(run); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for name, c := range map[string]Check{"count": {"p99", ">", 0}, "comparison": {"lost", "~", 0}} {
		if _, err := c.holds(run); err == nil || !strings.Contains(err.Error(), "unknown "+name) {
			t.Errorf("%v: got %v; want an unknown %s", c, err, name)
		}
	}
}

func FuzzParseCheck(f *testing.F) {
	for _, seed := range []string{
		"lost > 0", "ok>=50000", "spoiled==0", "unsent != 3", "aborted<=7", "lost < 1.5e3", "lost > -0", "lost > 0x1p-2",
		"", "lost", ">", "==", "lost = 0", "lost > NaN", "lost > -Inf", "lost > 1e999", "lost >== 1", "p99 > 250ms", "p99 > +10%", "\x00 > \xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCheck(text)
		if err != nil {
			if msg := err.Error(); !strings.HasPrefix(msg, "check ") || strings.ContainsAny(msg, "\n\r") {
				t.Errorf("ParseCheck(%q): got %q; want one line that names the check", text, msg)
			}
			return
		}
		if math.IsNaN(c.Value) || math.IsInf(c.Value, 0) {
			t.Errorf("ParseCheck(%q): got %v; want a finite number", text, c.Value)
		}
		again, err := ParseCheck(c.String())
		if err != nil || again != c {
			t.Errorf("ParseCheck(%q) = %+v; its text %q gives %+v, %v", text, c, c.String(), again, err)
		}
		if _, err := c.holds(&loadgen.Run{}); err != nil {
			t.Errorf("ParseCheck(%q): cannot be evaluated: %v", text, err)
		}
	})
}
