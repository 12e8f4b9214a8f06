package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
)

// TestComparisonRows: the classes below lost add up to it, spoiled ones have a
// row of their own, answers are those of any status, and none have no latency.
func TestComparisonRows(t *testing.T) {
	unexpected := newRun(t, []request{
		{start: 0, end: 2 * ms, fate: record.FateLost, endpoint: "gw-1", status: 503, class: "status.503"},
		lost(500*ms, 500*ms+65*us, "connect.refused", "gw-1", refusedText),
	}, variant("abrupt", nil))
	unanswered := spoil(t, newRun(t, []request{lost(0, 65*us, "connect.refused", "gw-1", refusedText)}, variant("graceful", nil)), 3)
	want := []ComparisonRow{
		{"started", []string{"2", "4"}},
		{"ok", []string{"0", "0"}},
		{"lost", []string{"2", "1"}},
		{"  connect.refused", []string{"1", "1"}},
		{"  status.503", []string{"1", "0"}},
		{"spoiled", []string{"0", "3"}},
		{"  client.ports", []string{"0", "3"}},
		{"windows", []string{"1", "1"}},
		{"time with loss", []string{"498.1 ms", "65 µs"}},
		{"p50 of answers", []string{"2.0 ms", "-"}},
		{"p99 of answers", []string{"2.0 ms", "-"}},
	}
	if diff := cmp.Diff(want, Build(recording(unexpected, unanswered)).Comparison.Rows); diff != "" {
		t.Errorf("rows differ (- want, + got)\n%s", diff)
	}
}

// TestComparisonColumns: every row has a cell for each column, also beside a
// run of no variant.
func TestComparisonColumns(t *testing.T) {
	plain := newRun(t, steady(100, 0, ms, "gw-1"))
	c := Build(recording(plain, abrupt(t), graceful(t))).Comparison
	if diff := cmp.Diff([]string{"abrupt", "graceful"}, c.Columns); diff != "" {
		t.Errorf("columns differ (- want, + got)\n%s", diff)
	}
	for _, row := range c.Rows {
		if len(row.Cells) != len(c.Columns) {
			t.Errorf("%s: got %d cells; want %d", row.Name, len(row.Cells), len(c.Columns))
		}
	}
	if got := Build(recording(plain, abrupt(t))).Comparison; got != nil {
		t.Errorf("got a comparison of one variant: %v; want none", got)
	}
}
