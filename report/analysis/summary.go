package analysis

import (
	"cmp"
	"maps"
	"slices"

	"nodrop/loadgen/record"
)

// Summary holds hey's figures, in seconds and bytes, for requests that got a
// response. Failed requests are in Errors; the two add up to the started
// requests.
type Summary struct {
	Total, Slowest, Fastest, Average float64
	PerSecond                        float64 // finished requests, failed ones included, as hey counts
	Responded                        int64
	TotalBytes, BytesPerRequest      int64
	Histogram                        []Bucket
	Percentiles                      []Percentile
	Phases                           []Phase
	Statuses                         []StatusCount
	Errors                           []ErrorCount // most frequent first
}

// Bucket is one row of hey's histogram: Count latencies are above the previous
// row's Mark and at most this Mark, in seconds.
type Bucket struct {
	Mark  float64
	Count int64
}

// Percentile is the latency, in seconds, that Percent percent of requests do
// not exceed.
type Percentile struct {
	Percent int
	Latency float64
}

// Phase is one line of hey's details, in seconds.
type Phase struct {
	Name                      string
	Average, Fastest, Slowest float64
}

// ErrorCount counts the requests that failed with a text.
type ErrorCount struct {
	Text  string
	Count int64
}

// StatusCount counts the responses with a status.
type StatusCount struct {
	Status int
	Count  int64
}

var percents = [...]int{10, 25, 50, 75, 90, 95, 99}

func summarize(run *record.Run) Summary {
	responded := Responded(run)
	s := Summary{
		Total:      Seconds(run.Duration),
		Slowest:    Seconds(responded.Max),
		Fastest:    Seconds(responded.Min),
		Average:    responded.Mean() / 1e9,
		Responded:  responded.Count,
		TotalBytes: run.Bytes,
		Histogram:  histogram(responded),
		Phases:     phases(run),
		Errors:     errorCounts(run),
	}
	if s.Total > 0 {
		s.PerSecond = float64(run.Counts.Started-run.Counts.Aborted) / s.Total
	}
	if responded.Count > 0 {
		s.BytesPerRequest = run.Bytes / responded.Count
		for _, p := range percents {
			s.Percentiles = append(s.Percentiles, Percentile{p, Seconds(responded.Percentile(float64(p)))})
		}
	}
	for _, status := range slices.Sorted(maps.Keys(run.Statuses)) {
		s.Statuses = append(s.Statuses, StatusCount{status, run.Statuses[status]})
	}
	return s
}

// Responded returns the latency of all requests that got a response, whatever
// its status.
func Responded(run *record.Run) *record.Latency {
	l := &record.Latency{}
	l.Merge(&run.Latency.OK)
	l.Merge(&run.Latency.Unexpected)
	return l
}

// errorCounts is hey's error distribution: every started request without a
// response, aborted ones included, by text alone. One text may stand for
// several classes.
func errorCounts(run *record.Run) []ErrorCount {
	byText := map[string]int64{}
	for _, s := range run.Samples {
		byText[s.Text] += s.Count
	}
	if n := run.Counts.Aborted; n > 0 {
		byText["aborted: in flight when the run was stopped"] = n
	}
	var list []ErrorCount
	for text, count := range byText {
		list = append(list, ErrorCount{text, count})
	}
	slices.SortFunc(list, func(a, b ErrorCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text))
	})
	return list
}

// Seconds converts ns to seconds.
func Seconds(ns int64) float64 { return float64(ns) / 1e9 }

// histogram is hey's: eleven marks at equal distances from the fastest to the
// slowest latency. The first row counts only the fastest.
func histogram(l *record.Latency) []Bucket {
	if l.Count == 0 {
		return nil
	}
	const steps = 10
	buckets := make([]Bucket, steps+1)
	marks := make([]int64, steps+1)
	for i := range buckets {
		marks[i] = l.Min + (l.Max-l.Min)*int64(i)/steps
		buckets[i].Mark = Seconds(marks[i])
	}
	i := 0
	l.Each(func(ns, count int64) {
		for i < steps && ns > marks[i] {
			i++
		}
		buckets[i].Count += count
	})
	return buckets
}

func phases(run *record.Run) []Phase {
	p := &run.Phases
	rows := []struct {
		name string
		l    *record.Latency
	}{
		{"DNS+dialup", &p.Connect}, {"DNS-lookup", &p.DNS}, {"req write", &p.Send}, {"resp wait", &p.Wait}, {"resp read", &p.Read},
	}
	var list []Phase
	for _, row := range rows {
		list = append(list, Phase{row.name, row.l.Mean() / 1e9, Seconds(row.l.Min), Seconds(row.l.Max)})
	}
	return list
}
