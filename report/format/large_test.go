package format_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/stream"
	"nodrop/report"
	"nodrop/report/format"
)

// smallRecording is the limit for the recording of an hour, in bytes, for any
// number of requests. Each loss with details may add lostInFull bytes.
const (
	smallRecording = 5 << 20
	lostInFull     = 130
)

func written(t testing.TB, run *record.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := record.Write(&b, &record.Recording{Format: record.Format, Runs: []*record.Run{run}}); err != nil {
		t.Fatal(err)
	}
	if most := smallRecording + lostInFull*len(run.Lost); b.Len() > most {
		t.Errorf("%d requests, %d of them lost, take %d bytes; want no more than %d", run.Counts.Started, run.Counts.Lost, b.Len(), most)
	}
	return b.Bytes()
}

// TestLargeRecordingIsSmall: the size depends on the length and the losses, not
// on the number of requests.
func TestLargeRecordingIsSmall(t *testing.T) {
	for lost, requests := range map[int64]int64{0: 100_000, 1000: 100_000, 110_000: 110_000} {
		size := len(written(t, hourOfLoad(requests, lost)))
		t.Logf("%d requests in an hour, %d lost: %d bytes", requests, lost, size)
	}
}

// BenchmarkRender50M reads and renders the recording of an hour with 50,000,000
// requests. In one case some losses have no details.
func BenchmarkRender50M(b *testing.B) {
	for _, bench := range []struct {
		name string
		lost int64
	}{{"1k-lost", 1_000}, {"200k-lost", 200_000}} {
		b.Run(bench.name, func(b *testing.B) {
			file := written(b, hourOfLoad(50_000_000, bench.lost))
			for b.Loop() {
				rec, err := stream.Read(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				r := report.Build(rec)
				for _, format := range format.Formats {
					if err := format.Write(io.Discard, r); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(len(file))/1e6, "MB/recording")
		})
	}
}

// hourOfLoad is a run of one hour, counted request by request through the
// recorder's shards: ten endpoints, varied latencies, and losses at regular
// intervals.
func hourOfLoad(requests, lost int64) *record.Run {
	const hour = 3_600_000_000_000
	r := record.NewRecorder(4)
	for i := range 10 {
		r.Names.ID(fmt.Sprintf("10.0.0.%d:8080", i))
	}
	every := requests + 1
	if lost > 0 {
		every = requests / lost
	}
	q := &record.Result{}
	for i := range requests {
		start := int64(float64(i) / float64(requests) * hour)
		took := 1_000_000 + i*7919%5_000_000
		*q = record.Result{Start: start, End: start + took, Endpoint: int(i % 10), Reused: i > 10, Status: 200, Bytes: 100}
		q.Phases = record.Phases{Send: 10_000, Wait: took - 20_000, Read: 10_000}
		if i%every == every-1 {
			q.Fate, q.Class, q.Status, q.Bytes = record.FateLost, record.NewClass(record.StageWait, record.CauseReset), 0, 0
			q.Sample = `Get "http://gateway:8080/": read tcp 10.0.0.9:*->10.0.0.1:8080: read: connection reset by peer`
		}
		s := r.Shards[i%4]
		s.Start(q.Start)
		s.Finish(q)
	}
	run := &record.Run{Duration: hour, Settings: record.Settings{URL: "http://gateway:8080/", Requests: requests}, Marks: []record.Mark{}}
	r.Merge(run)
	run.Counts.Planned = run.Counts.Started
	return run
}
