// Package metric gives names to the figures of a run: "lost", "p99",
// "lost.connect.refused". Checks and comparisons look them up by name.
//
// Find returns the Metric with a name. A Metric takes a Figure from the results
// of analysis, and a Spread holds the figures of several runs. A figure that a
// run does not have is unknown, never 0.
//
// To add a metric: a row in metrics, or in families if part of its name varies; to
// show it in nodrop compare, a row in changeRows (report/compare/row.go).
package metric

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/pattern"
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// Dimension says what a figure counts, and therefore which units it takes.
type Dimension uint8

// The dimensions.
const (
	Count Dimension = iota
	Ratio
	Duration // ns
	Rate     // requests per second
)

func (d Dimension) String() string {
	return [...]string{"a count", "a ratio", "a duration", "a rate"}[d]
}

// Format formats a figure for people.
func (d Dimension) Format(v float64) string {
	switch d {
	case Ratio:
		return phrase.Percentage(v)
	case Duration:
		return phrase.Duration(int64(v))
	case Rate:
		return strconv.FormatFloat(v, 'f', 1, 64) + "/s"
	default:
		whole, part := math.Modf(v)
		text := phrase.Number(int64(whole))
		if part != 0 {
			text += strings.TrimPrefix(strconv.FormatFloat(part, 'f', -1, 64), "0")
		}
		return text
	}
}

// Metric is a figure of a run with a name for checks and comparisons.
type Metric struct {
	Name      string
	Dimension Dimension
	value     func(*analysis.Figures) (value float64, known bool)
}

// Of returns the metric's value in a run.
func (m Metric) Of(r *analysis.Figures) Figure {
	v, known := m.value(r)
	return Figure{v, known, m.Dimension}
}

// metrics lists the metrics with a fixed name; families has the others.
var metrics = []Metric{
	{"planned", Count, count(func(r *analysis.Figures) int64 { return r.Run.Counts.Planned })},
	{"started", Count, count(func(r *analysis.Figures) int64 { return r.Run.Counts.Started })},
	{"ok", Count, count(func(r *analysis.Figures) int64 { return r.Run.Counts.OK })},
	{"lost", Count, count(func(r *analysis.Figures) int64 { return r.Run.Counts.Lost })},
	{"spoiled", Count, count(func(r *analysis.Figures) int64 { return r.Run.Counts.Spoiled })},
	{"unsent", Count, count(func(r *analysis.Figures) int64 { return r.Run.Counts.Unsent })},
	{"aborted", Count, count(func(r *analysis.Figures) int64 { return r.Run.Counts.Aborted })},
	{"late", Count, count(func(r *analysis.Figures) int64 { return r.Run.Late })},
	{"loss", Ratio, func(r *analysis.Figures) (float64, bool) {
		c := r.Run.Counts
		return float64(c.Lost) / max(1, float64(c.Started)), c.Started > 0
	}},
	{"windows", Count, count(func(r *analysis.Figures) int64 { return int64(len(r.Loss.Windows)) })},
	{"window.longest", Duration, count(longestWindow)},
	{"window.total", Duration, count(func(r *analysis.Figures) int64 { return r.Loss.Time })},
	{"rps", Rate, func(r *analysis.Figures) (float64, bool) { return r.Summary.PerSecond, r.Summary.Total > 0 }},
	latencyMetric("min", analysis.Responded, "min"),
	latencyMetric("mean", analysis.Responded, "mean"),
	latencyMetric("max", analysis.Responded, "max"),
}

// MetricShapes summarizes all names.
const MetricShapes = "planned started ok lost spoiled unsent aborted late loss windows window.longest window.total rps min mean max p99 connect.p99 lost.CLASS status.503 status.5xx"

// families lists the metrics with a variable part; find gets the name and what
// follows the prefix.
var families = []struct {
	prefix string
	find   func(name, rest string) (Metric, *misuse.Error)
}{
	{"lost.", findLost},
	{"status.", findStatus},
	{"connect.", findPhase},
	{"dns.", findPhase},
	{"tls.", findPhase},
	{"send.", findPhase},
	{"wait.", findPhase},
	{"read.", findPhase},
}

// phaseNames lists the phases of requests that got a response.
var phaseNames = []struct {
	name string
	of   func(*record.Run) *record.Latency
}{
	{"connect", func(r *record.Run) *record.Latency { return &r.Phases.Connect }},
	{"dns", func(r *record.Run) *record.Latency { return &r.Phases.DNS }},
	{"tls", func(r *record.Run) *record.Latency { return &r.Phases.TLS }},
	{"send", func(r *record.Run) *record.Latency { return &r.Phases.Send }},
	{"wait", func(r *record.Run) *record.Latency { return &r.Phases.Wait }},
	{"read", func(r *record.Run) *record.Latency { return &r.Phases.Read }},
}

// Find returns the metric with a name.
func Find(name string) (Metric, *misuse.Error) {
	for _, m := range metrics {
		if m.Name == name {
			return m, nil
		}
	}
	if percentilePattern().MatchString(name) {
		return findLatency(name, analysis.Responded, name)
	}
	for _, f := range families {
		if rest, ok := strings.CutPrefix(name, f.prefix); ok {
			return f.find(name, rest)
		}
	}
	return Metric{}, &misuse.Error{Problem: fmt.Sprintf("unknown metric %q", name), Hint: didYouMean(name, metricNames(), MetricShapes)}
}

func count(f func(*analysis.Figures) int64) func(*analysis.Figures) (float64, bool) {
	return func(r *analysis.Figures) (float64, bool) { return float64(f(r)), true }
}

func longestWindow(r *analysis.Figures) int64 {
	var longest int64
	for _, w := range r.Loss.Windows {
		longest = max(longest, w.End-w.Begin)
	}
	return longest
}

// findLost finds lost.CLASS and lost.STAGE.
func findLost(name, rest string) (Metric, *misuse.Error) {
	if slices.Contains(lossStageNames(), rest) {
		return lostMetric(name, func(c record.Class) bool { return c.Stage().String() == rest }), nil
	}
	var class record.Class
	err := class.UnmarshalText([]byte(rest))
	switch {
	case err != nil || class.String() != rest || class == 0:
		known := slices.Concat(lossStageNames(), lossClassNames())
		return Metric{}, &misuse.Error{
			Problem: fmt.Sprintf("unknown failure class %q", rest),
			Hint:    didYouMean(rest, known, "a stage ("+strings.Join(lossStageNames(), " ")+") or stage.cause"),
		}
	case class.Spoiled():
		return Metric{}, &misuse.Error{Problem: rest + " counts spoiled requests, not lost ones", Hint: "use the metric spoiled"}
	}
	return lostMetric(name, func(c record.Class) bool { return c == class }), nil
}

func lostMetric(name string, belongs func(record.Class) bool) Metric {
	return Metric{name, Count, count(func(r *analysis.Figures) int64 {
		var n int64
		for _, c := range r.Loss.Classes {
			if belongs(c.Class) {
				n += c.Total()
			}
		}
		return n
	})}
}

// OfClass counts the requests of one class, lost or spoiled.
func OfClass(class string) Metric {
	return Metric{class, Count, count(func(r *analysis.Figures) int64 { return r.Loss.ClassTotal(class) })}
}

// lossClassNames lists the classes of lost requests, without statuses.
func lossClassNames() []string {
	var names []string
	for _, info := range record.Classes() {
		if !info.Class.Spoiled() {
			names = append(names, info.Class.String())
		}
	}
	return names
}

// lossStageNames lists the stages of those classes, and the stage of statuses.
func lossStageNames() []string {
	var names []string
	for _, info := range record.Classes() {
		if name := info.Class.Stage().String(); !info.Class.Spoiled() && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return append(names, record.StageStatus.String())
}

var statusPattern = pattern.Lazy(`^[1-9](\d\d|xx)$`)

// findStatus finds status.NNN and status.Nxx, which count responses, lost or
// not.
func findStatus(name, rest string) (Metric, *misuse.Error) {
	if !statusPattern().MatchString(rest) {
		return Metric{}, &misuse.Error{Problem: fmt.Sprintf("%q is not a status", rest), Hint: "use status.503 or status.5xx"}
	}
	digits := strings.TrimSuffix(rest, "xx")
	return Metric{name, Count, count(func(r *analysis.Figures) int64 {
		var n int64
		for status, c := range r.Run.Statuses {
			if strings.HasPrefix(strconv.Itoa(status), digits) {
				n += c
			}
		}
		return n
	})}, nil
}

// findPhase finds connect.p99 and the like.
func findPhase(name, rest string) (Metric, *misuse.Error) {
	phase, _, _ := strings.Cut(name, ".")
	i := slices.IndexFunc(phaseNames, func(p struct {
		name string
		of   func(*record.Run) *record.Latency
	},
	) bool {
		return p.name == phase
	})
	return findLatency(name, phaseNames[i].of, rest)
}

var percentilePattern = pattern.Lazy(`^p\d+(\.\d+)?$`)

// findLatency finds a statistic of a latency.
func findLatency(name string, of func(*record.Run) *record.Latency, stat string) (Metric, *misuse.Error) {
	m := latencyMetric(name, of, stat)
	if m.value != nil {
		return m, nil
	}
	if percentilePattern().MatchString(stat) {
		return Metric{}, &misuse.Error{Problem: stat + ": a percentile is at most 100", Hint: "write 99.9 % as p99.9"}
	}
	return Metric{}, &misuse.Error{Problem: fmt.Sprintf("unknown metric %q", name), Hint: didYouMean(name, metricNames(), "min mean max p50 … p99.99 of each phase")}
}

// latencyMetric returns min, mean, max or a percentile of a latency. For
// anything else it returns a Metric without a value function.
func latencyMetric(name string, of func(*record.Run) *record.Latency, stat string) Metric {
	read := func(f func(*record.Latency) float64) Metric {
		return Metric{name, Duration, func(r *analysis.Figures) (float64, bool) {
			l := of(r.Run)
			return f(l), l.Count > 0
		}}
	}
	switch stat {
	case "min":
		return read(func(l *record.Latency) float64 { return float64(l.Min) })
	case "mean":
		return read((*record.Latency).Mean)
	case "max":
		return read(func(l *record.Latency) float64 { return float64(l.Max) })
	}
	if !percentilePattern().MatchString(stat) {
		return Metric{}
	}
	p, err := strconv.ParseFloat(stat[1:], 64)
	if err != nil || p > 100 {
		return Metric{}
	}
	return read(func(l *record.Latency) float64 { return float64(l.Percentile(p)) })
}
