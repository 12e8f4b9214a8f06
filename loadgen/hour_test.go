package loadgen

import "fmt"

// HourOfLoad is a run of one hour, counted request by request through the
// recorder's shards: ten endpoints, a few latencies, and some requests lost at
// even distances.
func HourOfLoad(requests, lost int64) *Run {
	const hour = 3_600_000_000_000
	r := newRecorder(4)
	for i := range 10 {
		r.names.id(fmt.Sprintf("10.0.0.%d:8080", i))
	}
	every := requests + 1
	if lost > 0 {
		every = requests / lost
	}
	q := &Result{}
	for i := range requests {
		start := int64(float64(i) / float64(requests) * hour)
		took := 1_000_000 + i*7919%5_000_000
		*q = Result{Start: start, End: start + took, Endpoint: int(i % 10), Reused: i > 10, Status: 200, Bytes: 100}
		q.Phases = Phases{Send: 10_000, Wait: took - 20_000, Read: 10_000}
		if i%every == every-1 {
			q.Fate, q.Class, q.Status, q.Bytes = FateLost, newClass(StageWait, CauseReset), 0, 0
			q.Sample = `Get "http://gateway:8080/": read tcp 10.0.0.9:*->10.0.0.1:8080: read: connection reset by peer`
		}
		s := r.shards[i%4]
		s.start(q.Start)
		s.finish(q)
	}
	run := &Run{Duration: hour, Settings: Settings{URL: "http://gateway:8080/", Requests: requests}, Marks: []Mark{}}
	r.merge(run)
	run.Counts.Planned = run.Counts.Started
	return run
}
