// Package reporttest builds the recordings that tests of reports share. All
// parts of such a recording agree with each other.
package reporttest

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/length"
	"nodrop/loadgen/record/product"
	"nodrop/loadgen/record/trials"
)

const (
	us = int64(time.Microsecond)
	ms = int64(time.Millisecond)
)

// Request is one request of a hand-made run; times are ns from its start.
type Request struct {
	Start, End int64
	Fate       record.Fate
	Class      string // for lost and spoiled requests
	Endpoint   string
	Reused     bool
	Redirected bool
	Status     int    // for requests with a response
	Sample     string // for failed requests
	Bytes      int64
	Unsized    bool  // the head of the response did not say how long its body is
	Idle       int64 // of a reused connection, ns
	Connection int64 // its number; 0 = not told
	Goaway     int64 // how long before the end of its connection GOAWAY came, ns
}

func (q Request) responded() bool {
	return q.Fate == record.FateOK && q.Class == "" || strings.HasPrefix(q.Class, "status.")
}

// Class returns the class with a name, which must be in the table.
func Class(t testing.TB, name string) record.Class {
	t.Helper()
	var c record.Class
	if err := c.UnmarshalText([]byte(name)); err != nil {
		t.Fatal(err)
	}
	return c
}

// Builder sums up requests to a Run, one by one, so that all parts of it agree.
type Builder struct {
	t     testing.TB
	run   *record.Run
	width int64 // of the bins, ns
	Told  int   // limit of lost requests with details
}

// NewRun builds a consistent run. edit may set what does not follow from the
// requests.
func NewRun(t testing.TB, requests []Request, edit ...func(*Builder)) *record.Run {
	t.Helper()
	b := &Builder{t: t, width: 5 * ms, Told: 100_000}
	b.run = &record.Run{
		Settings: record.Settings{
			URL: "http://gateway:8080/", Method: "GET", Requests: int64(len(requests)), Workers: 10,
			Timeout: 20 * time.Second, ConnectTimeout: 20 * time.Second, KeepAlive: true, Redirects: true,
			OK: "2xx,3xx", Engine: "pool",
		},
		Environment: record.Environment{Version: "test", OS: "linux", Arch: "amd64", CPUs: 4},
		StartedAt:   time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Statuses:    map[int]int64{},
		Outcomes:    []record.Outcome{},
		Endpoints:   []record.EndpointSeen{},
		Lost:        []record.LostRequest{},
		Samples:     []record.Sample{},
		Marks:       []record.Mark{},
	}
	for _, f := range edit {
		f(b)
	}
	ordered := slices.Clone(requests)
	slices.SortStableFunc(ordered, func(a, b Request) int { return int(a.End - b.End) })
	for _, q := range ordered {
		b.add(q)
	}
	b.run.Counts.Planned = b.run.Counts.Started + b.run.Counts.Unsent
	slices.SortFunc(b.run.Endpoints, func(a, b record.EndpointSeen) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(b.run.Marks, func(a, b record.Mark) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	return b.run
}

func (b *Builder) add(q Request) {
	b.t.Helper()
	if q.End < q.Start {
		b.t.Fatalf("request ends at %d, before its start at %d", q.End, q.Start)
	}
	run, c := b.run, Class(b.t, q.Class)
	run.Duration = max(run.Duration, q.End)
	run.Counts.Started++
	b.bin(q.Start).Started++
	b.outcome(q, c)
	b.seen(q, c)
	bin, took := b.bin(q.End), q.End-q.Start
	switch q.Fate {
	case record.FateOK:
		run.Counts.OK++
		b.ok(q, c, bin)
	case record.FateLost:
		run.Counts.Lost++
		addLost(bin, c)
		b.lost(q, c)
		if q.responded() {
			run.Latency.Unexpected.Record(took)
		} else {
			run.Latency.Failed.Record(took)
		}
	case record.FateSpoiled:
		run.Counts.Spoiled++
		bin.Spoiled++
		run.Latency.Failed.Record(took)
		b.sample(q, c)
	case record.FateAborted:
		run.Counts.Aborted++
		bin.Aborted++
	}
	if q.responded() {
		b.response(q, bin)
	}
}

// ok adds a request that is ok; one with a class has no response: --ok goaway.
func (b *Builder) ok(q Request, c record.Class, bin *record.Bin) {
	if c != 0 {
		bin.TurnedAway++
		b.run.Latency.Failed.Record(q.End - q.Start)
		b.sample(q, c)
		return
	}
	bin.OK++
	b.run.Latency.OK.Record(q.End - q.Start)
}

func (b *Builder) bin(at int64) *record.Bin {
	bins := &b.run.Bins
	bins.Width = b.width
	for int64(len(bins.List)) <= at/b.width {
		bins.List = append(bins.List, record.Bin{})
	}
	return &bins.List[at/b.width]
}

func addLost(bin *record.Bin, c record.Class) {
	for i := range bin.Lost {
		if bin.Lost[i].Class == c {
			bin.Lost[i].Count++
			return
		}
	}
	bin.Lost = append(bin.Lost, record.BinLoss{Class: c, Count: 1})
}

func (b *Builder) response(q Request, bin *record.Bin) {
	run, took := b.run, q.End-q.Start
	run.Statuses[q.Status]++
	run.Bytes += q.Bytes
	if q.Unsized && q.Fate == record.FateOK && q.Status == 200 {
		if run.Lengths == nil {
			run.Lengths = &length.Line{}
		}
		run.Lengths.Add(q.End, q.Bytes)
	}
	bin.Responded++
	sketch := bin.Latency.Sketch()
	steps := sketch.Steps[:]
	steps[min(bits.Len64(uint64(took)/64_000), len(steps)-1)]++
	sketch.Max = max(sketch.Max, took)
	bin.Latency = sketch.Pack()
	connect := took / 8
	if q.Reused {
		connect = 0
	}
	run.Phases.DNS.Record(0)
	run.Phases.Connect.Record(connect)
	run.Phases.Send.Record(20 * us)
	run.Phases.Read.Record(took / 10)
	run.Phases.Wait.Record(max(0, took-connect-20*us-took/10))
}

func (b *Builder) outcome(q Request, c record.Class) {
	want := record.Outcome{Fate: q.Fate.String(), Class: c, Reused: q.Reused, Redirected: q.Redirected, Endpoint: q.Endpoint}
	for i, o := range b.run.Outcomes {
		o.Count = 0
		if o == want {
			b.run.Outcomes[i].Count++
			return
		}
	}
	want.Count = 1
	b.run.Outcomes = append(b.run.Outcomes, want)
}

func (b *Builder) seen(q Request, c record.Class) {
	if q.Endpoint == "" {
		return
	}
	list := b.run.Endpoints
	i := slices.IndexFunc(list, func(e record.EndpointSeen) bool { return e.Name == q.Endpoint })
	if i < 0 {
		i = len(list)
		list = append(list, record.EndpointSeen{Name: q.Endpoint, FirstConnect: -1, LastConnect: -1, FirstResponse: -1, LastResponse: -1})
		b.run.Endpoints = list
	}
	earliest := func(old, at int64) int64 {
		if old < 0 {
			return at
		}
		return min(old, at)
	}
	if e := &list[i]; !q.Reused && c.Stage() != record.StageConnect && c.Stage() != record.StageClient {
		b.run.Connections.Opened++
		e.FirstConnect, e.LastConnect = earliest(e.FirstConnect, q.Start), max(e.LastConnect, q.Start)
	}
	if e := &list[i]; q.responded() || c == record.NewClass(record.StageBody, record.CauseRejected) {
		e.FirstResponse, e.LastResponse = earliest(e.FirstResponse, q.End), max(e.LastResponse, q.End)
	}
}

func (b *Builder) lost(q Request, c record.Class) {
	sample := -1
	if !q.responded() {
		sample = b.sample(q, c)
	}
	if len(b.run.Lost) == b.Told {
		b.run.LostUnlisted++
		return
	}
	b.run.Lost = append(b.run.Lost, record.LostRequest{
		Start: q.Start, End: q.End, Class: c, Endpoint: q.Endpoint, Reused: q.Reused, Redirected: q.Redirected, Sample: sample, Idle: q.Idle, Connection: q.Connection, Goaway: q.Goaway,
	})
}

func (b *Builder) sample(q Request, c record.Class) int {
	i := slices.IndexFunc(b.run.Samples, func(s record.Sample) bool { return s.Text == q.Sample && s.Class == c })
	if i < 0 {
		i = len(b.run.Samples)
		b.run.Samples = append(b.run.Samples, record.Sample{Class: c, Text: q.Sample})
	}
	b.run.Samples[i].Count++
	return i
}

// Recording returns a recording of runs.
func Recording(runs ...*record.Run) *record.Recording {
	return &record.Recording{Format: record.Format, Runs: runs}
}

// Edited applies f to the run under construction.
func Edited(f func(*record.Run)) func(*Builder) {
	return func(b *Builder) { f(b.run) }
}

// Steady returns n successful requests, one every gap ns, to the endpoints in
// turn. Each takes 8 to 9 ms.
func Steady(n int, from, gap int64, endpoints ...string) []Request {
	list := make([]Request, n)
	for i := range list {
		start := from + int64(i)*gap
		list[i] = Request{
			Start: start, End: start + 8*ms + int64(i*37%1000)*us,
			Endpoint: endpoints[i%len(endpoints)], Status: 200, Bytes: 100,
		}
	}
	return list
}

// Error texts, as hey prints them.
const (
	RefusedText = `Get "http://gateway:8080/": dial tcp 10.0.0.1:8080: connect: connection refused`
	ResetText   = `Get "http://gateway:8080/": read tcp 10.0.0.9:*->10.0.0.1:8080: read: connection reset by peer`
	EOFText     = `Get "http://gateway:8080/": EOF`
	CutText     = `Get "http://gateway:8080/": unexpected EOF`
	PortsText   = `Get "http://gateway:8080/": dial tcp 10.0.0.1:8080: connect: cannot assign requested address`
)

// Lost returns a lost request; times in ns.
func Lost(start, end int64, class, endpoint, sample string) Request {
	return Request{Start: start, End: end, Fate: record.FateLost, Class: class, Endpoint: endpoint, Sample: sample}
}

// Replicas returns the names gw-FROM to gw-TO.
func Replicas(from, to int) []string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprintf("gw-%d", i))
	}
	return list
}

// moments returns a mark for each replica from gw-2 to gw-10, step ns apart.
func moments(kind record.MarkKind, first, step int64) []record.Mark {
	var list []record.Mark
	for i, name := range Replicas(2, 10) {
		at := first + int64(i)*step
		list = append(list, record.Mark{Kind: kind, Name: kind.Of(name), Endpoint: name, Start: at, End: at})
	}
	return list
}

// told adds shutdown settings to termination marks.
func told(how record.Shutdown, marks []record.Mark) []record.Mark {
	for i := range marks {
		marks[i].Shutdown = &how
	}
	return marks
}

// Step returns the mark of a scale-in that begins at 600 ms.
func Step(variant string, end int64) record.Mark {
	return record.Mark{Kind: record.MarkStep, Name: "scale gateway 10 → 1 (" + variant + ")", Start: 600 * ms, End: end}
}

// AbruptMarks returns the marks of replicas that exit at the signal; the
// balancer removes them about 53 ms later.
func AbruptMarks() []record.Mark {
	return slices.Concat(
		[]record.Mark{Step("abrupt", 653*ms+200*us)},
		told(record.Shutdown{}, moments(record.MarkTerminating, 600*ms+10*us, 0)),
		moments(record.MarkSignalled, 600*ms+50*us, 40*us),
		moments(record.MarkExited, 600*ms+600*us, 50*us),
		moments(record.MarkEndpointRemoved, 653*ms+150*us, 0),
	)
}

// GracefulMarks returns the marks of replicas with a pre-stop delay of 500 ms.
func GracefulMarks(exited int64) []record.Mark {
	return slices.Concat(
		[]record.Mark{Step("graceful", exited+400*us)},
		told(record.Shutdown{PreStop: "sleep 500ms", Grace: 30_000 * ms}, moments(record.MarkTerminating, 600*ms+10*us, 0)),
		moments(record.MarkEndpointRemoved, 653*ms, 0),
		moments(record.MarkSignalled, 1100*ms, 40*us),
		moments(record.MarkListenerClosed, 1100*ms+500*us, 40*us),
		moments(record.MarkExited, exited, 40*us),
	)
}

// AbruptRequests returns requests of which 253 are lost between 601 and 653 ms:
// 9 were in flight when the replicas exited, and 244 were refused.
func AbruptRequests() []Request {
	list := slices.Concat(
		Steady(2000, 0, 290*us, Replicas(1, 10)...),
		Steady(26, 600*ms, 2*ms, "gw-1"),
		Steady(2400, 654*ms, 250*us, "gw-1"),
	)
	for i, name := range Replicas(2, 10) {
		list = append(list, Lost(593*ms+int64(i)*100*us, 601*ms, "wait.reset", name, ResetText))
	}
	for i := range int64(244) {
		end := 653*ms - i*213*us
		list = append(list, Lost(end-150*us, end, "connect.refused", Replicas(2, 10)[i%9], RefusedText))
	}
	return list
}

// pods is a run behind the address of a Service, with the control plane's
// marks. web-2 leaves without a pre-stop hook. web-3 lets no request finish and
// is killed at the end of its grace period. web-4 crashes.
func pods(t testing.TB) *record.Recording {
	const service = "10.96.0.10:80"
	mark := func(kind record.MarkKind, pod string, at int64) record.Mark {
		return record.Mark{Kind: kind, Name: kind.Of(pod), Endpoint: pod, Address: "10.244.0.1" + pod[len(pod)-1:], Start: at, End: at}
	}
	ends := mark(record.MarkExited, "web-2", 640*ms)
	ends.Error = "exit code 143"
	crash := mark(record.MarkCrashed, "web-4", 700*ms)
	crash.Error = "exit code 137: out of memory"
	killed := mark(record.MarkExited, "web-3", 2700*ms)
	killed.Error = "exit code 137"
	marks := slices.Concat(
		[]record.Mark{{Kind: record.MarkStep, Name: "delete pod app=web", Start: 595 * ms, End: 598 * ms}},
		told(record.Shutdown{Grace: 30_000 * ms}, []record.Mark{mark(record.MarkTerminating, "web-2", 600*ms)}),
		told(record.Shutdown{PreStop: "sleep 1s", Grace: 2000 * ms}, []record.Mark{mark(record.MarkTerminating, "web-3", 602*ms)}),
		[]record.Mark{
			mark(record.MarkEndpointGoes, "web-2", 612*ms), mark(record.MarkEndpointGoes, "web-3", 612*ms), ends,
			mark(record.MarkEndpointDropped, "web-2", 650*ms), crash, mark(record.MarkReady, "web-5", 900*ms),
			mark(record.MarkKilled, "web-3", 2700*ms), killed, mark(record.MarkEndpointDropped, "web-3", 2705*ms),
		},
	)
	list := Steady(3000, 0, ms, service)
	for i := range int64(12) {
		list = append(list, Lost(606*ms+i*4*ms, 606*ms+i*4*ms+150*us, "connect.refused", service, RefusedText))
	}
	for i := range int64(3) {
		list = append(list, Lost(580*ms+i*ms, 2100*ms+i*ms, "wait.eof", service, EOFText))
	}
	return Recording(NewRun(t, list, Edited(func(run *record.Run) {
		run.Marks, run.Replicas, run.Settings.KeepAlive = marks, 4, false
	})))
}

// Variant makes the run under construction a variant of the lab's scenario, with
// the checks of that variant.
func Variant(name string, marks []record.Mark, f ...func(*record.Run)) func(*Builder) {
	return Edited(func(run *record.Run) {
		run.Variant, run.Marks, run.Products = name, marks, []string{product.Lab}
		run.Settings.KeepAlive = false
		switch name {
		case "abrupt":
			run.Require = []string{"lost > 0"}
		case "graceful":
			run.Expect = []string{"lost == 0"}
		}
		for _, edit := range f {
			edit(run)
		}
	})
}

// Abrupt returns a run that loses requests because replicas exit at once.
func Abrupt(t testing.TB) *record.Run {
	t.Helper()
	return NewRun(t, AbruptRequests(), Variant("abrupt", AbruptMarks()))
}

// GracefulRequests returns requests to all replicas, and only to gw-1 once the
// balancer has removed the others.
func GracefulRequests() []Request {
	return slices.Concat(Steady(2250, 0, 290*us, Replicas(1, 10)...), Steady(2400, 654*ms, 250*us, "gw-1"))
}

// Graceful returns a run without losses.
func Graceful(t testing.TB) *record.Run {
	t.Helper()
	return NewRun(t, GracefulRequests(), Variant("graceful", GracefulMarks(1108*ms)))
}

// Searched returns a search that ended at one step of 100 ms or, if it found
// nothing, at 0: the losses there stopped.
func Searched(t testing.TB, outcome trials.Outcome, place int) *record.Recording {
	t.Helper()
	const step = 100 * ms
	rec := Recording()
	rec.Search = &trials.Search{
		Setting: "pre-stop", Title: "pre-stop delay", Variant: "graceful", Range: trials.Range{Unit: "s", To: 20 * step, Step: step},
		Confirm: 2, Outcome: outcome, Value: int64(place) * step,
	}
	count := map[int]int{}
	for i, at := range []int{0, 1, 1, 0, 0, 1} {
		trial := trials.Trial{Value: int64(at) * step, Part: trials.Bracket, Runs: []int{i}, Verdict: "fail"}
		if i > 1 {
			trial.Part = trials.Confirm
		}
		run := NewRun(t, AbruptRequests(), Variant("", AbruptMarks()))
		if at == 1 || outcome == trials.Drifting && i > 1 {
			run, trial.Verdict = Graceful(t), "pass"
		}
		count[at]++
		run.Variant, run.Repetition = "graceful pre-stop="+rec.Search.Range.Text(trial.Value), count[at]
		run.Expect, run.Require = []string{"lost == 0"}, nil
		run.StartedAt = run.StartedAt.Add(time.Duration(i) * time.Minute)
		rec.Runs = append(rec.Runs, run)
		rec.Search.Trials = append(rec.Search.Trials, trial)
	}
	return rec
}

// Repetitions returns runs of both variants in turns. Each abrupt run loses
// three requests fewer than the one before.
func Repetitions(t testing.TB, n int) *record.Recording {
	t.Helper()
	rec := Recording()
	for i := range n {
		left := 3 * i
		a := NewRun(t, slices.DeleteFunc(AbruptRequests(), func(q Request) bool {
			if q.Fate == record.FateLost {
				left--
			}
			return q.Fate == record.FateLost && left >= 0
		}), Variant("abrupt", AbruptMarks()))
		pair := []*record.Run{a, Graceful(t)}
		for j, run := range pair {
			run.Repetition = i + 1
			run.StartedAt = run.StartedAt.Add(time.Duration(2*i+(i+j)%2) * time.Minute)
		}
		if i%2 == 1 {
			slices.Reverse(pair)
		}
		rec.Runs = append(rec.Runs, pair...)
	}
	return rec
}

// Fixture is a recording with a name.
type Fixture struct {
	Name  string
	Build func(testing.TB) *record.Recording
}

// Fixtures are the recordings that tests render in every format.
var Fixtures = []Fixture{
	{"plain", func(t testing.TB) *record.Recording {
		return Recording(NewRun(t, Steady(400, 0, ms, "10.0.0.1:8080")))
	}},
	{"one", func(t testing.TB) *record.Recording {
		return Recording(NewRun(t, []Request{{Start: 0, End: 1_234_567, Endpoint: "10.0.0.1:8080", Status: 204}}))
	}},
	{"empty", func(t testing.TB) *record.Recording {
		return Recording(NewRun(t, nil, Edited(func(run *record.Run) {
			run.Interrupted = true
			run.Counts.Unsent = 200
		})))
	}},
	{"refused", func(t testing.TB) *record.Recording {
		var list []Request
		for i := range int64(50) {
			list = append(list, Lost(i*200*us, i*200*us+180*us, "connect.refused", "10.0.0.1:8080", RefusedText))
		}
		return Recording(NewRun(t, list, func(b *Builder) {
			b.run.Traces = []record.Trace{{
				Start: 200 * us, Class: Class(t, "connect.refused"), Endpoint: "10.0.0.1:8080",
				Steps: []record.TraceStep{
					{At: 201 * us, What: "connecting to 10.0.0.1:8080"},
					{At: 380 * us, What: "failed in the connect stage: connect.refused", Error: "connect: connection refused (errno 111)"},
				},
			}}
		}))
	}},
	{"mixed", Mixed},
	{"lab", func(t testing.TB) *record.Recording {
		return Recording(Abrupt(t), Graceful(t))
	}},
	{"kube", pods},
	{"lab-repeated", func(t testing.TB) *record.Recording { return Repetitions(t, 4) }},
	{"search", func(t testing.TB) *record.Recording { return Searched(t, trials.Found, 1) }},
	{"search-drifting", func(t testing.TB) *record.Recording { return Searched(t, trials.Drifting, 0) }},
	{"lab-streams", func(t testing.TB) *record.Recording {
		rec := Recording()
		for _, stream := range []string{"new", "kept"} {
			a, g := Abrupt(t), Graceful(t)
			if stream == "kept" {
				a = NewRun(t, GracefulRequests(), Variant("abrupt", AbruptMarks()))
			}
			a.Stream, g.Stream = stream, stream
			rec.Runs = append(rec.Runs, a, g)
		}
		slices.SortStableFunc(rec.Runs, func(a, b *record.Run) int { return cmp.Compare(a.Variant, b.Variant) })
		return rec
	}},
	{"lab-abrupt-lost-nothing", func(t testing.TB) *record.Recording {
		list := slices.DeleteFunc(AbruptRequests(), func(q Request) bool { return q.Fate == record.FateLost })
		return Recording(NewRun(t, list, Variant("abrupt", AbruptMarks())), Graceful(t))
	}},
	{"lab-graceful-lost", func(t testing.TB) *record.Recording {
		list := GracefulRequests()
		for i := range int64(3) {
			list = append(list, Lost(1090*ms+i*ms, 1107*ms+i*ms, "wait.eof", Replicas(2, 10)[i], EOFText))
		}
		return Recording(Abrupt(t), NewRun(t, list, Variant("graceful", GracefulMarks(1108*ms))))
	}},
	{"lab-outlived", func(t testing.TB) *record.Recording {
		return Recording(Abrupt(t), NewRun(t, GracefulRequests(), Variant("graceful", GracefulMarks(1900*ms))))
	}},
	{"lab-unhealthy", func(t testing.TB) *record.Recording {
		list := GracefulRequests()
		for i := range int64(2) {
			q := Lost(200*ms+i*100*ms, 204*ms+i*100*ms, "status.503", "gw-4", "")
			q.Status = 503
			list = append(list, q)
		}
		return Recording(Abrupt(t), NewRun(t, list, Variant("graceful", GracefulMarks(1108*ms))))
	}},
	{"lab-step-failed", func(t testing.TB) *record.Recording {
		failed := Step("graceful", 601*ms)
		failed.Error = "cannot signal gw-3: operation not permitted"
		marks := append(moments(record.MarkTerminating, 600*ms+10*us, 0), failed)
		return Recording(Abrupt(t), NewRun(t, GracefulRequests(), Variant("graceful", marks)))
	}},
	{"lab-interrupted", func(t testing.TB) *record.Recording {
		list := slices.DeleteFunc(AbruptRequests(), func(q Request) bool { return q.Start > 630*ms })
		return Recording(NewRun(t, list, Variant("abrupt", AbruptMarks()[:1+9+9+9], func(run *record.Run) {
			run.Interrupted = true
			run.Counts.Unsent = 40_000
			run.Marks[0].End, run.Marks[0].Error = 630*ms, "interrupted"
		})))
	}},
	{"http2", drains},
	{"proof-fixed", proven},
	{"proof-no-change", refuted},
	{"hostile", Hostile},
	{"broken", func(t testing.TB) *record.Recording {
		run := Graceful(t)
		run.Counts.OK--
		return Recording(Abrupt(t), run)
	}},
}

// Mixed is an interrupted run over two endpoints at a limited rate, with every
// kind of result.
func Mixed(t testing.TB) *record.Recording {
	t.Helper()
	endpoints := []string{"10.0.0.1:8080", "10.0.0.2:8080"}
	list := Steady(400, 0, 2*ms, endpoints...)
	for i := range list {
		list[i].Reused = i >= 10
	}
	for i := range int64(6) {
		q := Lost(200*ms+i*5*ms, 202*ms+i*5*ms, "status.503", endpoints[i%2], "")
		q.Status, q.Reused, q.Bytes = 503, true, 19
		list = append(list, q)
	}
	for i := range int64(4) {
		q := Lost(500*ms+i*ms, 530*ms+i*ms, "body.eof", endpoints[1], CutText)
		q.Reused = i%2 == 0
		list = append(list, q)
	}
	for i := range int64(3) {
		list = append(list, Request{Start: 600*ms + i*ms, End: 600*ms + i*ms + 90*us, Fate: record.FateSpoiled, Class: "client.ports", Sample: PortsText})
	}
	for i := range int64(5) {
		list = append(list, Request{Start: 790*ms + i*ms, End: 830 * ms, Fate: record.FateAborted, Endpoint: endpoints[i%2], Reused: i != 0})
	}
	return Recording(NewRun(t, list, func(b *Builder) {
		b.Told = 7
		b.run.Interrupted = true
		b.run.Counts.Unsent = 582
		b.run.Settings.Requests, b.run.Settings.Rate = 1000, 60
		b.run.Late = 12
		b.run.Connections.Stale, b.run.Connections.Ours, b.run.Connections.Surplus = 4, 2, 1
		b.run.Notes = []string{"gateway has addresses of both families; IPv4 was used"}
	}))
}

// Nasty are texts that a hostile server might send.
var Nasty = []string{
	"x</details>\n\n# pwned <img src=x onerror=alert(1)> <script>alert(1)</script>",
	"```\n[click](http://evil.example) ![i](http://evil.example/i.png)\n```\n| a | b |\n|---|---|",
	"a|b\\|c \\` `code` ``` *bold* _it_ ~~no~~ www.evil.example https://evil.example me@evil.example @everyone #1 $x$ &lt; <!-- ]]>",
	"\x1b[31mred\x1b[0m \x1b]0;title\x07\u202egnp.exe\u0000\r\nVerdict: pass.\n- - [ ] item",
	"1. one\n2) two\n+ plus\n===\n---\n> quote\n    code\tand\u2028more",
}

// Hostile has the Nasty texts everywhere that text can come from outside.
func Hostile(t testing.TB) *record.Recording { return OutsideTexts(t, Nasty) }

// OutsideTexts has the given texts, which must differ, in all these places.
func OutsideTexts(t testing.TB, texts []string) *record.Recording {
	t.Helper()
	var marks []record.Mark
	list := Steady(400, 0, ms, texts...)
	for i, text := range texts {
		at := 100*ms + int64(i)*20*ms
		marks = append(marks,
			record.Mark{Kind: record.MarkStep, Name: text, Start: at, End: at, Error: text},
			record.Mark{Kind: record.MarkExited, Name: text, Endpoint: text, Start: at, End: at, Error: text})
		q := Lost(at, at+2*ms, "status.503", text, "")
		q.Status = 503
		list = append(list, q,
			Lost(at, at+ms, "connect.refused", text, text),
			Lost(at, at+ms, "tls.rejected", text, text),
			Request{Start: at, End: at + ms, Fate: record.FateSpoiled, Class: "client.other", Sample: text})
	}
	run := NewRun(t, list, Edited(func(run *record.Run) {
		run.Variant = texts[0]
		run.Settings.URL, run.Settings.Method, run.Settings.EndpointHeader = "http://"+texts[1], texts[2], texts[3]
		run.Notes = texts
		run.Marks = marks
		run.Expect, run.Require = []string{"lost == 0", texts[4]}, []string{texts[2]}
		for _, text := range texts {
			run.Responses = append(run.Responses, record.ErrorResponse{Status: 503, Server: text, Fields: texts, Body: text, Count: 1})
		}
		run.Traces = []record.Trace{{Start: 100 * ms, Class: Class(t, "connect.refused"), Endpoint: texts[0], Steps: []record.TraceStep{{At: 101 * ms, What: texts[1], Error: texts[4]}}}}
	}))
	rec := Recording(run, NewRun(t, Steady(10, 0, ms, "gw-1"), Variant(texts[1], nil)))
	rec.Error = texts[3]
	return rec
}

// Lossy returns a run of n requests that lost lostCount of them. more, in ns,
// is added to the others' latency.
func Lossy(t testing.TB, n, lostCount int, more int64, edit ...func(*Builder)) *record.Run {
	t.Helper()
	list := Steady(n-lostCount, 0, ms, "gw-1")
	for i := range list {
		list[i].End += more
	}
	for i := range int64(lostCount) {
		list = append(list, Lost(100*ms+i*100*us, 101*ms+i*100*us, "connect.refused", "gw-1", RefusedText))
	}
	return NewRun(t, list, edit...)
}

// Lossies returns a run of 1000 requests for each count of losses, each run a
// little slower than the one before.
func Lossies(t testing.TB, lostCounts ...int) []*record.Run {
	t.Helper()
	var runs []*record.Run
	for i, n := range lostCounts {
		runs = append(runs, Lossy(t, 1000, n, int64(i)*100*us))
	}
	return runs
}

// Trial returns a short run with a step from 50 to 60 ms; all losses come after
// it.
func Trial(t testing.TB, lostCount int, edit func(*record.Run)) *record.Run {
	t.Helper()
	list := Steady(200, 0, ms, "gw-1", "gw-2")
	for i := range int64(lostCount) {
		list = append(list, Lost(70*ms+i*ms, 71*ms+i*ms, "connect.refused", "gw-2", RefusedText))
	}
	return NewRun(t, list, Edited(func(run *record.Run) {
		run.Expect = []string{"lost == 0"}
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "scale", Start: 50 * ms, End: 60 * ms}}
		if edit != nil {
			edit(run)
		}
	}))
}

// Spoil adds spoiled requests to a finished run.
func Spoil(t testing.TB, run *record.Run, n int64) *record.Run {
	t.Helper()
	c := Class(t, "client.ports")
	run.Counts.Planned += n
	run.Counts.Started += n
	run.Counts.Spoiled += n
	run.Bins.List[0].Started += n
	run.Bins.List[0].Spoiled += n
	run.Outcomes = append(run.Outcomes, record.Outcome{Fate: "spoiled", Class: c, Count: n})
	run.Samples = append(run.Samples, record.Sample{Class: c, Text: PortsText, Count: n})
	return run
}

// FailIf sets the --fail-if checks of the run under construction.
func FailIf(checks ...string) func(*Builder) {
	return Edited(func(run *record.Run) { run.FailIf = checks })
}
