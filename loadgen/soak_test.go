package loadgen_test

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

var (
	soakTime = flag.Duration("soak", 0, "how long TestSoak goes on; 0: a few rounds")
	soakSeed = flag.Uint64("soak-seed", 0, "seed of TestSoak's first round; 0: drawn")
)

const (
	soakRounds      = 10
	soakRoundsShort = 6
	// soakPatience is the duration of a silent request. Any other request must
	// be faster, even on a busy machine and under the race detector.
	soakPatience = 15 * time.Second
	// roundBound interrupts a round that does not end, which fails the test.
	roundBound = 10 * time.Minute
)

// TestSoak runs random loads against random faults and compares both sides'
// counts after every round. A round depends only on its seed, and the next
// round's seed is one higher, so -soak-seed with a failed round's seed repeats
// that round first.
func TestSoak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = rand.Uint64N(1e12)
	}
	t.Logf("-soak-seed %d", seed)
	startServer(t, faultserver.Always(faultserver.OK)) // the process's first socket opens descriptors that stay open
	more := soakBound(*soakTime)
	total := soakTotal{made: map[string]int64{}, fates: map[string]int64{}}
	for ; more(total.rounds) && !t.Failed(); seed++ {
		newRound(seed).run(t, &total)
		if total.rounds%1000 == 0 {
			t.Log(&total)
		}
	}
	t.Log(&total)
}

// soakBound returns whether another round is due after the given number.
func soakBound(limit time.Duration) func(rounds int) bool {
	if limit > 0 {
		end := time.Now().Add(limit)
		return func(int) bool { return time.Now().Before(end) }
	}
	most := soakRounds
	if testing.Short() {
		most = soakRoundsShort
	}
	return func(rounds int) bool { return rounds < most }
}

// Streams of random numbers from one seed, for the round and for each request.
const (
	roundStream     = 0
	kindsStream     = 1
	kindStream      = 1 << 32
	handshakeStream = 1 << 33
)

// round is one load against one server, as determined by the seed.
type round struct {
	seed       uint64
	cfg        loadgen.Config
	scheme     string
	kinds      kindDraw
	handshakes handshakeDraw
	stopAt     int64 // the load is stopped when this request's head arrives; negative = never
	byContext  bool  // stopped by the context, not by Stop
}

func newRound(seed uint64) *round {
	rng := rand.New(rand.NewPCG(seed, roundStream))
	r := &round{seed: seed, scheme: "http", stopAt: -1}
	r.cfg = loadgen.Config{
		Workers:          1 << rng.IntN(7),
		Method:           []string{"GET", "GET", "POST", "HEAD"}[rng.IntN(4)],
		DisableKeepAlive: rng.IntN(3) == 0,
		Timeout:          2 * time.Minute,
	}
	r.cfg.Workers -= rng.IntN(r.cfg.Workers/2 + 1)
	if ways := cleartext(); r.seed%2 == 1 {
		r.cfg.Engine = ways[len(ways)-1].engine
	} else {
		r.cfg.Engine = ways[0].engine
	}
	// A RST after some bytes is sent when the client has acknowledged them,
	// which takes up to 40 ms, so few workers cannot make many requests.
	requests := int64(40 + r.cfg.Workers*(1+rng.IntN(50)))
	if rng.IntN(3) == 0 {
		r.scheme = "https"
		requests /= 2 // a handshake takes a millisecond of processor time
	}
	if r.cfg.Method == "POST" {
		r.cfg.Body = []byte(strings.Repeat("b", 1+rng.IntN(3000)))
	}
	silent := rng.IntN(24) == 0
	if silent {
		r.cfg.Timeout = soakPatience
	}
	r.kinds = newKindDraw(seed, r.scheme, r.cfg.Method, silent)
	if r.scheme == "https" && rng.IntN(2) == 0 {
		r.handshakes = newHandshakeDraw(seed, silent)
	}
	r.drawLength(rng, requests)
	return r
}

// drawLength decides what ends the round.
func (r *round) drawLength(rng *rand.Rand, requests int64) {
	r.cfg.Requests = max(requests, int64(r.cfg.Workers))
	if rng.IntN(3) == 0 { // ticks leave connections idle, so the server may close them
		r.cfg.Rate = float64(requests) / (0.1 + 0.4*rng.Float64()) / float64(r.cfg.Workers)
	}
	if rng.IntN(3) == 0 {
		r.cfg.Duration = time.Duration(30+rng.IntN(200)) * time.Millisecond
	}
	if rng.IntN(3) > 0 {
		return
	}
	r.stopAt = rng.Int64N(requests)
	r.byContext = rng.IntN(2) == 0
	r.cfg.DrainBound = []time.Duration{time.Nanosecond, time.Millisecond, 5 * time.Minute}[rng.IntN(3)]
}

func (r *round) String() string {
	return fmt.Sprintf("%s, %s of %d bytes, %d workers, keep-alive %t, -n %d, -z %v, -q %.0f, -t %v, stopped at request %d, drained for %v",
		r.scheme, r.cfg.Method, len(r.cfg.Body), r.cfg.Workers, !r.cfg.DisableKeepAlive, r.cfg.Requests, r.cfg.Duration, r.cfg.Rate,
		r.cfg.Timeout, r.stopAt, r.cfg.DrainBound)
}

// run runs the round, and checks that no goroutine or descriptor is left.
func (r *round) run(t *testing.T, total *soakTotal) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("repeat with -soak-seed %d: %s", r.seed, r)
		}
	}()
	goroutines, files := goleak.IgnoreCurrent(), openFiles(t)
	run, counts := r.load(t)
	checkInvariants(t, run)
	sides := newLedger(run, counts)
	if problems := sides.problems(r.cfg.Workers); len(problems) > 0 {
		t.Errorf("%s\nthe server did %+v\nthe tool counted %+v", strings.Join(problems, "\n"), counts, run.Outcomes)
	}
	r.checkEnd(t, run)
	if err := goleak.Find(goroutines); err != nil {
		t.Error(err)
	}
	if now := openFiles(t); now > files {
		t.Errorf("%d files open before the round, %d after it", files, now)
	}
	total.add(run, counts, sides)
}

func (r *round) load(t *testing.T) (*record.Run, faultserver.Counts) {
	t.Helper()
	reached := make(chan struct{})
	plan := func(seq int64) faultserver.Kind {
		if seq == r.stopAt {
			close(reached)
		}
		return r.kinds.draw(seq)
	}
	server, err := r.start(plan)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()

	cfg := r.cfg
	cfg.URL, cfg.TLS = server.URL()+"/soak", trusting(t)
	load := newLoad(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), roundBound)
	defer cancel()
	stop := load.Stop
	if r.byContext {
		stop = cancel
	}
	done := make(chan struct{})
	var stopper sync.WaitGroup
	stopper.Go(func() {
		select {
		case <-reached:
			stop()
		case <-done:
		}
	})
	run := load.Run(ctx)
	close(done)
	stopper.Wait()
	return run, serverCounts(t, server)
}

func (r *round) start(plan faultserver.Plan) (*faultserver.Server, error) {
	if r.scheme == "http" {
		return faultserver.Start(plan)
	}
	cert, _ := certificate()
	return faultserver.StartHandshakes(r.handshakes.draw, plan, &tls.Config{Certificates: []tls.Certificate{cert}})
}

func (r *round) checkEnd(t *testing.T, run *record.Run) {
	t.Helper()
	c := run.Counts
	if r.cfg.Duration == 0 && c.Planned != r.cfg.Requests {
		t.Errorf("planned %d; want %d", c.Planned, r.cfg.Requests)
	}
	if c.Spoiled > 0 {
		t.Errorf("%d spoiled: %+v", c.Spoiled, run.Outcomes)
	}
	if run.Interrupted && r.stopAt < 0 {
		t.Error("interrupted, although nothing interrupted it")
	}
	if !run.Interrupted && c.Aborted+c.Unsent > 0 {
		t.Errorf("aborted %d, unsent %d in a run that was not interrupted", c.Aborted, c.Unsent)
	}
	if r.cfg.DrainBound > r.cfg.Timeout && c.Aborted > 0 {
		t.Errorf("%d aborted, although every request had time to end", c.Aborted)
	}
}

// openFiles is the number of open descriptors of this process; 0 if unknown.
func openFiles(t *testing.T) int {
	t.Helper()
	const dir = "/proc/self/fd"
	if _, err := os.Stat(dir); err != nil {
		return 0
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// kindDraw draws a kind from the contract for each request; half of them are
// accepted.
type kindDraw struct {
	seed                uint64
	fine, fault, silent []faultserver.Kind
}

// silentShare is the share of silent kinds in a round that has any.
const silentShare = 1. / 100

func newKindDraw(seed uint64, scheme, method string, silent bool) kindDraw {
	d := everyKind(seed, scheme, method, silent)
	rng := rand.New(rand.NewPCG(seed, kindsStream))
	if rng.IntN(2) == 0 { // with few kinds, each pair of them meets more often
		d.fine, d.fault = some(rng, d.fine), some(rng, d.fault)
	}
	return d
}

func everyKind(seed uint64, scheme, method string, silent bool) kindDraw {
	d := kindDraw{seed: seed}
	for _, kind := range faultserver.Kinds() {
		_, ok := contract[kind]
		classes := contracted(kind, scheme)
		switch {
		case !ok: // TestContract reports it
		case isHuge(kind):
			if silent {
				d.silent = append(d.silent, kind) // as rare as silence
			}
		case len(classes) == 0 && !isLarge(kind):
			d.fine = append(d.fine, kind)
		case method == "HEAD" && hasStage(classes, "body"): // the response to HEAD is complete
		case !timesOut(classes):
			d.fault = append(d.fault, kind)
		case silent:
			d.silent = append(d.silent, kind)
		}
	}
	return d
}

func some(rng *rand.Rand, kinds []faultserver.Kind) []faultserver.Kind {
	rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	return kinds[:min(len(kinds), 1+rng.IntN(3))]
}

func (d kindDraw) draw(seq int64) faultserver.Kind {
	rng := rand.New(rand.NewPCG(d.seed, kindStream+uint64(seq)))
	list, share := d.fault, rng.Float64()
	switch {
	case share < silentShare && len(d.silent) > 0:
		list = d.silent
	case share < 0.5:
		list = d.fine
	}
	return list[rng.IntN(len(list))]
}

func hasStage(classes []string, stage string) bool {
	return slices.ContainsFunc(classes, func(c string) bool { return strings.HasPrefix(c, stage+".") })
}

func timesOut(classes []string) bool {
	return slices.ContainsFunc(classes, func(c string) bool { return strings.HasSuffix(c, ".timeout") })
}

// handshakeDraw is kindDraw for handshakes; it draws no fault if faults is empty.
type handshakeDraw struct {
	seed   uint64
	faults []faultserver.HandshakeFault
}

func newHandshakeDraw(seed uint64, silent bool) handshakeDraw {
	d := handshakeDraw{seed: seed}
	for _, fault := range faultserver.HandshakeFaults() {
		if silent || !timesOut([]string{handshakeContract[fault]}) {
			d.faults = append(d.faults, fault)
		}
	}
	return d
}

// draw never draws a fault for the first handshake, which is made before the
// load.
func (d handshakeDraw) draw(seq int64) faultserver.HandshakeFault {
	if seq == 0 || len(d.faults) == 0 {
		return faultserver.HandshakeOK
	}
	rng := rand.New(rand.NewPCG(d.seed, handshakeStream+uint64(seq)))
	if rng.IntN(8) > 0 {
		return faultserver.HandshakeOK
	}
	fault := d.faults[rng.IntN(len(d.faults))]
	if timesOut([]string{handshakeContract[fault]}) && rng.IntN(8) > 0 {
		return faultserver.HandshakeOK
	}
	return fault
}

type soakTotal struct {
	rounds, interrupted       int
	requests, seen, afterRace int64
	made                      map[string]int64 // by kind or handshake fault
	fates                     map[string]int64
}

func (s *soakTotal) add(run *record.Run, counts faultserver.Counts, l *ledger) {
	s.rounds++
	if run.Interrupted {
		s.interrupted++
	}
	s.requests += run.Counts.Started
	s.seen += counts.Requests
	s.afterRace += counts.AfterFIN
	if l.aborted == (faultserver.Count{}) {
		s.afterRace += l.unseen
	}
	for kind, n := range counts.ByKind {
		if len(contracted(kind, schemeOf(run))) > 0 {
			s.made[kind.String()] += n.Fresh + n.Reused
		}
	}
	for fault, n := range counts.Handshakes {
		if fault != faultserver.HandshakeOK {
			s.made[fault.String()] += n
		}
	}
	for _, o := range run.Outcomes {
		s.fates[o.Fate] += o.Count
	}
}

func (s *soakTotal) String() string {
	var faults int64
	for _, n := range s.made {
		faults += n
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d rounds (%d interrupted), %d requests started, %d seen by the servers; %d faults made, and %d requests written to connections being closed\n",
		s.rounds, s.interrupted, s.requests, s.seen, faults, s.afterRace)
	for _, counts := range []map[string]int64{s.fates, s.made} {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			fmt.Fprintf(&b, "  %9d %s\n", counts[name], name)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}
