package stream

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/recordtest"
	"nodrop/loadgen/safetext"
)

// syntheticRun makes a run with every field set from results that rng draws, in
// several shards. It calls sinks as a Load does.
func syntheticRun(rng *rand.Rand, variant string, requests int, sinks ...record.Sink) *record.Run {
	r := record.NewRecorder(1 + rng.IntN(5))
	names := []string{"gw-1", "10.0.0.2:8080", `replica "3" of \ ü` + "\xff"}
	run := &record.Run{
		Variant:     variant,
		Settings:    record.Settings{URL: "http://gateway/?a=1&b=<2>", Method: "GET", Workers: 3, Rate: 1.0 / 3, OK: "2xx"},
		Environment: record.Environment{Version: "test", CPUs: 2},
		StartedAt:   time.Date(2026, 1, 2, 3, 4, 5, 678_901_234, time.FixedZone("", 3600)),
	}
	var told []record.RunSink
	for _, sink := range sinks {
		told = append(told, sink.Begin(&record.Run{Variant: run.Variant, Settings: run.Settings, Environment: run.Environment, StartedAt: run.StartedAt}))
	}
	r.Attach(told)
	for range requests {
		result := recordtest.Result(rng, 60_000_000_000)
		result.Redirected = rng.IntN(4) == 0
		result.Phases = record.Phases{DNS: rng.Int64N(3), Connect: rng.Int64N(1e6), TLS: rng.Int64N(2) * 1e5, Send: 1, Wait: rng.Int64N(1e7), Read: 2}
		if result.Sample != "" {
			result.Sample = fmt.Sprintf("Get \"http://gateway/?a=1&b=<2>\": %s\t\xfe %d", result.Sample, rng.IntN(5))
		}
		if result.Endpoint >= 0 {
			result.Endpoint = r.Names.ID(names[result.Endpoint])
		}
		s := r.Shards[rng.IntN(len(r.Shards))]
		s.Start(result.Start)
		s.Connected(r.Names.ID("proxy"), result.Start) // an endpoint without requests
		if result.Endpoint >= 0 && result.Class.Stage() != record.StageConnect {
			s.Connected(result.Endpoint, result.Start)
		}
		s.CountConnection(func(c *record.ConnectionCount) { c.Stale++ })
		s.Skip(int64(rng.IntN(2)))
		if result.Start%5 == 0 {
			s.EndHTTP2(recordtest.Connection(rand.New(rand.NewPCG(uint64(result.Start), 0))))
		}
		s.Finish(result)
	}
	r.Merge(run)
	run.Duration = 70_000_000_000
	run.Interrupted = true
	run.Counts.Planned, run.Counts.Unsent = run.Counts.Started+7, 7
	run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "scale 3 → 1", Start: -5, End: 10, Error: "why"}}
	run.Notes = []string{"a note"}
	run.Traces = []record.Trace{{Start: 1, Class: record.StatusClass(503), Endpoint: "gw-1", Steps: []record.TraceStep{{At: 2, What: "x", Error: "y"}}}}
	run.Expect, run.Require, run.FailIf = []string{"lost == 0"}, []string{"ok > 0"}, []string{"lost > 0"}
	for _, sink := range told {
		sink.End(run)
	}
	return run
}

// synthetic is a recording of several runs, and the stream of the same runs.
func synthetic(t testing.TB, seed uint64, runs int) (*record.Recording, []byte) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	var stream bytes.Buffer
	sink := NewNDJSON(&stream)
	rec := &record.Recording{Format: record.Format, Runs: []*record.Run{}, Error: "restore: no"}
	for i := range runs {
		variant := ""
		if runs > 1 {
			variant = fmt.Sprint("variant ", i)
		}
		rec.Runs = append(rec.Runs, syntheticRun(rng, variant, rng.IntN(500), sink))
	}
	if err := sink.Close(rec); err != nil {
		t.Fatal(err)
	}
	return rec, stream.Bytes()
}

func encoded(t testing.TB, rec *record.Recording) string {
	t.Helper()
	var b bytes.Buffer
	if err := record.Write(&b, rec); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestStreamIsTheRecording: a stream reads back as the recording, byte for
// byte, and so does the recording's JSON.
func TestStreamIsTheRecording(t *testing.T) {
	for seed := range uint64(8) {
		rec, stream := synthetic(t, seed, int(seed%4))
		got, err := Read(bytes.NewReader(stream))
		if err != nil {
			t.Fatal(err)
		}
		want := encoded(t, rec)
		if encoded(t, got) != want {
			t.Fatalf("seed %d: the stream is read as\n%s\nwant\n%s", seed, encoded(t, got), want)
		}
		back, err := Read(strings.NewReader(want))
		if err != nil || encoded(t, back) != want {
			t.Fatalf("seed %d: the recording cannot be read: %v", seed, err)
		}
	}
}

// TestStreamOfRunsSideBySide: the lines of parallel runs mix, but each belongs
// to its own run. The order of runs does not depend on which ends first.
func TestStreamOfRunsSideBySide(t *testing.T) {
	var stream bytes.Buffer
	sink := NewNDJSON(&stream)
	rec := &record.Recording{Format: record.Format}
	var told []record.RunSink
	var recorders []*record.Recorder
	for _, name := range []string{"new", "kept", "slow"} {
		run := &record.Run{Variant: "graceful", Stream: name, Repetition: 2}
		rec.Runs = append(rec.Runs, run)
		told = append(told, sink.Begin(run))
		recorders = append(recorders, record.NewRecorder(2))
		recorders[len(told)-1].Attach(told[len(told)-1:])
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		i := rng.IntN(len(told))
		result := recordtest.Result(rng, 60_000_000_000)
		if result.Endpoint >= 0 {
			result.Endpoint = recorders[i].Names.ID(fmt.Sprint("gw-", result.Endpoint))
		}
		shard := recorders[i].Shards[rng.IntN(2)]
		shard.Start(result.Start)
		shard.Finish(result)
	}
	for i, run := range slices.Backward(rec.Runs) {
		recorders[i].Merge(run)
		run.Counts.Planned, run.Marks = run.Counts.Started, []record.Mark{}
		told[i].End(run)
	}
	if err := sink.Close(rec); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(stream.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if encoded(t, got) != encoded(t, rec) {
		t.Errorf("read as\n%s\nwant\n%s", encoded(t, got), encoded(t, rec))
	}
	half, err := Read(bytes.NewReader(stream.Bytes()[:stream.Len()/2]))
	if err != nil || len(half.Runs) != 3 || !strings.Contains(half.Error, "requests of run graceful/new #2 and ") {
		t.Errorf("half of it: %v, %d runs, %q", err, len(half.Runs), half.Error)
	}
}

// TestStreamHoldsAllOfResult: every field of Result, also one added later, must
// be in the line, or the recorder that reads it would count something else.
func TestStreamHoldsAllOfResult(t *testing.T) {
	for i := range reflect.TypeFor[record.Result]().NumField() {
		r, endpoint := &record.Result{}, ""
		name := reflect.TypeFor[record.Result]().Field(i).Name
		if name == "Idle" || name == "Goaway" {
			r.Fate = record.FateLost // of others, no recorder counts it
		}
		without := string(appendRequest(nil, r, ""))
		switch f := reflect.ValueOf(r).Elem().Field(i); {
		case name == "Endpoint":
			endpoint = "gw-1"
		case name == "Phases":
			continue // see TestStreamIsTheRecording
		case f.CanInt():
			f.SetInt(1)
		case f.CanUint():
			f.SetUint(1)
		case f.Kind() == reflect.Bool:
			f.SetBool(true)
		case f.Kind() == reflect.String:
			f.SetString("x")
		case f.Kind() == reflect.Slice:
			f.SetBytes([]byte("503\x00x"))
		}
		if string(appendRequest(nil, r, endpoint)) == without {
			t.Errorf("%s is not in the line", name)
		}
	}
}

// TestStreamBeyondBounds: beyond the limits for lost requests, endpoints and
// texts, a stream that is read through one shard keeps the same ones as the
// run, which recorded them through three shards, in no order and in parallel.
func TestStreamBeyondBounds(t *testing.T) {
	var stream bytes.Buffer
	sink := NewNDJSON(&stream)
	run := &record.Run{}
	told := sink.Begin(run)
	r := record.NewRecorder(3)
	r.Attach([]record.RunSink{told})
	const requests = record.MaxLostDetails + record.LostSlack + 5000
	for n, i := range rand.New(rand.NewPCG(5, 6)).Perm(requests) {
		q := &record.Result{Start: int64(i / 3), End: int64(i / 2), Fate: record.FateLost, Class: record.NewClass(record.StageWait, record.CauseEOF), Sample: fmt.Sprint(i % (record.MaxSamples + 100)), Connection: int64(i % 2)}
		if i%7 == 0 {
			q.Class = record.NewClass(record.StageWait, record.CauseReset)
		}
		q.Endpoint = r.Names.ID(fmt.Sprint("10.0.0.1:", i%(record.MaxEndpoints+500)))
		r.Shards[n%3].Start(q.Start)
		r.Shards[n%3].Finish(q)
	}
	r.Merge(run)
	run.Marks = []record.Mark{}
	told.End(run)
	rec := &record.Recording{Format: record.Format, Runs: []*record.Run{run}}
	if err := sink.Close(rec); err != nil {
		t.Fatal(err)
	}
	if len(run.Lost) != record.MaxLostDetails || run.LostUnlisted != requests-record.MaxLostDetails || len(run.Endpoints) != record.MaxEndpoints+1 || len(run.Samples) != 2*record.MaxSamples+2 {
		t.Fatalf("%d lost, %d unlisted, %d endpoints, %d samples", len(run.Lost), run.LostUnlisted, len(run.Endpoints), len(run.Samples))
	}
	got, err := Read(&stream)
	if err != nil {
		t.Fatal(err)
	}
	if encoded(t, got) != encoded(t, rec) {
		t.Error("the stream reads back differently")
	}
}

// TestStreamCutAnywhere: a stream cut at any byte is read as far as possible, and
// reported as incomplete.
func TestStreamCutAnywhere(t *testing.T) {
	rec, stream := synthetic(t, 3, 2)
	first := int64(bytes.IndexByte(stream, '\n') + 1)
	rng := rand.New(rand.NewPCG(8, 9))
	for range 20 {
		at := rng.Int64N(int64(len(stream)))
		cut := stream[:at]
		got, err := Read(bytes.NewReader(cut))
		if at < first {
			if err == nil && at < first-1 {
				t.Fatalf("%d bytes were accepted as a stream", at)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", at, err)
		}
		if at == int64(len(stream)-1) { // everything but the last line break
			continue
		}
		if !strings.HasPrefix(got.Error, "stream cut short") {
			t.Fatalf("%d bytes: error %q", at, got.Error)
		}
		whole := cut[:bytes.LastIndexByte(cut, '\n')+1]
		requests := int64(bytes.Count(whole, []byte(`{"fate":`)))
		var started int64
		for _, run := range got.Runs {
			started += run.Counts.Started
			if err := run.Counts.Check(); err != nil {
				t.Fatalf("%d bytes: %v", at, err)
			}
			if err := run.Validate(); err != nil {
				t.Fatalf("%d bytes: %v", at, err)
			}
		}
		if started != requests && started != requests+1 { // a line may lack only its line break
			t.Fatalf("%d bytes hold %d requests, but %d were read", at, requests, started)
		}
	}
	lines := bytes.SplitAfter(stream, []byte("\n"))
	n := int(rec.Runs[0].Counts.Started)
	for want, cut := range map[string][]byte{
		"stream cut short after 2 requests of run variant 0: the end of the run is missing, with its marks and the requests in flight":                         bytes.Join(lines[:3], nil),
		"stream cut short in the middle of a line after 2 requests of run variant 0: the end of the run is missing, with its marks and the requests in flight": append(bytes.Join(lines[:3], nil), lines[3][:9]...),
		"stream cut short after the end of run variant 0: anything later is missing":                                                                           bytes.Join(lines[:n+2], nil),
	} {
		got, err := Read(bytes.NewReader(cut))
		if err != nil || got.Error != want {
			t.Errorf("%v, %q; want %q", err, got.Error, want)
		}
	}
}

// TestStreamWithLinesTakenOut: if request lines are removed, the counts
// contradict each other.
func TestStreamWithLinesTakenOut(t *testing.T) {
	_, stream := synthetic(t, 4, 1)
	lines := bytes.SplitAfter(stream, []byte("\n"))
	got, err := Read(bytes.NewReader(bytes.Join(append(lines[:1:1], lines[2:]...), nil)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Runs[0].Counts.Check() == nil {
		t.Error("a request is missing, and Check does not notice")
	}
}

func TestReadStreamNamesWhatIsWrong(t *testing.T) {
	const (
		begin = `{"format":"nodrop-stream/1","run":{"settings":{}}}` + "\n"
		over  = `{"end":{"durationNs":1}}` + "\n"
		last  = `{"format":"nodrop-stream/1","recording":{"runs":1}}` + "\n"
	)
	tests := map[string]struct{ file, want string }{
		"newer":                   {`{"format":"nodrop-stream/2","run":{}}`, "stream has format nodrop-stream/2; this version reads nodrop-stream/1"},
		"cut in the first line":   {begin[:40], "stream cut short in its first line"},
		"a line of something":     {begin + `{"a":1}` + "\n", "stream: line 2: not a line of a nodrop stream"},
		"no JSON":                 {begin + "hello\n", "stream: line 2: invalid character"},
		"not a number":            {begin + `{"fate":"ok","startNs":"1"}` + "\n", "stream: line 2: json: cannot unmarshal"},
		"request outside":         {begin + over + `{"fate":"ok"}`, "stream: line 3: a request outside any run"},
		"unknown fate":            {begin + `{"fate":"eaten"}`, `stream: line 2: unknown fate "eaten"`},
		"unknown class":           {begin + `{"fate":"lost","class":"wait.eaten"}`, `stream: line 2: unknown failure class "wait.eaten"`},
		"ok with a class":         {begin + `{"fate":"ok","class":"wait.eof"}`, `stream: line 2: class "wait.eof" does not fit a request that is ok`},
		"lost without one":        {begin + `{"fate":"lost"}`, `stream: line 2: class "" does not fit a request that is lost`},
		"spoiled by the server":   {begin + `{"fate":"spoiled","class":"wait.eof"}`, `stream: line 2: class "wait.eof" does not fit a request that is spoiled`},
		"ends before it starts":   {begin + `{"fate":"ok","startNs":5,"endNs":4}`, "stream: line 2: a request has an impossible time: -1 ns"},
		"ends in ages":            {begin + `{"fate":"ok","endNs":9223372036854775807}`, "stream: line 2: a request has an impossible time: 9223372036854775807 ns"},
		"negative phase":          {begin + `{"fate":"ok","waitNs":-1}`, "stream: line 2: a request has an impossible time: -1 ns"},
		"negative connection":     {begin + `{"fate":"ok","connection":-1}`, "stream: line 2: connection -1"},
		"negative bytes":          {begin + `{"fate":"ok","bytes":-1}`, "stream: line 2: not a response: -1 bytes"},
		"strange status":          {begin + `{"fate":"ok","status":1000}`, "stream: line 2: not a response: 0 bytes, status 1000"},
		"run inside a run":        {begin + begin, "stream: line 2: a run begins before the previous one has ended"},
		"newer run":               {begin + over + strings.Replace(begin, "/1", "/2", 1), "stream: line 3: format nodrop-stream/2"},
		"end without begin":       {begin + over + over, "stream: line 3: the end of a run that never began"},
		"end that is not right":   {begin + `{"end":{"durationNs":-1}}`, "stream: line 2: durationNs: -1 is not between"},
		"recording inside a run":  {begin + last, "stream: line 2: the recording ends before its last run does"},
		"too few runs":            {begin + over + strings.Replace(last, ":1}", ":2}", 1), "stream: line 3: the recording has 2 runs, but the stream has 1"},
		"something after the end": {begin + over + last + begin, "stream: line 4: data after the end of the recording"},
		"garbage after the end":   {begin + over + last + "xy", "stream: line 4: invalid character"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(tc.file))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v; want %s", err, tc.want)
			}
		})
	}
	if _, err := Read(strings.NewReader(begin + over + strings.TrimSpace(last))); err != nil {
		t.Errorf("without the last line's end: %v", err)
	}
}

// TestReadStreamTooLongLine: an endless line is not held in memory.
func TestReadStreamTooLongLine(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`{"format":"nodrop-stream/1","run":{"variant":"`), zeros{})
	if _, err := Read(endless); err == nil || !strings.Contains(err.Error(), "line over") {
		t.Errorf("got %v", err)
	}
	if _, err := Read(zeros{}); err == nil || err.Error() != "not a nodrop recording" {
		t.Errorf("got %v", err)
	}
}

// zeros is an endless reader.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestReadRecordingOfForeignFiles(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(`{"format":"nodrop/1","runs":[]}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ file, want string }{
		"spaces":         {" \n", "empty file, not a recording"},
		"gzip":           {packed.String(), "compressed with gzip: unpack it first"},
		"our CSV":        {csvHeader + "\n0.1", "-o csv holds too little"},
		"another's CSV":  {"a,b\n1,2\n", "not a nodrop recording"},
		"a program":      {"\x7fELF\x02\x01\x01\x00", "not a nodrop recording"},
		"a list":         {"[]", "not a nodrop recording"},
		"another stream": {`{"level":"info"}` + "\n" + `{"level":"info"}` + "\n", "recording: invalid character"},
		"two of them":    {`{"format":"nodrop/1","runs":[]}` + "\n" + `{"format":"nodrop/1","runs":[]}`, "recording: invalid character"},
		"format later":   {`{"runs":[],"format":"nodrop/7"}`, "recording has format nodrop/7; this version reads nodrop/1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(tc.file))
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("got %v; want %s", err, tc.want)
			}
		})
	}
}

// TestReadRecordingRefusesWhatCannotBe: numbers that would break reports are
// rejected.
func TestReadRecordingRefusesWhatCannotBe(t *testing.T) {
	for run, want := range map[string]string{
		`"counts":{"ok":-1}`:                                 "ok: -1 is not between",
		`"durationNs":-1`:                                    "durationNs: -1",
		`"durationNs":9000000000000000000`:                   "durationNs: 9000000000000000000",
		`"bins":{"widthNs":0,"list":[{}]}`:                   "bins: widthNs: 0",
		`"bins":{"widthNs":-5}`:                              "bins: widthNs: -5",
		`"bins":{"widthNs":9000000000000000000,"list":[{}]}`: "bins: widthNs: 9000000000000000000",
		`"bins":{"widthNs":5,"list":[` + strings.Repeat("{},", record.MaxBins) + `{}]}`:        "bins: 8193",
		`"bins":{"widthNs":5,"list":[{},{"started":-1}]}`:                                      "bin 1: started: -1",
		`"bins":{"widthNs":5,"list":[{"lost":[{"class":"wait.eof","count":-1}]}]}`:             "bin 0: lost: -1",
		`"bins":{"widthNs":5,"list":[{"latency":{"maxNs":-1}}]}`:                               "bin 0: latency: maxNs: -1",
		`"lost":[{"class":"wait.eof","sample":0}]`:                                             "lost request 0: sample: 0 is not between -1 and -1",
		`"lost":[{"class":"wait.eof","startNs":2,"endNs":1,"sample":-1}]`:                      "lost request 0: startNs: 2",
		`"lost":[{"class":"wait.eof","endNs":2,"sample":-1},{"class":"wait.eof","sample":-1}]`: "lost request 1: endNs: 0",
		`"lost":[{"sample":-1}]`:                                           `lost request 0: class ""`,
		`"outcomes":[{"fate":"ok","endpoint":"x"}]`:                        `outcomes: endpoint "x" is not in the list of endpoints`,
		`"outcomes":[{"fate":"ok","count":-1}]`:                            "outcomes: -1",
		`"endpoints":[{"name":"x","firstConnectNs":-2}]`:                   "endpoint x: -2",
		`"endpoints":[{"name":"x"},{"name":"x"}]`:                          `endpoint "x": duplicate`,
		`"statuses":{"1000":1}`:                                            "statuses: 1000",
		`"samples":[{"class":"wait.eof","count":-1}]`:                      "samples: -1",
		`"connections":{"opened":-1}`:                                      "connections: -1",
		`"marks":[{"name":"m","startNs":-9000000000000000000}]`:            "mark m: -9000000000000000000",
		`"traces":[{"steps":[{"atNs":-1}]}]`:                               "trace: -1",
		`"latency":{"ok":{"minNs":1}}`:                                     "latency: inconsistent count, sum, minimum and maximum",
		`"latency":{"ok":{"count":1,"hdr":"` + foreignHistogram(t) + `"}}`: "latency histogram: want 1 µs to 1 h",
	} {
		_, err := Read(strings.NewReader(`{"format":"nodrop/1","runs":[{` + run + `}]}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: got %v; want %s", run, err, want)
		}
	}
}

// foreignHistogram holds one value, in a range other than nodrop's.
func foreignHistogram(t *testing.T) string {
	t.Helper()
	h := hdrhistogram.New(1, 1<<40, 5)
	if err := h.RecordValue(1); err != nil {
		t.Fatal(err)
	}
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// slowly accepts every write, and records its bytes.
type slowly struct{ writes [][]byte }

func (s *slowly) Write(p []byte) (int, error) {
	s.writes = append(s.writes, bytes.Clone(p))
	return len(p), nil
}

// TestStreamsWriteWholeLines: a process that is killed hardly ever leaves a
// partial line, and the lines of a slow load are written soon.
func TestStreamsWriteWholeLines(t *testing.T) {
	for _, stream := range Streams {
		var file slowly
		sink := stream.New(&file)
		told := sink.Begin(&record.Run{Variant: "a, \"b\""})
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for i := range int64(1000) {
					told.Record(&record.Result{Start: i, End: i}, "gw-1")
				}
			})
		}
		group.Wait()
		before := len(file.writes)
		told.Record(&record.Result{Start: 1, End: 5 * flushEvery}, "")
		if len(file.writes) == before {
			t.Errorf("%s: nothing was written within five seconds", stream.Name)
		}
		told.End(&record.Run{})
		if err := sink.Close(&record.Recording{}); err != nil {
			t.Fatal(err)
		}
		for _, w := range file.writes {
			if len(w) == 0 || w[len(w)-1] != '\n' {
				t.Errorf("%s: a write ends in %q", stream.Name, w[max(0, len(w)-10):])
			}
		}
		if got := bytes.Count(bytes.Join(file.writes, nil), []byte("\n")); stream.Name == "csv" && got != 4002 || stream.Name == "ndjson" && got != 4004 {
			t.Errorf("%s: %d lines", stream.Name, got)
		}
	}
}

// TestStreamErrorsAreKept: nothing is written after the first error, and Close
// returns that error.
func TestStreamErrorsAreKept(t *testing.T) {
	for _, stream := range Streams {
		full := errors.New("no space left")
		w := &failing{err: full}
		sink := stream.New(w)
		told := sink.Begin(&record.Run{})
		for i := range int64(3000) {
			told.Record(&record.Result{Start: i, End: i}, "")
		}
		w.err = nil
		told.End(&record.Run{})
		if err := sink.Close(&record.Recording{}); !errors.Is(err, full) || w.taken > 0 {
			t.Errorf("%s: %v, and %d bytes written after it", stream.Name, err, w.taken)
		}
	}
}

type failing struct {
	err   error
	taken int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	f.taken += len(p)
	return len(p), nil
}

// TestCSVTellsVariants: the columns exist only if a run has such a value,
// quoted where necessary.
func TestCSVTellsVariants(t *testing.T) {
	for variants, want := range map[string]string{
		"":          csvHeader + "\n" + "0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0,0.0000,ok,,false,0\n",
		"abrupt|x,": csvHeader + ",variant\n" + "0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0,0.0000,ok,,false,0,abrupt\n" + "0.0000,0.0000,0.0000,0.0000,0.0000,0.0000,0,0.0000,ok,,false,0,\"x,\"\n",
	} {
		var b bytes.Buffer
		sink := NewCSV(&b)
		for variant := range strings.SplitSeq(variants, "|") {
			told := sink.Begin(&record.Run{Variant: variant})
			told.Record(&record.Result{}, "")
			told.End(nil)
		}
		if err := sink.Close(nil); err != nil || b.String() != want {
			t.Errorf("%v, got\n%swant\n%s", err, &b, want)
		}
	}
	var b bytes.Buffer
	if err := NewCSV(&b).Close(nil); err != nil || b.String() != csvHeader+"\n" {
		t.Errorf("without a run: %v, %q", err, &b)
	}
}

var streamed = []*record.Result{
	{Start: 1e9, End: 2e9, Status: 200, Bytes: 12345, Phases: record.Phases{Connect: 1e5, Send: 1e4, Wait: 1e6, Read: 1e3}},
	{Start: 1e9, End: 2e9, Fate: record.FateLost, Class: record.StatusClass(503), Status: 503, Connection: 7, Response: []byte("503\x00envoy\x00via: x\nretry-after: 1\n\x00no healthy upstream")},
	{Start: 1e9, End: 2e9, Fate: record.FateLost, Class: record.NewClass(record.StageConnect, record.CauseRefused), Sample: `Get "http://gateway/": dial tcp gateway:80: connect: connection refused`},
}

// TestStreamsDoNotAllocate: no allocation for each request. (A few remain:
// pools are emptied from time to time, and often by the race detector.)
func TestStreamsDoNotAllocate(t *testing.T) {
	for _, stream := range Streams {
		sink := stream.New(io.Discard)
		told := sink.Begin(&record.Run{})
		if n := testing.AllocsPerRun(1000, func() {
			for _, r := range streamed {
				told.Record(r, "10.0.0.1:8080")
			}
		}); n >= float64(len(streamed)) {
			t.Errorf("%s: %v allocations", stream.Name, n)
		}
	}
}

func BenchmarkStreams(b *testing.B) {
	for _, stream := range Streams {
		b.Run(stream.Name, func(b *testing.B) {
			sink := stream.New(io.Discard)
			told := sink.Begin(&record.Run{})
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					told.Record(streamed[0], "10.0.0.1:8080")
				}
			})
		})
	}
}

func BenchmarkReadStream(b *testing.B) {
	var stream bytes.Buffer
	sink := NewNDJSON(&stream)
	const requests = 100_000
	syntheticRun(rand.New(rand.NewPCG(1, 1)), "", requests, sink)
	b.SetBytes(int64(stream.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(stream.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/requests, "ns/request")
}

// reread: an accepted recording can be written, and reads back the same.
func reread(t *testing.T, rec *record.Recording) {
	t.Helper()
	first := encoded(t, rec)
	again, err := Read(strings.NewReader(first))
	if err != nil {
		t.Fatalf("accepted, written and refused: %v\n%.2000s", err, first)
	}
	if second := encoded(t, again); second != first {
		t.Fatalf("reads back differently\n%s\n%s", first, second)
	}
}

func FuzzReadRecording(f *testing.F) {
	rec, _ := synthetic(f, 1, 2)
	f.Add(encoded(f, rec))
	rec, _ = synthetic(f, 2, 0)
	f.Add(encoded(f, rec))
	f.Add(`{"format":"nodrop/1","runs":[{"bins":{"widthNs":5000000,"list":[{"started":1,"latency":{"maxNs":3,"steps":[1]}}]},"statuses":{"200":1}}]}`)
	f.Fuzz(func(t *testing.T, file string) {
		if rec, err := Read(strings.NewReader(file)); err == nil {
			reread(t, rec)
		}
	})
}

func FuzzReadStream(f *testing.F) {
	_, stream := synthetic(f, 1, 2)
	f.Add(stream[:len(stream)/50])
	lines := bytes.SplitAfter(stream, []byte("\n"))
	f.Add(bytes.Join(append(lines[:5:5], lines[len(lines)-3:]...), nil))
	for _, r := range streamed {
		f.Add(append([]byte(`{"format":"nodrop-stream/1","run":{}}`+"\n"+`{"fate":"`), appendRequest(nil, r, "gw-1")...))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if rec, err := readStream(bytes.NewReader(file)); err == nil {
			reread(t, rec)
		}
	})
}

// FuzzAppendString: encoding/json reads back what was encoded, if it is valid
// UTF-8.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", `a"b\c`, "\x00\x1f\x7f", "ü\u2028", "\xff", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ToValidUTF8(s, "")
		var got string
		if err := json.Unmarshal(appendString(nil, s), &got); err != nil || strings.ReplaceAll(got, "\ufffd", "") != strings.ReplaceAll(want, "\ufffd", "") {
			t.Errorf("%q is read as %q: %v", s, got, err)
		}
	})
}

// TestStringsAreNotRaw: texts in a stream read back unchanged, and none
// contains raw characters that a terminal would obey.
func TestStringsAreNotRaw(t *testing.T) {
	for _, text := range []string{"plain", "\x1b\u009b31m \u202e\u2028 \x7f \U000E0041 é 👍 <&> \"\\", "\xff"} {
		got := appendString(nil, text)
		if bytes.ContainsFunc(got, func(r rune) bool { return r != '\ufffd' && safetext.IsUnsafe(r) }) {
			t.Errorf("%q is raw", got)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil || back != strings.ToValidUTF8(text, "\ufffd") {
			t.Errorf("%q, %v; want %q", back, err, text)
		}
	}
}
