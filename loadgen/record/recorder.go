package record

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"nodrop/loadgen/record/ledger"
	"nodrop/loadgen/record/length"
	"nodrop/loadgen/safetext"
)

// Recorder counts results in shards that share nothing, and merges them at the
// end. Its memory does not grow with the number of requests.
type Recorder struct {
	Shards []*Tally
	Names  *EndpointNames
	room   []Bin
}

// NewRecorder returns a recorder with that many shards; reading a stream back
// uses one.
func NewRecorder(shards int) *Recorder {
	r := &Recorder{Names: &EndpointNames{}, room: reserveBins()}
	for range shards {
		s := newTally(r.Names)
		s.bins.reserve()
		r.Shards = append(r.Shards, s)
	}
	return r
}

// Attach sends each Result to sinks. Call it before the first Result.
func (r *Recorder) Attach(sinks []RunSink) {
	for _, s := range r.Shards {
		s.sinks = sinks
	}
}

// Hide masks secrets in everything recorded. Call it before the first Result.
func (r *Recorder) Hide(secrets *safetext.Secrets) {
	for _, s := range r.Shards {
		s.secrets = secrets
	}
}

func newTally(names *EndpointNames) *Tally {
	return &Tally{names: names, samples: classTexts{most: MaxSamples}, responses: classTexts{most: maxResponses}}
}

// Tally is a shard of the recorder. One or more workers write to it.
type Tally struct {
	sinks   []RunSink
	names   *EndpointNames
	secrets *safetext.Secrets // to mask in texts; nil = none
	onLost  func(*Result)     // nil = nobody asks

	mu sync.Mutex // guards all below except the atomics; workers of one shard share it

	latency     Latencies
	phases      PhaseLatencies
	bins        timeline
	endpoints   []endpointCount // by index of EndpointNames; [0] is "no endpoint"
	bytes, late int64
	unproven    int64
	lengths     length.Line
	statuses    map[int]int64
	connections ConnectionCount
	http2       ledger.HTTP2
	lost        lostDetails
	samples     classTexts
	responses   classTexts

	counts    [4]int64        // by Fate
	failed    map[Class]int64 // lost and spoiled
	responded Sketch          // latencies of answered requests

	// For the live view and for triggers, which read them during the run.
	started, finished, lostNow atomic.Int64
}

type endpointCount struct {
	ok, aborted [2]int64 // fresh, reused
	failed      map[failedKey]int64
	seen        EndpointSeen
}

type failedKey struct {
	class      Class
	fate       Fate // ok only without a response: --ok goaway
	reused     bool
	redirected bool
}

// Start counts one request as started at ns.
func (s *Tally) Start(ns int64) {
	s.started.Add(1)
	s.mu.Lock()
	s.bins.at(ns).Started++
	s.mu.Unlock()
}

// Skip counts ticks that passed unused, because the worker was busy.
func (s *Tally) Skip(ticks int64) {
	if ticks == 0 {
		return
	}
	s.mu.Lock()
	s.late += ticks
	s.mu.Unlock()
}

// Connected counts one new connection to an endpoint.
func (s *Tally) Connected(endpoint int, ns int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections.Opened++
	seen := &s.endpoint(endpoint).seen
	seen.FirstConnect = earliest(seen.FirstConnect, ns)
	seen.LastConnect = max(seen.LastConnect, ns)
}

// Seen merges the times of the first and last connection to an endpoint.
func (s *Tally) Seen(endpoint int, e EndpointSeen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := &s.endpoint(endpoint).seen
	seen.FirstConnect = earliest(seen.FirstConnect, e.FirstConnect)
	seen.LastConnect = max(seen.LastConnect, e.LastConnect)
}

// CountConnection applies f to the connection counters.
func (s *Tally) CountConnection(f func(*ConnectionCount)) {
	s.mu.Lock()
	f(&s.connections)
	s.mu.Unlock()
}

// EndHTTP2 counts one connection that has ended, and what became of the requests
// on it. It allocates nothing, except where a connection ends under requests.
func (s *Tally) EndHTTP2(c *ledger.Connection) {
	s.mu.Lock()
	s.http2.Add(c)
	s.mu.Unlock()
}

// Finish counts the fate of a started request.
func (s *Tally) Finish(r *Result) {
	r.Sample = safetext.Valid(r.Sample)
	if !utf8.Valid(r.Response) {
		r.Response = []byte(safetext.Valid(string(r.Response)))
	}
	if s.secrets != nil && r.Fate != FateOK {
		r.Sample, r.Response = s.secrets.Mask(r.Sample), maskResponse(s.secrets, r.Response)
	}
	s.mu.Lock()
	s.counts[r.Fate]++
	s.recordOutcome(r)
	s.recordTimes(r)
	if r.Fate == FateLost {
		s.recordLost(r)
	}
	if r.Class != 0 && r.Fate != FateLost {
		s.samples.add(r.Class, r.Sample, 1)
	}
	s.mu.Unlock()
	s.finished.Add(1)
	if r.Fate == FateLost {
		s.lostNow.Add(1)
		if s.onLost != nil {
			s.onLost(r)
		}
	}
	if len(s.sinks) == 0 {
		return
	}
	endpoint := s.names.Name(r.Endpoint)
	for _, sink := range s.sinks {
		sink.Record(r, endpoint)
	}
}

func (s *Tally) recordOutcome(r *Result) {
	e := s.endpoint(r.Endpoint)
	reused := 0
	if r.Reused {
		reused = 1
	}
	switch {
	case r.Fate == FateAborted:
		e.aborted[reused]++
	case r.Fate == FateOK && r.Class == 0:
		e.ok[reused]++
		if r.Unproven {
			s.unproven++
		}
		if r.Unsized && r.Status == 200 { // other statuses have bodies of their own lengths
			s.lengths.Add(r.End, r.Bytes)
		}
	default:
		s.recordFailed(e, r)
	}
	if r.Whole() {
		e.seen.FirstResponse = earliest(e.seen.FirstResponse, r.End)
		e.seen.LastResponse = max(e.seen.LastResponse, r.End)
	}
	if !r.Responded() {
		return
	}
	if s.statuses == nil {
		s.statuses = map[int]int64{}
	}
	s.statuses[r.Status]++
	s.bytes = saturated(s.bytes, r.Bytes)
}

// recordFailed counts a request by class: lost, spoiled, or ok without a
// response.
func (s *Tally) recordFailed(e *endpointCount, r *Result) {
	if e.failed == nil {
		e.failed = map[failedKey]int64{}
	}
	e.failed[failedKey{r.Class, r.Fate, r.Reused, r.Redirected}]++
	if r.Fate == FateOK {
		return
	}
	if s.failed == nil {
		s.failed = map[Class]int64{}
	}
	s.failed[r.Class]++
}

func (s *Tally) recordTimes(r *Result) {
	bin := s.bins.at(r.End)
	took := r.End - r.Start
	switch r.Fate {
	case FateAborted:
		bin.Aborted++
		return
	case FateSpoiled:
		bin.Spoiled++
		s.latency.Failed.Record(took)
		return
	case FateLost:
		bin.addLost(r.Class, 1)
	case FateOK:
		if r.Class == 0 {
			bin.OK++
		} else {
			bin.TurnedAway++
		}
	}
	switch {
	case !r.Responded():
		s.latency.Failed.Record(took)
		return
	case r.Fate == FateOK:
		s.latency.OK.Record(took)
	default:
		s.latency.Unexpected.Record(took)
	}
	bin.Responded++
	bin.sketch.record(took)
	s.responded.record(took)
	s.phases.DNS.Record(r.Phases.DNS)
	s.phases.Connect.Record(r.Phases.Connect)
	s.phases.TLS.Record(r.Phases.TLS)
	s.phases.Send.Record(r.Phases.Send)
	s.phases.Wait.Record(r.Phases.Wait)
	s.phases.Read.Record(r.Phases.Read)
}

func (s *Tally) recordLost(r *Result) {
	d := lostDetail{LostRequest: LostRequest{
		Start: r.Start, End: r.End, Class: r.Class, Endpoint: s.names.Name(r.Endpoint), Reused: r.Reused, Redirected: r.Redirected, Sample: -1, Connection: r.Connection, Idle: r.Idle, Goaway: r.Goaway,
	}}
	if r.Responded() {
		s.responses.addOne(r.Class, r.Response)
	} else {
		d.text = s.samples.add(r.Class, r.Sample, 1)
	}
	s.lost.add(d)
}

// endpoint returns the counters of an endpoint by its index in EndpointNames, -1
// for none.
func (s *Tally) endpoint(index int) *endpointCount {
	for len(s.endpoints) <= index+1 {
		s.endpoints = append(s.endpoints, endpointCount{seen: EndpointSeen{FirstConnect: -1, LastConnect: -1, FirstResponse: -1, LastResponse: -1}})
	}
	return &s.endpoints[index+1]
}

// EndpointNames numbers endpoints by name, the same for all shards.
type EndpointNames struct {
	mu    sync.RWMutex
	index map[string]int
	list  []string
}

// MaxEndpoints limits the number of endpoints, because --endpoint-header may
// name a field that differs in every response.
const MaxEndpoints = 10_000

// otherEndpoints is the shared name of the endpoints beyond MaxEndpoints. It gets
// an index in addition to those MaxEndpoints.
const otherEndpoints = "(other endpoints)"

// ID is the index of an endpoint. It adds a new endpoint; beyond MaxEndpoints,
// new endpoints share one index.
func (n *EndpointNames) ID(name string) int {
	name = safetext.Bounded(name)
	n.mu.RLock()
	i, ok := n.index[name]
	n.mu.RUnlock()
	if ok {
		return i
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if i, ok := n.index[name]; ok {
		return i
	}
	if n.Full() && name != otherEndpoints {
		name = otherEndpoints
		if i, ok := n.index[name]; ok {
			return i
		}
	}
	if n.index == nil {
		n.index = map[string]int{}
	}
	i = len(n.list)
	n.index[name] = i
	n.list = append(n.list, name)
	return i
}

// Full reports whether new endpoints share one index from now on.
func (n *EndpointNames) Full() bool {
	names := len(n.list)
	if _, ok := n.index[otherEndpoints]; ok {
		names--
	}
	return names >= MaxEndpoints
}

// Name is the name of an endpoint, "" for none (-1).
func (n *EndpointNames) Name(i int) string {
	if i < 0 {
		return ""
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.list[i]
}

// Progress sums the live counters.
func (r *Recorder) Progress() Progress {
	var p Progress
	for _, s := range r.Shards {
		p.Lost += s.lostNow.Load() // in this order, lost never exceeds finished, nor finished started
		p.Finished += s.finished.Load()
		p.Started += s.started.Load()
	}
	return p
}

// Merge combines the shards into run. No worker may be running.
func (r *Recorder) Merge(run *Run) {
	run.Statuses = map[int]int64{}
	run.Outcomes, run.Endpoints = []Outcome{}, []EndpointSeen{}
	total := newTally(r.Names)
	var lines []*timeline
	for _, s := range r.Shards {
		run.Counts.Started += s.started.Load()
		run.Counts.OK += s.counts[FateOK]
		run.Counts.Lost += s.counts[FateLost]
		run.Counts.Spoiled += s.counts[FateSpoiled]
		run.Counts.Aborted += s.counts[FateAborted]
		run.Bytes = saturated(run.Bytes, s.bytes)
		run.Late += s.late
		run.Unproven += s.unproven
		run.Lengths = length.Sum(run.Lengths, &s.lengths, 0)
		for status, n := range s.statuses {
			run.Statuses[status] += n
		}
		run.Connections.add(s.connections)
		run.HTTP2 = ledger.Sum(run.HTTP2, &s.http2, 0)
		for i, l := range latenciesOf(&run.Latency, &run.Phases) {
			l.take(latenciesOf(&s.latency, &s.phases)[i])
		}
		lines = append(lines, &s.bins)
		total.lost.merge(&s.lost)
		total.samples.merge(&s.samples)
		for i := range s.endpoints {
			total.endpoint(i - 1).merge(&s.endpoints[i])
		}
		total.responses.merge(&s.responses)
	}
	run.Bins = mergeTimelines(lines, r.room)
	r.room = nil
	run.Responses = total.responses.responses()
	r.outcomes(run, total.endpoints)
	run.explainLost(&total.lost, &total.samples)
	run.Bins.sort()
}

// explainLost writes the lost requests and the samples, and sets the sample
// indexes.
func (r *Run) explainLost(lost *lostDetails, texts *classTexts) {
	lost.cut()
	samples, places := texts.samples()
	r.Samples, r.LostUnlisted = samples, lost.unlisted
	r.Lost = make([]LostRequest, 0, len(lost.list))
	for _, d := range lost.list {
		if d.Class.Stage() != StageStatus {
			i, ok := places[sampleKey{d.Class, d.text}]
			if !ok {
				i = places[otherSamples(d.Class)]
			}
			d.Sample = i
		}
		r.Lost = append(r.Lost, d.LostRequest)
	}
}

// outcomes writes the counts by class, reuse and endpoint in a fixed order.
func (r *Recorder) outcomes(run *Run, endpoints []endpointCount) {
	for i := range endpoints {
		e, name := &endpoints[i], r.Names.Name(i-1)
		for reused := range 2 {
			add := func(fate Fate, class Class, redirected bool, n int64) {
				if n > 0 {
					run.Outcomes = append(run.Outcomes, Outcome{fate.String(), class, reused == 1, redirected, name, n})
				}
			}
			add(FateOK, 0, false, e.ok[reused])
			add(FateAborted, 0, false, e.aborted[reused])
			for key, n := range e.failed {
				if key.reused != (reused == 1) {
					continue
				}
				add(key.fate, key.class, key.redirected, n)
			}
		}
		if i > 0 {
			e.seen.Name = name
			run.Endpoints = append(run.Endpoints, e.seen)
		}
	}
	run.sortOutcomes()
}

func (r *Run) sortOutcomes() {
	slices.SortFunc(r.Outcomes, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Fate, b.Fate),
			cmp.Compare(a.Class, b.Class), compareBool(a.Reused, b.Reused), compareBool(a.Redirected, b.Redirected))
	})
	slices.SortFunc(r.Endpoints, func(a, b EndpointSeen) int { return cmp.Compare(a.Name, b.Name) })
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func (e *endpointCount) merge(o *endpointCount) {
	for i := range 2 {
		e.ok[i] += o.ok[i]
		e.aborted[i] += o.aborted[i]
	}
	for key, n := range o.failed {
		if e.failed == nil {
			e.failed = map[failedKey]int64{}
		}
		e.failed[key] += n
	}
	e.seen.add(&o.seen)
}

// earliest is the smaller of two times, where -1 means never.
func earliest(a, b int64) int64 {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

func (c *ConnectionCount) add(o ConnectionCount) {
	c.Opened += o.Opened
	c.Stale += o.Stale
	c.Waited += o.Waited
	c.Ours += o.Ours
	c.Surplus += o.Surplus
}
