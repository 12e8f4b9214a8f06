package check

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/metric"
	"nodrop/report/reporttest"
)

func TestParseCheck(t *testing.T) {
	for text, want := range map[string]Check{
		"lost > 0":                      {Metric: "lost", Op: ">"},
		"lost>0":                        {Metric: "lost", Op: ">"},
		"  lost \t>=  12  ":             {Metric: "lost", Op: ">=", Value: 12},
		"ok >= 50000":                   {Metric: "ok", Op: ">=", Value: 50000},
		"spoiled == 0":                  {Metric: "spoiled", Op: "=="},
		"unsent != 3":                   {Metric: "unsent", Op: "!=", Value: 3},
		"aborted<=7":                    {Metric: "aborted", Op: "<=", Value: 7},
		"lost < 1.5":                    {Metric: "lost", Op: "<", Value: 1.5},
		"lost < 1e3":                    {Metric: "lost", Op: "<", Value: 1000},
		"p99>250ms":                     {Metric: "p99", Op: ">", Value: 250, Unit: "ms"},
		"p99 > 250 ms":                  {Metric: "p99", Op: ">", Value: 250, Unit: "ms"},
		"max > 0":                       {Metric: "max", Op: ">"},
		"p99.99 < .5s":                  {Metric: "p99.99", Op: "<", Value: 0.5, Unit: "s"},
		"connect.p99 > 3us":             {Metric: "connect.p99", Op: ">", Value: 3, Unit: "us"},
		"wait.mean > 3µs":               {Metric: "wait.mean", Op: ">", Value: 3, Unit: "µs"},
		"loss > 0.1%":                   {Metric: "loss", Op: ">", Value: 0.1, Unit: "%"},
		"loss > 0.001":                  {Metric: "loss", Op: ">", Value: 0.001},
		"rps<1000":                      {Metric: "rps", Op: "<", Value: 1000},
		"window.longest > 1m":           {Metric: "window.longest", Op: ">", Value: 1, Unit: "m"},
		"lost.connect.refused > 0":      {Metric: "lost.connect.refused", Op: ">"},
		"lost.connect > 0":              {Metric: "lost.connect", Op: ">"},
		"lost.status.503 > 0":           {Metric: "lost.status.503", Op: ">"},
		"lost.status > 0":               {Metric: "lost.status", Op: ">"},
		"status.503 > 0":                {Metric: "status.503", Op: ">"},
		"status.5xx == 0":               {Metric: "status.5xx", Op: "=="},
		"p0 > 1h":                       {Metric: "p0", Op: ">", Value: 1, Unit: "h"},
		"p100 > 1ns":                    {Metric: "p100", Op: ">", Value: 1, Unit: "ns"},
		"window.total <= 1.25e2 ms\t\n": {Metric: "window.total", Op: "<=", Value: 125, Unit: "ms"},
	} {
		got, err := ParseCheck(text)
		if err != nil || got != want {
			t.Errorf("ParseCheck(%q): got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseChangeCheck(t *testing.T) {
	for text, want := range map[string]Check{
		"p99 > +10%": {Metric: "p99", Op: ">", Value: 10, Unit: "%", Relative: true},
		"rps<-5 %":   {Metric: "rps", Op: "<", Value: -5, Unit: "%", Relative: true},
		"loss > +0%": {Metric: "loss", Op: ">", Unit: "%", Relative: true},
		"loss > -0%": {Metric: "loss", Op: ">", Unit: "%", Relative: true},
		"loss > 10%": {Metric: "loss", Op: ">", Value: 10, Unit: "%"},
		"lost>+1e2%": {Metric: "lost", Op: ">", Value: 100, Unit: "%", Relative: true},
	} {
		got, err := ParseChangeCheck(text)
		if err != nil || got != want {
			t.Errorf("ParseChangeCheck(%q): got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestParseHistoryCheck(t *testing.T) {
	for text, want := range map[string]Check{
		"lost > p99(history)":           {Metric: "lost", Op: ">", Quantile: "p99"},
		"lost>p99( history )  ":         {Metric: "lost", Op: ">", Quantile: "p99"},
		"ok < min (history)":            {Metric: "ok", Op: "<", Quantile: "min"},
		"p99 >= max(history)":           {Metric: "p99", Op: ">=", Quantile: "max"},
		"window.total > p99.9(history)": {Metric: "window.total", Op: ">", Quantile: "p99.9"},
		"p99 > 250ms":                   {Metric: "p99", Op: ">", Value: 250, Unit: "ms"},
	} {
		got, err := ParseHistoryCheck(text)
		if err != nil || got != want {
			t.Errorf("ParseHistoryCheck(%q): got %+v, %v; want %+v", text, got, err, want)
		}
		if again, err := ParseHistoryCheck(got.String()); err != nil || again != want {
			t.Errorf("%q is read as %+v, %v; want %+v", got, again, err, want)
		}
	}
	known := "known: min(history) max(history) p50(history) p99(history) and every other percentile"
	for text, want := range map[string]struct{ problem, hint string }{
		"lost > q99(history)":     {`column 8: unknown function "q99"`, known},
		"lost > mean(history)":    {`column 8: unknown function "mean"`, known},
		"lost > p101(history)":    {"column 8: p101: a percentile is at most 100", "write 99.9 % as p99.9(history)"},
		"lost > p99(hist)":        {`column 8: unknown function "p99" of "hist"`, "write p99(history)"},
		"lost > p99()":            {`column 8: unknown function "p99" of ""`, "write p99(history)"},
		"lost > p99":              {`column 8: "p99" is not a number`, "did you mean p99(history)?"},
		"lost > p99(history) + 1": {`column 21: unexpected text after the value: "+ 1"`, ""},
		"lost > 2*p99(history)":   {`column 9: unexpected text after the value: "*p99(history)"`, ""},
		"lost > p99(history":      {`column 8: "p99(history" is not a number`, ""},
		"lost > +10%":             {"column 8: a change (+10%) needs BASE and NEW, not a history", "write 'lost > p99(history)', or use nodrop compare BASE NEW"},
		"requests > p99(history)": {`column 1: unknown metric "requests"`, "known: " + metric.MetricShapes},
	} {
		expectError(t, "ParseHistoryCheck", ParseHistoryCheck, text, want.problem, want.hint)
	}
	for name, parse := range map[string]func(string) (Check, error){"ParseCheck": ParseCheck, "ParseChangeCheck": ParseChangeCheck} {
		expectError(t, name, parse, "lost > p99(history)", "column 8: p99(history) needs a history, a directory of past recordings", "nodrop compare --history DIR")
	}
}

func expectError(t *testing.T, name string, parse func(string) (Check, error), text, problem, hint string) {
	t.Helper()
	_, err := parse(text)
	got := ""
	if hinted, ok := errors.AsType[*misuse.Error](err); ok {
		got = hinted.Hint
	}
	if want := fmt.Sprintf("check %q: %s", text, problem); err == nil || err.Error() != want || got != hint {
		t.Errorf("%s(%q): got %v, hint %q; want %s, hint %q", name, text, err, got, want, hint)
	}
}

// TestLimitOf: a quantile is the figure of a run, and says if the runs are too few
// for it to be anything but an extreme.
func TestLimitOf(t *testing.T) {
	upTo := func(n int) []metric.Figure {
		list := []metric.Figure{{}} // a run without the figure
		for i := range n {
			list = append(list, metric.Figure{Value: float64(n - i), Known: true})
		}
		return list
	}
	for _, tt := range []struct {
		quantile string
		runs     int
		want     float64
		extreme  Extreme
	}{
		{"p99", 12, 12, Maximum},
		{"p99", 100, 99, ""},
		{"p99", 99, 99, Maximum},
		{"p99.9", 1000, 999, ""},
		{"p99.9", 999, 999, Maximum},
		{"p90", 10, 9, ""},
		{"p90", 9, 9, Maximum},
		{"p50", 10, 5, ""},
		{"p50", 11, 6, ""},
		{"p100", 7, 7, Maximum},
		{"max", 7, 7, Maximum},
		{"min", 7, 1, Minimum},
		{"p0", 7, 1, Minimum},
		{"p10", 10, 1, Minimum},
		{"p10", 11, 2, ""},
		{"p50", 1, 1, Maximum},
	} {
		got := Check{Quantile: tt.quantile}.LimitOf(upTo(tt.runs))
		want := Limit{
			Figure: metric.Figure{Value: tt.want, Known: true}, Runs: tt.runs, Extreme: tt.extreme,
			Least: metric.Figure{Value: 1, Known: true}, Most: metric.Figure{Value: float64(tt.runs), Known: true},
		}
		if got != want {
			t.Errorf("%s of %d runs: got %+v; want %+v", tt.quantile, tt.runs, got, want)
		}
	}
	if got := (Check{Quantile: "p99"}).LimitOf(upTo(0)); got != (Limit{}) {
		t.Errorf("got %+v of no runs; want nothing", got)
	}
}

func TestParseCheckErrors(t *testing.T) {
	const operators = "use one of > >= < <= == !="
	for text, want := range map[string]struct{ problem, hint string }{
		"":                   {"column 1: missing metric", "write 'lost > 0'"},
		"> 0":                {"column 1: missing metric", "write 'lost > 0'"},
		"lost":               {"column 5: missing operator: " + operators, ""},
		"lost 0":             {"column 6: missing operator: " + operators, ""},
		"lost = 0":           {`column 6: unknown operator "=": ` + operators, ""},
		"lost =< 5":          {`column 6: unknown operator "=<": ` + operators, ""},
		"lost >== 5":         {`column 6: unknown operator ">==": ` + operators, ""},
		"lost >":             {"column 7: missing number", ""},
		"lost > many":        {`column 8: "many" is not a number`, ""},
		"lost > NaN":         {`column 8: "NaN" is not a number`, ""},
		"lost < Inf":         {`column 8: "Inf" is not a number`, ""},
		"lost > 1e999":       {"column 8: 1e999 is out of range", ""},
		"max > 1e308h":       {"column 7: 1e308h is out of range", ""},
		"lost > 0 > 1":       {`column 10: unexpected text after the value: "> 1"`, ""},
		"lost>0 or p99>3ms":  {`column 8: unexpected text after the value: "or p99>3ms"`, ""},
		"p99 > 3ms p50":      {`column 11: unexpected text after the value: "p50"`, ""},
		"lost > 0, ok < 1":   {`column 9: unexpected text after the value: ", ok < 1"`, ""},
		"lost > 250ms":       {"column 8: lost is a count and cannot be in ms", ""},
		"lost > 5%":          {"column 8: lost is a count and cannot be in %", "for the share of lost requests, write 'loss > 5%'"},
		"rps < 10ms":         {"column 7: rps is a rate and cannot be in ms", ""},
		"rps < 10%":          {"column 7: rps is a rate and cannot be in %", ""},
		"loss > 5ms":         {"column 8: loss is a ratio and cannot be in ms", ""},
		"p99 > 250":          {"column 7: a duration needs a unit, such as 250ms", ""},
		"p99 > 250%":         {"column 7: p99 is a duration and cannot be in %", ""},
		"p99 > 250ks":        {`column 10: unknown unit "ks": use ns us ms s m h for durations, % for ratios`, ""},
		"lost > 0x1p4":       {`column 9: unknown unit "x": use ns us ms s m h for durations, % for ratios`, ""},
		"lost > -1":          {"column 8: a signed value is a change in percent: write -1%", ""},
		"p99 > +10ms":        {"column 7: a signed value is a change in percent: write +10%", ""},
		"p99 > +10%":         {"column 7: a change (+10%) needs two recordings to compare", "nodrop compare BASE NEW"},
		"Lost > 0":           {`column 1: unknown metric "Lost"`, "did you mean lost?"},
		"  windos > 0":       {`column 3: unknown metric "windos"`, "did you mean windows?"},
		"requests > 0":       {`column 1: unknown metric "requests"`, "known: " + metric.MetricShapes},
		"p101 > 1s":          {"column 1: p101: a percentile is at most 100", "write 99.9 % as p99.9"},
		"connect.p999 > 1s":  {"column 1: p999: a percentile is at most 100", "write 99.9 % as p99.9"},
		"connect.q99 > 1s":   {`column 1: unknown metric "connect.q99"`, "did you mean connect.p99?"},
		"dns. > 1s":          {`column 1: unknown metric "dns."`, "known: min mean max p50 … p99.99 of each phase"},
		"lost.refused > 0":   {`column 1: unknown failure class "refused"`, "known: a stage (dns connect proxy tls send wait head body status) or stage.cause"},
		"lost.conect > 0":    {`column 1: unknown failure class "conect"`, "did you mean connect?"},
		"lost.wait.rest > 0": {`column 1: unknown failure class "wait.rest"`, "did you mean wait.reset?"},
		"lost.wait.eofx > 0": {`column 1: unknown failure class "wait.eofx"`, "did you mean wait.eof?"},
		"lost. > 0":          {`column 1: unknown failure class ""`, "known: a stage (dns connect proxy tls send wait head body status) or stage.cause"},
		"lost.client.ports>0": {
			"column 1: client.ports counts spoiled requests, not lost ones", "use the metric spoiled",
		},
		"status.99 > 0":     {`column 1: "99" is not a status`, "use status.503 or status.5xx"},
		"status.5XX > 0":    {`column 1: "5XX" is not a status`, "use status.503 or status.5xx"},
		"µlost > 0":         {`column 1: unknown metric "µlost"`, "did you mean lost?"},
		"p99 > 3µs µ":       {`column 11: unexpected text after the value: "µ"`, ""},
		"µ µ > 0":           {`column 1: unknown metric "µ"`, "known: " + metric.MetricShapes},
		"not lost\n > 0":    {`column 1: unknown metric "not"`, "known: " + metric.MetricShapes},
		"lost\n> \xff\x00 ": {`column 8: "\xff\x00 " is not a number`, ""},
	} {
		got, err := ParseCheck(text)
		if err == nil {
			t.Errorf("ParseCheck(%q): got %+v; want an error", text, got)
			continue
		}
		hint := ""
		if hinted, ok := errors.AsType[*misuse.Error](err); ok {
			hint = hinted.Hint
		}
		_, problem, _ := strings.Cut(err.Error(), ": ")
		if problem != want.problem || hint != want.hint {
			t.Errorf("ParseCheck(%q): got %q, hint %q; want %q, %q", text, problem, hint, want.problem, want.hint)
		}
		if got != (Check{}) {
			t.Errorf("ParseCheck(%q): got %+v beside the error; want nothing", text, got)
		}
	}
	_, err := ParseCheck("p99 > 250")
	if want := `check "p99 > 250": column 7: a duration needs a unit, such as 250ms`; err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}

func TestCheckString(t *testing.T) {
	for text, want := range map[string]string{
		"lost>0":            "lost > 0",
		"ok < 1e6":          "ok < 1000000",
		"ok < 0.000001":     "ok < 0.000001",
		"ok == 123456789":   "ok == 123456789",
		"p99>.25 s":         "p99 > 0.25s",
		"loss>=1%":          "loss >= 1%",
		"p99>+10%":          "p99 > +10%",
		"rps<-5%":           "rps < -5%",
		"loss > -0%":        "loss > +0%",
		"lost.connect != 3": "lost.connect != 3",
	} {
		c, err := ParseChangeCheck(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.String(); got != want {
			t.Errorf("%q: got %q; want %q", text, got, want)
		}
	}
}

func TestCheckOn(t *testing.T) {
	list := reporttest.Steady(93, 0, ms, "gw-1")
	for i := range list {
		list[i].End = list[i].Start + 8*ms
	}
	for i := range int64(7) {
		list = append(list, reporttest.Lost(200*ms, 201*ms+i*ms, "connect.refused", "gw-1", reporttest.RefusedText))
	}
	r := new(analysis.Of(reporttest.NewRun(t, list)))
	for text, want := range map[string]bool{
		"lost > 6": true, "lost > 7": false,
		"lost >= 7": true, "lost >= 8": false,
		"lost < 8": true, "lost < 7": false,
		"lost <= 7": true, "lost <= 6": false,
		"lost == 7": true, "lost == 8": false,
		"lost != 8": true, "lost != 7": false,
		"lost > 6.5": true, "lost < 6.5": false,
		"loss == 7%": true, "loss == 0.07": true, "loss > 6.9%": true, "loss > 7.1%": false,
		"p50 == 8ms": true, "p50 == 8000us": true, "p50 == 8000µs": true, "p50 == 8000000ns": true, "p50 >= 0.008s": true,
		"p50 < 1m": true, "p50 < 1h": true, "p50 > 0": true, "max < 7.9ms": false,
	} {
		c, err := ParseCheck(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, f := c.on(r); got != want || !f.Known {
			t.Errorf("%q: got %v on %v; want %v", text, got, f, want)
		}
	}
}

func FuzzParseCheck(f *testing.F) {
	for _, seed := range []string{
		"lost > 0", "ok>=50000", "spoiled==0", "unsent != 3", "aborted<=7", "lost < 1.5e3", "lost > -0", "lost > 0x1p-2",
		"", "lost", ">", "==", "lost = 0", "lost > NaN", "lost > -Inf", "lost > 1e999", "lost >== 1", "p99 > 250ms", "p99 > +10%", "\x00 > \xff",
		"connect.p99.9 <= 3 µs", "loss > 0.1%", "status.5xx == 0", "lost.connect.refused > 0", "rps < -5 %", "p99 > 1e300h", "p1e9 > 0", "max > .5μs",
	} {
		f.Add(seed)
	}
	empty := new(analysis.Of(&record.Run{}))
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseChangeCheck(text)
		if err != nil {
			if msg := err.Error(); !strings.HasPrefix(msg, "check ") || strings.ContainsAny(msg, "\n\r") {
				t.Errorf("ParseChangeCheck(%q): got %q; want one line that names the check", text, msg)
			}
			if hinted, ok := errors.AsType[*misuse.Error](err); ok && strings.ContainsAny(hinted.Hint, "\n\r") {
				t.Errorf("ParseChangeCheck(%q): got the hint %q; want one line", text, hinted.Hint)
			}
			return
		}
		if v := c.threshold(); math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("ParseChangeCheck(%q): got %v; want a finite number", text, v)
		}
		again, err := ParseChangeCheck(c.String())
		if err != nil || again != c {
			t.Errorf("ParseChangeCheck(%q) = %+v; its text %q gives %+v, %v", text, c, c.String(), again, err)
		}
		if absolute, err := ParseCheck(text); c.Relative == (err == nil) || err == nil && absolute != c {
			t.Errorf("ParseCheck(%q) = %+v, %v; as a change %+v", text, absolute, err, c)
		}
		c.on(empty)
	})
}
