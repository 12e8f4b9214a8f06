package metric

import (
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/reporttest"
)

// TestMetrics checks every metric on a run in which all of them differ.
func TestMetrics(t *testing.T) {
	list := reporttest.Steady(100, 0, ms, "gw-1")
	for i := range int64(30) {
		list = append(list, reporttest.Lost(200*ms+i*ms, 201*ms+i*ms, "connect.refused", "gw-1", reporttest.RefusedText))
	}
	for i := range int64(4) {
		list = append(list, reporttest.Lost(900*ms, 901*ms+i*ms, "connect.timeout", "gw-1", reporttest.RefusedText))
	}
	for i, status := range []int{503, 503, 504, 404} {
		q := reporttest.Lost(950*ms, 951*ms+int64(i)*ms, "status."+string(rune('0'+status/100))+"0"+string(rune('0'+status%10)), "gw-1", "")
		q.Status = status
		list = append(list, q)
	}
	run := reporttest.Spoil(t, reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) {
		run.Counts.Unsent = 10
		run.Late = 17
	})), 7)
	r := new(analysis.Of(run))
	all := analysis.Responded(run)
	for name, want := range map[string]float64{
		"planned": 155, "started": 145, "ok": 100, "lost": 38, "spoiled": 7, "unsent": 10, "aborted": 0, "late": 17,
		"loss": 38.0 / 145, "windows": float64(len(r.Loss.Windows)), "window.total": float64(r.Loss.Time),
		"window.longest":       float64(54 * ms),
		"lost.connect.refused": 30, "lost.connect.timeout": 4, "lost.connect": 34, "lost.wait": 0, "lost.wait.eof": 0,
		"lost.status": 4, "lost.status.503": 2, "lost.status.599": 0,
		"status.200": 100, "status.503": 2, "status.5xx": 3, "status.4xx": 1, "status.1xx": 0,
		"min": float64(all.Min), "mean": all.Mean(), "max": float64(all.Max), "p50": float64(all.Percentile(50)), "p99.9": float64(all.Percentile(99.9)),
		"p0": float64(all.Min), "p100": float64(all.Max),
		"connect.mean": run.Phases.Connect.Mean(), "dns.max": 0, "send.p50": float64(20 * us), "wait.min": float64(run.Phases.Wait.Min),
		"read.p99": float64(run.Phases.Read.Percentile(99)), "rps": r.Summary.PerSecond,
	} {
		m, problem := Find(name)
		if problem != nil {
			t.Errorf("%s: %v", name, problem)
			continue
		}
		if f := m.Of(r); !f.Known || f.Value != want {
			t.Errorf("%s: got %+v; want %v", name, f, want)
		}
	}
	nothing := new(analysis.Of(reporttest.NewRun(t, nil)))
	for _, name := range []string{"loss", "min", "mean", "max", "p50", "p99.99", "connect.p99", "read.min", "rps"} {
		m, _ := Find(name)
		if f := m.Of(nothing); f.Known {
			t.Errorf("%s of an empty run: got %+v; want none", name, f)
		}
	}
}

// TestMetricNames: every name that a hint may suggest exists.
func TestMetricNames(t *testing.T) {
	for _, name := range metricNames() {
		if m, problem := Find(name); problem != nil || m.Name != name || m.value == nil {
			t.Errorf("%s: got %+v, %v", name, m, problem)
		}
	}
}

func TestSpanOfFigures(t *testing.T) {
	for want, list := range map[string][]Figure{
		"3":           {{3, true, Count}, {3, true, Count}},
		"2–1,000":     {{1000, true, Count}, {2, true, Count}},
		"1.0–2.0 ms":  {{1e6, true, Duration}, {2e6, true, Duration}},
		"1.5–20.0/s":  {{1.5, true, Rate}, {20, true, Rate}},
		"0.10–0.50 %": {{0.001, true, Ratio}, {0.005, true, Ratio}},
	} {
		if got := RangeOf(list); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestCell(t *testing.T) {
	for _, tt := range []struct {
		d    Dimension
		v    float64
		want string
	}{
		{Count, 0, "0"},
		{Count, 50000, "50,000"},
		{Count, 1234.5, "1,234.5"},
		{Ratio, 0.00506, "0.51 %"},
		{Duration, 6.9e6, "6.9 ms"},
		{Rate, 5001.26, "5,001.3"},
		{Rate, 999.96, "1,000.0"},
		{Rate, 0, "0.0"},
	} {
		if got := Cell(tt.d, tt.v); got != tt.want {
			t.Errorf("cell(%s, %v): got %q; want %q", tt.d, tt.v, got, tt.want)
		}
	}
}
