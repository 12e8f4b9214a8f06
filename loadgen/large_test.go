package loadgen_test

import (
	"bytes"
	"io"
	"testing"

	"nodrop/loadgen"
	"nodrop/report"
)

// smallRecording is what the recording of an hour may take, in bytes, whatever
// the number of requests; the lost ones that are told in full come on top.
const (
	smallRecording = 5 << 20
	lostInFull     = 130
)

func written(t testing.TB, run *loadgen.Run) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := loadgen.WriteRecording(&b, &loadgen.Recording{Format: loadgen.Format, Runs: []*loadgen.Run{run}}); err != nil {
		t.Fatal(err)
	}
	if most := smallRecording + lostInFull*len(run.Lost); b.Len() > most {
		t.Errorf("%d requests, %d of them lost, take %d bytes; want no more than %d", run.Counts.Started, run.Counts.Lost, b.Len(), most)
	}
	return b.Bytes()
}

// TestLargeRecordingIsSmall: its size follows from its length and its losses,
// not from the number of requests.
func TestLargeRecordingIsSmall(t *testing.T) {
	for lost, requests := range map[int64]int64{0: 100_000, 1000: 100_000, 110_000: 110_000} {
		size := len(written(t, loadgen.HourOfLoad(requests, lost)))
		t.Logf("%d requests in an hour, %d lost: %d bytes", requests, lost, size)
	}
}

// BenchmarkRender50M reads and renders the recording of an hour with 50,000,000
// requests, from few losses to more than are told in full.
func BenchmarkRender50M(b *testing.B) {
	for _, bench := range []struct {
		name string
		lost int64
	}{{"1k-lost", 1_000}, {"200k-lost", 200_000}} {
		b.Run(bench.name, func(b *testing.B) {
			file := written(b, loadgen.HourOfLoad(50_000_000, bench.lost))
			for b.Loop() {
				rec, err := loadgen.ReadRecording(bytes.NewReader(file))
				if err != nil {
					b.Fatal(err)
				}
				r := report.Build(rec)
				for _, format := range report.Formats {
					if err := format.Write(io.Discard, r); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(len(file))/1e6, "MB/recording")
		})
	}
}
