package report_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/compare"
	"nodrop/report/reporttest"
)

// TestComparisonRows: the classes below lost add up to it, spoiled requests
// have a separate row, responses count with any status, and without responses
// there is no latency.
func TestComparisonRows(t *testing.T) {
	unexpected := reporttest.NewRun(t, []reporttest.Request{
		{Start: 0, End: 2 * ms, Fate: record.FateLost, Endpoint: "gw-1", Status: 503, Class: "status.503"},
		reporttest.Lost(500*ms, 500*ms+65*us, "connect.refused", "gw-1", reporttest.RefusedText),
	}, reporttest.Variant("abrupt", nil))
	withoutResponse := reporttest.Spoil(t, reporttest.NewRun(t, []reporttest.Request{reporttest.Lost(0, 65*us, "connect.refused", "gw-1", reporttest.RefusedText)}, reporttest.Variant("graceful", nil)), 3)
	want := []compare.ComparisonRow{
		{Name: "started", Cells: []string{"2", "4"}},
		{Name: "ok", Cells: []string{"0", "0"}},
		{Name: "lost", Cells: []string{"2", "1"}},
		{Name: "  connect.refused", Cells: []string{"1", "1"}},
		{Name: "  status.503", Cells: []string{"1", "0"}},
		{Name: "spoiled", Cells: []string{"0", "3"}},
		{Name: "  client.ports", Cells: []string{"0", "3"}},
		{Name: "windows", Cells: []string{"1", "1"}},
		{Name: "time with loss", Cells: []string{"498.1 ms", "65 µs"}},
		{Name: "p50 latency", Cells: []string{"2.0 ms", "-"}},
		{Name: "p99 latency", Cells: []string{"2.0 ms", "-"}},
	}
	if diff := cmp.Diff(want, report.Build(reporttest.Recording(unexpected, withoutResponse)).Comparison.Rows); diff != "" {
		t.Errorf("rows differ (- want, + got)\n%s", diff)
	}
}

// TestComparisonColumns: every row has a cell for each column, even beside a
// run without a variant.
func TestComparisonColumns(t *testing.T) {
	plain := reporttest.NewRun(t, reporttest.Steady(100, 0, ms, "gw-1"))
	c := report.Build(reporttest.Recording(plain, reporttest.Abrupt(t), reporttest.Graceful(t))).Comparison
	if diff := cmp.Diff([]string{"abrupt", "graceful"}, c.Columns); diff != "" {
		t.Errorf("columns differ (- want, + got)\n%s", diff)
	}
	for _, row := range c.Rows {
		if len(row.Cells) != len(c.Columns) {
			t.Errorf("%s: got %d cells; want %d", row.Name, len(row.Cells), len(c.Columns))
		}
	}
	if got := report.Build(reporttest.Recording(plain, reporttest.Abrupt(t))).Comparison; got != nil {
		t.Errorf("got a comparison of one variant: %v; want none", got)
	}
}
