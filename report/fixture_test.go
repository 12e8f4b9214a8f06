package report

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
)

const (
	us = int64(time.Microsecond)
	ms = int64(time.Millisecond)
)

// request is one request of a hand-made run; times are ns from its start.
type request struct {
	start, end int64
	fate       record.Fate
	class      string // for lost and spoiled
	endpoint   string
	reused     bool
	redirected bool
	status     int    // of answered requests
	sample     string // of failed ones
	bytes      int64
}

func (q request) answered() bool {
	return q.fate == record.FateOK || strings.HasPrefix(q.class, "status.")
}

// class is the class with a name that must be in the table.
func class(t testing.TB, name string) record.Class {
	t.Helper()
	var c record.Class
	if err := c.UnmarshalText([]byte(name)); err != nil {
		t.Fatal(err)
	}
	return c
}

// builder sums requests up to a Run, one by one, so that every part of it
// agrees with every other.
type builder struct {
	t     testing.TB
	run   *record.Run
	width int64 // of the bins, ns
	told  int   // lost requests kept in full
}

// newRun builds a consistent run; edit may set what requests do not decide.
func newRun(t testing.TB, requests []request, edit ...func(*builder)) *record.Run {
	t.Helper()
	b := &builder{t: t, width: 5 * ms, told: 100_000}
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
	slices.SortStableFunc(ordered, func(a, b request) int { return int(a.end - b.end) })
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

func (b *builder) add(q request) {
	b.t.Helper()
	if q.end < q.start {
		b.t.Fatalf("request ends at %d, before its start at %d", q.end, q.start)
	}
	run, c := b.run, class(b.t, q.class)
	run.Duration = max(run.Duration, q.end)
	run.Counts.Started++
	b.bin(q.start).Started++
	b.outcome(q, c)
	b.seen(q, c)
	bin, took := b.bin(q.end), q.end-q.start
	switch q.fate {
	case record.FateOK:
		run.Counts.OK++
		bin.OK++
		run.Latency.OK.Record(took)
	case record.FateLost:
		run.Counts.Lost++
		addLost(bin, c)
		b.lost(q, c)
		if q.answered() {
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
	if q.answered() {
		b.answer(q, bin)
	}
}

func (b *builder) bin(at int64) *record.Bin {
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

func (b *builder) answer(q request, bin *record.Bin) {
	run, took := b.run, q.end-q.start
	run.Statuses[q.status]++
	run.Bytes += q.bytes
	bin.Answered++
	if bin.Latency == nil {
		bin.Latency = &record.Sketch{}
	}
	steps := bin.Latency.Steps[:]
	steps[min(bits.Len64(uint64(took)/64_000), len(steps)-1)]++
	bin.Latency.Max = max(bin.Latency.Max, took)
	connect := took / 8
	if q.reused {
		connect = 0
	}
	run.Phases.DNS.Record(0)
	run.Phases.Connect.Record(connect)
	run.Phases.Send.Record(20 * us)
	run.Phases.Read.Record(took / 10)
	run.Phases.Wait.Record(max(0, took-connect-20*us-took/10))
}

func (b *builder) outcome(q request, c record.Class) {
	want := record.Outcome{Fate: q.fate.String(), Class: c, Reused: q.reused, Redirected: q.redirected, Endpoint: q.endpoint}
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

func (b *builder) seen(q request, c record.Class) {
	if q.endpoint == "" {
		return
	}
	list := b.run.Endpoints
	i := slices.IndexFunc(list, func(e record.EndpointSeen) bool { return e.Name == q.endpoint })
	if i < 0 {
		i = len(list)
		list = append(list, record.EndpointSeen{Name: q.endpoint, FirstConnect: -1, LastConnect: -1, FirstAnswer: -1, LastAnswer: -1})
		b.run.Endpoints = list
	}
	earliest := func(old, at int64) int64 {
		if old < 0 {
			return at
		}
		return min(old, at)
	}
	if e := &list[i]; !q.reused && c.Stage() != record.StageConnect && c.Stage() != record.StageClient {
		b.run.Connections.Opened++
		e.FirstConnect, e.LastConnect = earliest(e.FirstConnect, q.start), max(e.LastConnect, q.start)
	}
	if e := &list[i]; q.answered() {
		e.FirstAnswer, e.LastAnswer = earliest(e.FirstAnswer, q.end), max(e.LastAnswer, q.end)
	}
}

func (b *builder) lost(q request, c record.Class) {
	sample := -1
	if !q.answered() {
		sample = b.sample(q, c)
	}
	if len(b.run.Lost) == b.told {
		b.run.LostUntold++
		return
	}
	b.run.Lost = append(b.run.Lost, record.LostRequest{
		Start: q.start, End: q.end, Class: c, Endpoint: q.endpoint, Reused: q.reused, Redirected: q.redirected, Sample: sample,
	})
}

func (b *builder) sample(q request, c record.Class) int {
	i := slices.IndexFunc(b.run.Samples, func(s record.Sample) bool { return s.Text == q.sample && s.Class == c })
	if i < 0 {
		i = len(b.run.Samples)
		b.run.Samples = append(b.run.Samples, record.Sample{Class: c, Text: q.sample})
	}
	b.run.Samples[i].Count++
	return i
}

func recording(runs ...*record.Run) *record.Recording {
	return &record.Recording{Format: record.Format, Runs: runs}
}

// edited applies f to the run under construction.
func edited(f func(*record.Run)) func(*builder) {
	return func(b *builder) { f(b.run) }
}

// steady makes n answered requests, one each gap ns, over the endpoints in
// turn, that take 8 to 9 ms.
func steady(n int, from, gap int64, endpoints ...string) []request {
	list := make([]request, n)
	for i := range list {
		start := from + int64(i)*gap
		list[i] = request{
			start: start, end: start + 8*ms + int64(i*37%1000)*us,
			endpoint: endpoints[i%len(endpoints)], status: 200, bytes: 100,
		}
	}
	return list
}

const (
	refusedText = `Get "http://gateway:8080/": dial tcp 10.0.0.1:8080: connect: connection refused`
	resetText   = `Get "http://gateway:8080/": read tcp 10.0.0.9:*->10.0.0.1:8080: read: connection reset by peer`
	eofText     = `Get "http://gateway:8080/": EOF`
	cutText     = `Get "http://gateway:8080/": unexpected EOF`
	portsText   = `Get "http://gateway:8080/": dial tcp 10.0.0.1:8080: connect: cannot assign requested address`
)

func lost(start, end int64, class, endpoint, sample string) request {
	return request{start: start, end: end, fate: record.FateLost, class: class, endpoint: endpoint, sample: sample}
}

func replicas(from, to int) []string {
	var list []string
	for i := from; i <= to; i++ {
		list = append(list, fmt.Sprintf("gw-%d", i))
	}
	return list
}

// moments makes one mark for each replica from gw-2 to gw-10, step ns apart.
func moments(kind record.MarkKind, first, step int64) []record.Mark {
	var list []record.Mark
	for i, name := range replicas(2, 10) {
		at := first + int64(i)*step
		list = append(list, record.Mark{Kind: kind, Name: kind.Of(name), Endpoint: name, Start: at, End: at})
	}
	return list
}

// told says how the endpoints go, where marks tell that they have to.
func told(how record.Shutdown, marks []record.Mark) []record.Mark {
	for i := range marks {
		marks[i].Shutdown = &how
	}
	return marks
}

func step(variant string, end int64) record.Mark {
	return record.Mark{Kind: record.MarkStep, Name: "scale gateway 10 → 1 (" + variant + ")", Start: 600 * ms, End: end}
}

// abruptMarks: exit at the signal; the balancer hears of it 53 ms later.
func abruptMarks() []record.Mark {
	return slices.Concat(
		[]record.Mark{step("abrupt", 653*ms+200*us)},
		told(record.Shutdown{}, moments(record.MarkTerminating, 600*ms+10*us, 0)),
		moments(record.MarkSignalled, 600*ms+50*us, 40*us),
		moments(record.MarkExited, 600*ms+600*us, 50*us),
		moments(record.MarkEndpointRemoved, 653*ms+150*us, 0),
	)
}

// gracefulMarks: half a second of pre-stop delay, then the end.
func gracefulMarks(exited int64) []record.Mark {
	return slices.Concat(
		[]record.Mark{step("graceful", exited+400*us)},
		told(record.Shutdown{PreStop: "sleep 500ms", Grace: 30_000 * ms}, moments(record.MarkTerminating, 600*ms+10*us, 0)),
		moments(record.MarkEndpointRemoved, 653*ms, 0),
		moments(record.MarkSignalled, 1100*ms, 40*us),
		moments(record.MarkListenerClosed, 1100*ms+500*us, 40*us),
		moments(record.MarkExited, exited, 40*us),
	)
}

// abruptRequests lose 253 from 601 to 653 ms: 9 in flight when the replicas
// exited, and 244 refused.
func abruptRequests() []request {
	list := slices.Concat(
		steady(2000, 0, 290*us, replicas(1, 10)...),
		steady(26, 600*ms, 2*ms, "gw-1"),
		steady(2400, 654*ms, 250*us, "gw-1"),
	)
	for i, name := range replicas(2, 10) {
		list = append(list, lost(593*ms+int64(i)*100*us, 601*ms, "wait.reset", name, resetText))
	}
	for i := range int64(244) {
		end := 653*ms - i*213*us
		list = append(list, lost(end-150*us, end, "connect.refused", replicas(2, 10)[i%9], refusedText))
	}
	return list
}

// pods is a run behind the address of a Service, of which the control plane tells:
// web-2 goes without a pre-stop hook; web-3 lets nothing finish, and is killed at the
// end of its grace; web-4 crashes.
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
	list := steady(3000, 0, ms, service)
	for i := range int64(12) {
		list = append(list, lost(606*ms+i*4*ms, 606*ms+i*4*ms+150*us, "connect.refused", service, refusedText))
	}
	for i := range int64(3) {
		list = append(list, lost(580*ms+i*ms, 2100*ms+i*ms, "wait.eof", service, eofText))
	}
	return recording(newRun(t, list, edited(func(run *record.Run) {
		run.Marks, run.Replicas, run.Settings.KeepAlive = marks, 4, false
	})))
}

func variant(name string, marks []record.Mark, f ...func(*record.Run)) func(*builder) {
	return edited(func(run *record.Run) {
		run.Variant, run.Marks = name, marks
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

func abrupt(t testing.TB) *record.Run {
	t.Helper()
	return newRun(t, abruptRequests(), variant("abrupt", abruptMarks()))
}

// gracefulRequests go to all replicas, and to gw-1 alone once the balancer has
// heard of the scale-in.
func gracefulRequests() []request {
	return slices.Concat(steady(2250, 0, 290*us, replicas(1, 10)...), steady(2400, 654*ms, 250*us, "gw-1"))
}

func graceful(t testing.TB) *record.Run {
	t.Helper()
	return newRun(t, gracefulRequests(), variant("graceful", gracefulMarks(1108*ms)))
}

// repetitions are runs of both variants in turns; each abrupt one loses three
// requests fewer than the one before.
func repetitions(t testing.TB, n int) *record.Recording {
	t.Helper()
	rec := recording()
	for i := range n {
		left := 3 * i
		a := newRun(t, slices.DeleteFunc(abruptRequests(), func(q request) bool {
			if q.fate == record.FateLost {
				left--
			}
			return q.fate == record.FateLost && left >= 0
		}), variant("abrupt", abruptMarks()))
		pair := []*record.Run{a, graceful(t)}
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

type fixture struct {
	name  string
	build func(testing.TB) *record.Recording
}

// fixtures are the recordings that every format is tried on.
var fixtures = []fixture{
	{"plain", func(t testing.TB) *record.Recording {
		return recording(newRun(t, steady(400, 0, ms, "10.0.0.1:8080")))
	}},
	{"one", func(t testing.TB) *record.Recording {
		return recording(newRun(t, []request{{start: 0, end: 1_234_567, endpoint: "10.0.0.1:8080", status: 204}}))
	}},
	{"empty", func(t testing.TB) *record.Recording {
		return recording(newRun(t, nil, edited(func(run *record.Run) {
			run.Interrupted = true
			run.Counts.Unsent = 200
		})))
	}},
	{"refused", func(t testing.TB) *record.Recording {
		var list []request
		for i := range int64(50) {
			list = append(list, lost(i*200*us, i*200*us+180*us, "connect.refused", "10.0.0.1:8080", refusedText))
		}
		return recording(newRun(t, list, func(b *builder) {
			b.run.Traces = []record.Trace{{
				Start: 200 * us, Class: class(t, "connect.refused"), Endpoint: "10.0.0.1:8080",
				Steps: []record.TraceStep{
					{At: 201 * us, What: "connecting to 10.0.0.1:8080"},
					{At: 380 * us, What: "failed in the connect stage: connect.refused", Error: "connect: connection refused (errno 111)"},
				},
			}}
		}))
	}},
	{"mixed", mixed},
	{"lab", func(t testing.TB) *record.Recording {
		return recording(abrupt(t), graceful(t))
	}},
	{"kube", pods},
	{"lab-repeated", func(t testing.TB) *record.Recording { return repetitions(t, 4) }},
	{"lab-streams", func(t testing.TB) *record.Recording {
		rec := recording()
		for _, stream := range []string{"new", "kept"} {
			a, g := abrupt(t), graceful(t)
			if stream == "kept" {
				a = newRun(t, gracefulRequests(), variant("abrupt", abruptMarks()))
			}
			a.Stream, g.Stream = stream, stream
			rec.Runs = append(rec.Runs, a, g)
		}
		slices.SortStableFunc(rec.Runs, func(a, b *record.Run) int { return cmp.Compare(a.Variant, b.Variant) })
		return rec
	}},
	{"lab-abrupt-lost-nothing", func(t testing.TB) *record.Recording {
		list := slices.DeleteFunc(abruptRequests(), func(q request) bool { return q.fate == record.FateLost })
		return recording(newRun(t, list, variant("abrupt", abruptMarks())), graceful(t))
	}},
	{"lab-graceful-lost", func(t testing.TB) *record.Recording {
		list := gracefulRequests()
		for i := range int64(3) {
			list = append(list, lost(1090*ms+i*ms, 1107*ms+i*ms, "wait.eof", replicas(2, 10)[i], eofText))
		}
		return recording(abrupt(t), newRun(t, list, variant("graceful", gracefulMarks(1108*ms))))
	}},
	{"lab-outlived", func(t testing.TB) *record.Recording {
		return recording(abrupt(t), newRun(t, gracefulRequests(), variant("graceful", gracefulMarks(1900*ms))))
	}},
	{"lab-unhealthy", func(t testing.TB) *record.Recording {
		list := gracefulRequests()
		for i := range int64(2) {
			q := lost(200*ms+i*100*ms, 204*ms+i*100*ms, "status.503", "gw-4", "")
			q.status = 503
			list = append(list, q)
		}
		return recording(abrupt(t), newRun(t, list, variant("graceful", gracefulMarks(1108*ms))))
	}},
	{"lab-step-failed", func(t testing.TB) *record.Recording {
		failed := step("graceful", 601*ms)
		failed.Error = "cannot signal gw-3: operation not permitted"
		marks := append(moments(record.MarkTerminating, 600*ms+10*us, 0), failed)
		return recording(abrupt(t), newRun(t, gracefulRequests(), variant("graceful", marks)))
	}},
	{"lab-interrupted", func(t testing.TB) *record.Recording {
		list := slices.DeleteFunc(abruptRequests(), func(q request) bool { return q.start > 630*ms })
		return recording(newRun(t, list, variant("abrupt", abruptMarks()[:1+9+9+9], func(run *record.Run) {
			run.Interrupted = true
			run.Counts.Unsent = 40_000
			run.Marks[0].End, run.Marks[0].Error = 630*ms, "interrupted"
		})))
	}},
	{"hostile", hostile},
	{"broken", func(t testing.TB) *record.Recording {
		run := graceful(t)
		run.Counts.OK--
		return recording(abrupt(t), run)
	}},
}

// mixed is a throttled run over two endpoints that met everything, until it
// was interrupted.
func mixed(t testing.TB) *record.Recording {
	t.Helper()
	endpoints := []string{"10.0.0.1:8080", "10.0.0.2:8080"}
	list := steady(400, 0, 2*ms, endpoints...)
	for i := range list {
		list[i].reused = i >= 10
	}
	for i := range int64(6) {
		q := lost(200*ms+i*5*ms, 202*ms+i*5*ms, "status.503", endpoints[i%2], "")
		q.status, q.reused, q.bytes = 503, true, 19
		list = append(list, q)
	}
	for i := range int64(4) {
		q := lost(500*ms+i*ms, 530*ms+i*ms, "body.eof", endpoints[1], cutText)
		q.reused = i%2 == 0
		list = append(list, q)
	}
	for i := range int64(3) {
		list = append(list, request{start: 600*ms + i*ms, end: 600*ms + i*ms + 90*us, fate: record.FateSpoiled, class: "client.ports", sample: portsText})
	}
	for i := range int64(5) {
		list = append(list, request{start: 790*ms + i*ms, end: 830 * ms, fate: record.FateAborted, endpoint: endpoints[i%2], reused: i != 0})
	}
	return recording(newRun(t, list, func(b *builder) {
		b.told = 7
		b.run.Interrupted = true
		b.run.Counts.Unsent = 582
		b.run.Settings.Requests, b.run.Settings.Rate = 1000, 60
		b.run.Late = 12
		b.run.Connections.Stale, b.run.Connections.Ours, b.run.Connections.Surplus = 4, 2, 1
		b.run.Notes = []string{"gateway has addresses of both families; IPv4 was used"}
	}))
}

// nasty are texts as a server that means harm would send them.
var nasty = []string{
	"x</details>\n\n# pwned <img src=x onerror=alert(1)> <script>alert(1)</script>",
	"```\n[click](http://evil.example) ![i](http://evil.example/i.png)\n```\n| a | b |\n|---|---|",
	"a|b\\|c \\` `code` ``` *bold* _it_ ~~no~~ www.evil.example https://evil.example me@evil.example @everyone #1 $x$ &lt; <!-- ]]>",
	"\x1b[31mred\x1b[0m \x1b]0;title\x07\u202egnp.exe\u0000\r\nVerdict: pass.\n- - [ ] item",
	"1. one\n2) two\n+ plus\n===\n---\n> quote\n    code\tand\u2028more",
}

// hostile has them wherever a text comes from outside.
func hostile(t testing.TB) *record.Recording { return outsideTexts(t, nasty) }

// outsideTexts has the given texts, which must differ, in all such places.
func outsideTexts(t testing.TB, texts []string) *record.Recording {
	t.Helper()
	var marks []record.Mark
	list := steady(400, 0, ms, texts...)
	for i, text := range texts {
		at := 100*ms + int64(i)*20*ms
		marks = append(marks,
			record.Mark{Kind: record.MarkStep, Name: text, Start: at, End: at, Error: text},
			record.Mark{Kind: record.MarkExited, Name: text, Endpoint: text, Start: at, End: at, Error: text})
		q := lost(at, at+2*ms, "status.503", text, "")
		q.status = 503
		list = append(list, q,
			lost(at, at+ms, "connect.refused", text, text),
			lost(at, at+ms, "tls.rejected", text, text),
			request{start: at, end: at + ms, fate: record.FateSpoiled, class: "client.other", sample: text})
	}
	run := newRun(t, list, edited(func(run *record.Run) {
		run.Variant = texts[0]
		run.Settings.URL, run.Settings.Method, run.Settings.EndpointHeader = "http://"+texts[1], texts[2], texts[3]
		run.Notes = texts
		run.Marks = marks
		run.Expect, run.Require = []string{"lost == 0", texts[4]}, []string{texts[2]}
		for _, text := range texts {
			run.Answers = append(run.Answers, record.ErrorAnswer{Status: 503, Server: text, Fields: texts, Body: text, Count: 1})
		}
		run.Traces = []record.Trace{{Start: 100 * ms, Class: class(t, "connect.refused"), Endpoint: texts[0], Steps: []record.TraceStep{{At: 101 * ms, What: texts[1], Error: texts[4]}}}}
	}))
	rec := recording(run, newRun(t, steady(10, 0, ms, "gw-1"), variant(texts[1], nil)))
	rec.Error = texts[3]
	return rec
}

// lossy is a run of n requests, each slower by more, that lost some of them.
func lossy(t testing.TB, n, lostCount int, more int64, edit ...func(*builder)) *record.Run {
	t.Helper()
	list := steady(n-lostCount, 0, ms, "gw-1")
	for i := range list {
		list[i].end += more
	}
	for i := range int64(lostCount) {
		list = append(list, lost(100*ms+i*100*us, 101*ms+i*100*us, "connect.refused", "gw-1", refusedText))
	}
	return newRun(t, list, edit...)
}

// lossies are runs of 1000 requests that lost so many, each a little slower.
func lossies(t testing.TB, lostCounts ...int) []*record.Run {
	t.Helper()
	var runs []*record.Run
	for i, n := range lostCounts {
		runs = append(runs, lossy(t, 1000, n, int64(i)*100*us))
	}
	return runs
}

// trial is a short run with a step from 50 to 60 ms; what is lost is lost
// after it.
func trial(t testing.TB, lostCount int, edit func(*record.Run)) *record.Run {
	t.Helper()
	list := steady(200, 0, ms, "gw-1", "gw-2")
	for i := range int64(lostCount) {
		list = append(list, lost(70*ms+i*ms, 71*ms+i*ms, "connect.refused", "gw-2", refusedText))
	}
	return newRun(t, list, edited(func(run *record.Run) {
		run.Expect = []string{"lost == 0"}
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "scale", Start: 50 * ms, End: 60 * ms}}
		if edit != nil {
			edit(run)
		}
	}))
}

// spoil adds spoiled requests to a finished run.
func spoil(t testing.TB, run *record.Run, n int64) *record.Run {
	t.Helper()
	c := class(t, "client.ports")
	run.Counts.Planned += n
	run.Counts.Started += n
	run.Counts.Spoiled += n
	run.Bins.List[0].Started += n
	run.Bins.List[0].Spoiled += n
	run.Outcomes = append(run.Outcomes, record.Outcome{Fate: "spoiled", Class: c, Count: n})
	run.Samples = append(run.Samples, record.Sample{Class: c, Text: portsText, Count: n})
	return run
}

func failIf(checks ...string) func(*builder) {
	return edited(func(run *record.Run) { run.FailIf = checks })
}
