package format

import (
	"regexp"
	"testing"

	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestLastConnected: an endpoint that responded had a connection. Behind a
// virtual address, the time of it is unknown; "never" means that every
// connection was refused.
func TestLastConnected(t *testing.T) {
	list := reporttest.Steady(20, 0, ms, "gw-1", "gw-2")
	list = append(list, reporttest.Lost(21*ms, 22*ms, "connect.refused", "gw-3", reporttest.RefusedText))
	run := reporttest.NewRun(t, list)
	for i := range run.Endpoints {
		if seen := &run.Endpoints[i]; seen.Name == "gw-2" {
			seen.FirstConnect, seen.LastConnect = -1, -1
		}
	}
	r := report.Build(reporttest.Recording(run))
	text, table := render(t, TextFor(TextOptions{Full: true}), r), render(t, Markdown, r)
	for _, want := range []struct{ in, row string }{
		{text, `(?m)^ +gw-1 +10 +0 +0\.\d+ s +0\.\d+ s +-$`},
		{text, `(?m)^ +gw-2 +10 +0 +- +0\.\d+ s +-$`},
		{text, `(?m)^ +gw-3 +0 +1 +never +never +connect\.refused 1$`},
		{table, `(?m)^\| <code>gw-2</code> \| 10 \| 0 \| - \| 0\.\d+ s \|  \|$`},
	} {
		if !regexp.MustCompile(want.row).MatchString(want.in) {
			t.Errorf("got no row %s in\n%s", want.row, want.in)
		}
	}
}
