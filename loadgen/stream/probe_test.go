package stream

import (
	"bytes"
	"strings"
	"testing"

	"nodrop/loadgen/record"
)

// TestStreamOfProbes: each probe is a line of its own kind in NDJSON, which
// reads back as the recording, and no row in CSV.
func TestStreamOfProbes(t *testing.T) {
	var lines, rows bytes.Buffer
	ndjson, csv := NewNDJSON(&lines), NewCSV(&rows)
	rec := &record.Recording{Format: record.Format}
	var told []record.RunSink
	for _, name := range []string{"new", "kept"} {
		run := &record.Run{Stream: name}
		rec.Runs = append(rec.Runs, run)
		csv.Begin(run)
		told = append(told, ndjson.Begin(run))
	}
	for i := range 6 {
		p := record.Probe{
			Endpoint: "10.0.0.1:80", Start: int64(i), End: int64(i) + 10, Connected: int64(i) + 5, Outcome: record.ProbeHTTPError,
			Class: record.StatusClass(503), Status: 503, Asked: true, Port: 40_000 + i, Loss: int64(i % 2), Replica: `"gw"`, Through: true,
		}
		told[i%2].(record.ProbeSink).Probe(&p)
		rec.Runs[i%2].Probes = append(rec.Runs[i%2].Probes, p)
	}
	for i, run := range rec.Runs {
		record.NewRecorder(1).Merge(run)
		run.Marks, run.ProbesUnlisted, run.ProbesSpoiled = []record.Mark{}, 3, 4
		told[i].End(run)
	}
	if err := ndjson.Close(rec); err != nil {
		t.Fatal(err)
	}
	if err := csv.Close(rec); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(lines.String(), `{"probe":{`); n != 6 {
		t.Errorf("%d lines of probes; want 6:\n%s", n, lines.String())
	}
	if n := strings.Count(rows.String(), "\n"); n != 1 {
		t.Errorf("%d lines; want the header only:\n%s", n, rows.String())
	}
	got, err := Read(bytes.NewReader(lines.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if encoded(t, got) != encoded(t, rec) {
		t.Errorf("read as\n%s\nwant\n%s", encoded(t, got), encoded(t, rec))
	}
	cut, err := Read(strings.NewReader(lines.String()[:strings.Index(lines.String(), `{"end":`)]))
	if err != nil || len(cut.Runs) != 2 || len(cut.Runs[0].Probes) != 3 {
		t.Errorf("without its end: %v, %+v", err, cut)
	}
}

// TestProbeOutsideARun: a line that cannot be is an error.
func TestProbeOutsideARun(t *testing.T) {
	for _, text := range []string{
		`{"probe":{"endpoint":"a","startNs":1,"endNs":2,"outcome":"ok"}}`,
		`{"format":"nodrop-stream/1","run":{"settings":{},"environment":{}}}` + "\n" + `{"probe":{"endpoint":"a","startNs":3,"endNs":2,"outcome":"ok"}}`,
	} {
		if _, err := Read(strings.NewReader(text + "\n")); err == nil {
			t.Errorf("%s: accepted", text)
		}
	}
}
