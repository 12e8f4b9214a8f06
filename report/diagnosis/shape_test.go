package diagnosis

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/reporttest"
)

// app is the only endpoint of some runs.
const app = "10.0.0.1:80"

// markOf returns a mark of an endpoint at a time.
func markOf(kind record.MarkKind, endpoint string, at int64) record.Mark {
	return record.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint, Start: at, End: at}
}

func stepOf(from, to int64) record.Mark {
	return record.Mark{Kind: record.MarkStep, Name: "restart", Start: from, End: to}
}

// taking returns requests to app of one latency, one every gap ns, on
// kept-alive connections.
func taking(n int, gap, took int64) []reporttest.Request {
	list := make([]reporttest.Request, n)
	for i := range list {
		start := int64(i) * gap
		list[i] = reporttest.Request{Start: start, End: start + took, Endpoint: app, Status: 200, Reused: i > 0}
	}
	return list
}

// cutAt returns requests that were cut at one instant, at the ages given in ms.
func cutAt(at int64, class, endpoint string, ages ...int64) []reporttest.Request {
	var list []reporttest.Request
	for _, age := range ages {
		list = append(list, reporttest.Lost(at-age*ms, at, class, endpoint, "cut"))
	}
	return list
}

// ages returns n ages in ms, each greater than the one before.
func ages(n int) []int64 {
	var list []int64
	for i := range n {
		list = append(list, int64(i+1)*15)
	}
	return list
}

// roundTrip sets the time of the handshakes of a run.
func roundTrip(run *record.Run, took int64) {
	run.Phases.Connect = record.Latency{}
	run.Phases.Connect.Record(took)
}

// on makes requests that were sent on reused connections.
func on(list []reporttest.Request, idle int64) []reporttest.Request {
	for i := range list {
		list[i].Reused, list[i].Idle = true, idle
	}
	return list
}

type shaped struct {
	name     string
	requests []reporttest.Request
	marks    []record.Mark
	edit     func(*record.Run) // of the finished run
	code     Code              // of the finding with most losses
	sure     Confidence
	lost     int64
	says     []string
	never    []string
}

func (tt *shaped) check(t *testing.T) {
	t.Helper()
	run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) { run.Marks = slices.Clone(tt.marks) }))
	if tt.edit != nil {
		tt.edit(run)
	}
	findings := found(run)
	if len(findings) == 0 {
		t.Fatal("no findings")
	}
	f, text := findings[0], ""
	for i := range findings {
		text += findings[i].text()
	}
	if f.Code != tt.code || f.Confidence != tt.sure || f.Lost != tt.lost {
		t.Errorf("got %s, %s, %d lost; want %s, %s, %d:\n%s", f.Code, f.Confidence, f.Lost, tt.code, tt.sure, tt.lost, text)
	}
	for _, part := range tt.says {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
	for _, part := range tt.never {
		if strings.Contains(text, part) {
			t.Errorf("%q in\n%s", part, text)
		}
	}
}

// TestAcceptQueue: tens of fresh connections that are reset at one instant with
// nothing received were in the accept queue, with or without marks.
func TestAcceptQueue(t *testing.T) {
	before := reporttest.Steady(1000, 0, ms, app)
	refused := failing(1001*ms, 1400*ms, 10*ms, us, "connect.refused", app) // 40 of them
	queue := func(n int) []reporttest.Request { return cutAt(1000*ms, "wait.reset", app, ages(n)...) }
	stopped := []record.Mark{stepOf(990*ms, 1100*ms), markOf(record.MarkSignalled, app, 990*ms), markOf(record.MarkExited, app, 1004*ms)}
	queued := []string{"reset in the accept queue", "a longer grace period does not help"}
	for _, tt := range []shaped{
		{
			name: "a stop, no marks", requests: slices.Concat(before, queue(50), refused),
			code: AcceptQueueReset, sure: Likely, lost: 50, says: queued,
		},
		{
			name: "a stop, and the process exits with its listener", marks: stopped, requests: slices.Concat(before, queue(50), refused),
			code: AcceptQueueReset, sure: Likely, lost: 50, says: queued,
		},
		{
			name: "another process takes over", requests: slices.Concat(before, queue(50), reporttest.Steady(1000, 1001*ms, ms, app)),
			code: AcceptQueueReset, sure: CannotTell, lost: 50,
			says: []string{"perhaps in the accept queue", "another process, or another replica behind it, was listening", "whether a load balancer or a firewall reset them", "hand the listening socket over"},
		},
		{
			name: "another process takes over, and marks name the old one", marks: []record.Mark{stepOf(980*ms, 1100*ms), markOf(record.MarkSignalled, app, 990*ms), markOf(record.MarkReady, app, 1001*ms)},
			requests: slices.Concat(before, queue(50), reporttest.Steady(1000, 1001*ms, ms, app)),
			code:     AcceptQueueReset, sure: Likely, lost: 50, says: []string{"50 connections were reset in the accept queue when the listener closed"}, never: []string{"firewall"},
		},
		{
			name: "a mark of the listener, and the process exits later", marks: []record.Mark{stepOf(980*ms, 1300*ms), markOf(record.MarkSignalled, app, 990*ms), markOf(record.MarkListenerClosed, app, 1000*ms), markOf(record.MarkExited, app, 1200*ms)},
			requests: slices.Concat(before, queue(50), refused),
			code:     AcceptQueueReset, sure: Likely, lost: 50, says: []string{"a longer grace period does not help", "no mark shows an exit at that time"}, never: []string{"kept running"},
		},
		{
			name: "the listener closed because its process was killed, and no mark of the exit", marks: []record.Mark{stepOf(480*ms, 1100*ms), markOf(record.MarkSignalled, app, 500*ms), markOf(record.MarkKilled, app, 1000*ms), markOf(record.MarkListenerClosed, app, 1000*ms)},
			requests: slices.Concat(before, queue(50), refused),
			code:     CutInFlight, sure: CannotTell, lost: 50, never: []string{"accept queue"},
		},
		{
			name: "others were closed in the regular way", marks: stopped, requests: slices.Concat(before, queue(50), cutAt(1000*ms, "wait.eof", app, 5), refused),
			code: CutAtExit, sure: Shown, lost: 51,
		},
		{
			name: "a few", requests: slices.Concat(before, queue(9), failing(1001*ms, 1060*ms, 10*ms, us, "connect.refused", app)),
			code: CutInFlight, sure: CannotTell, lost: 9,
		},
		{
			name: "a body may have been read in part", requests: slices.Concat(before, queue(50), refused),
			edit: func(run *record.Run) { run.Settings.Method = "POST" },
			code: AcceptQueueReset, sure: CannotTell, lost: 50,
		},
		{
			name: "the balancer cut them", marks: append(slices.Clone(stopped[:2]), markOf(record.MarkConnectionsCut, app, 1000*ms)), requests: slices.Concat(before, queue(50), refused),
			code: DrainCut, sure: Shown, lost: 50,
		},
		{
			name: "killed with its grace over", marks: []record.Mark{markOf(record.MarkTerminating, app, 500*ms), markOf(record.MarkKilled, app, 1000*ms), markOf(record.MarkExited, app, 1001*ms)},
			requests: slices.Concat(before, queue(50), refused),
			code:     KilledAfterGrace, sure: Shown, lost: 50,
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

// TestIdleRace: only ages of about a round trip show that the server was
// closing an idle connection.
func TestIdleRace(t *testing.T) {
	far := func(run *record.Run) { roundTrip(run, ms) }
	slow := taking(200, 10*ms, 300*ms)
	race := func(idle int64) []reporttest.Request {
		var list []reporttest.Request
		for i := range int64(5) {
			list = append(list, cutAt(300*ms+i*270*ms+i*i*20*ms, "wait.eof", app, 1)...)
		}
		return on(list, idle)
	}
	during := []record.Mark{stepOf(100*ms, 1900*ms)}
	for _, tt := range []shaped{
		{
			name: "no event", requests: slices.Concat(slow, race(0)), edit: far,
			code: IdleCloseRace, sure: Likely, lost: 5, says: []string{"that the server was closing", "idle timeout shorter than the server's"}, never: []string{"drain"},
		},
		{
			name: "idle before", requests: slices.Concat(slow, race(5000*ms)), edit: far,
			code: IdleCloseRace, sure: Likely, lost: 5, says: []string{"had been idle for 5.000 s"},
		},
		{
			name: "not idle before", requests: slices.Concat(slow, race(us)), edit: far,
			code: CutInFlight, sure: CannotTell, lost: 5, never: []string{"went out on"},
		},
		{
			name: "in an event", requests: slices.Concat(slow, race(0)), marks: during, edit: far,
			code: IdleCloseRace, sure: Likely, lost: 5, says: []string{"while draining"},
		},
		{
			name:     "even latency: each in flight is younger than the fastest response",
			requests: slices.Concat(slow, on(cutAt(1000*ms, "wait.eof", app, 7, 30, 60, 100, 159, 190, 250, 298), 0)), edit: far,
			code: CutInFlight, sure: CannotTell, lost: 8, never: []string{"that the server was closing", "drain"},
		},
		{
			name:     "with -q, all were sent at one moment",
			requests: slices.Concat(slow, on(cutAt(1000*ms, "wait.eof", app, 20, 20, 20, 20, 20), 0)),
			edit:     func(run *record.Run) { roundTrip(run, 15*ms); run.Settings.Rate = 2 },
			code:     CutInFlight, sure: CannotTell, lost: 5,
		},
		{
			name:     "loopback: a response takes hardly longer than a round trip",
			requests: slices.Concat(taking(2000, ms, 200*us), race(0)),
			edit:     func(run *record.Run) { roundTrip(run, 100*us) },
			code:     CutInFlight, sure: CannotTell, lost: 5, says: []string{"hardly longer than a round trip"},
		},
		{
			name: "a round trip is not known", requests: slices.Concat(slow, race(0)), edit: func(run *record.Run) { run.Phases.Connect = record.Latency{} },
			code: CutInFlight, sure: CannotTell, lost: 5, says: []string{"how long a round trip takes is not known"}, never: []string{"hardly longer", "a round trip takes 0"},
		},
		{
			name: "a fast server: nothing is faster than its responses", requests: slices.Concat(taking(2000, ms, 900*us), race(0)),
			edit: func(run *record.Run) { roundTrip(run, 50*us) },
			code: CutInFlight, sure: CannotTell, lost: 5,
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

// TestGraceTimer: a process that lives on after it cut everything at once gave
// up on its requests itself.
func TestGraceTimer(t *testing.T) {
	load := slices.Concat(reporttest.Steady(3000, 0, ms, "gw-1"), reporttest.Steady(1000, 0, ms, "gw-2"))
	cut := cutAt(2000*ms, "wait.eof", "gw-2", 1100, 900, 700, 500, 300)
	signal, exit := markOf(record.MarkSignalled, "gw-2", 1000*ms), markOf(record.MarkExited, "gw-2", 2600*ms)
	event := stepOf(990*ms, 2700*ms)
	var slow []reporttest.Request // each takes 2.5 s
	for at := int64(0); at < 3000*ms; at += 10 * ms {
		slow = append(slow, reporttest.Request{Start: at, End: at + 2500*ms, Endpoint: "gw-1", Status: 200})
	}
	for _, tt := range []shaped{
		{
			name: "exits later", marks: []record.Mark{event, signal, exit}, requests: slices.Concat(load, cut),
			code: GraceTimer, sure: Likely, lost: 5, says: []string{"1.000 s after the stop signal", "--graceful-timeout", "lived on"},
		},
		{
			name: "responds later", marks: []record.Mark{event, signal}, requests: slices.Concat(load, cut, reporttest.Steady(10, 2100*ms, ms, "gw-2")),
			code: GraceTimer, sure: Likely, lost: 5,
		},
		{
			name: "no mark of its exit", marks: []record.Mark{event, signal}, requests: slices.Concat(load, cut),
			code: CutInFlight, sure: CannotTell, lost: 5, says: []string{"1.000 s after the stop signal"},
		},
		{
			name: "no mark of the signal", marks: []record.Mark{event, exit}, requests: slices.Concat(load, cut),
			code: CutInFlight, sure: CannotTell, lost: 5, never: []string{"shutdown timeout"},
		},
		{
			name: "no marks", requests: slices.Concat(load, cut),
			code: CutInFlight, sure: CannotTell, lost: 5, never: []string{"shutdown timeout", "drain"},
		},
		{
			name: "it was its exit", marks: []record.Mark{event, signal, markOf(record.MarkExited, "gw-2", 2004*ms)}, requests: slices.Concat(load, cut),
			code: CutAtExit, sure: Shown, lost: 5, says: []string{"from the stop signal to the exit the process had 1.004 s", "--graceful-timeout"},
		},
		{
			name: "it was the balancer", marks: []record.Mark{event, signal, markOf(record.MarkConnectionsCut, "gw-2", 2000*ms), exit}, requests: slices.Concat(load, cut),
			code: DrainCut, sure: Shown, lost: 5,
		},
		{
			name: "each at its own time", marks: []record.Mark{event, signal, exit},
			requests: slices.Concat(load, cutAt(1500*ms, "wait.eof", "gw-2", 400), cutAt(1700*ms, "wait.eof", "gw-2", 300), cutAt(1900*ms, "wait.eof", "gw-2", 100), cutAt(2100*ms, "wait.eof", "gw-2", 50)),
			code:     CutInFlight, sure: CannotTell, lost: 4,
		},
		{
			name: "all of one age", marks: []record.Mark{event, signal, exit}, requests: slices.Concat(load, cutAt(2000*ms, "wait.eof", "gw-2", 500, 500, 500, 500)),
			code: CutInFlight, sure: CannotTell, lost: 4,
		},
		{
			name: "all of one age, and a response took longer", marks: []record.Mark{event, signal, exit}, requests: slices.Concat(slow, cutAt(2000*ms, "wait.eof", "gw-2", 1500, 1500, 1500, 1500)),
			code: GraceTimer, sure: Likely, lost: 4, says: []string{"would have cut a response that took 2.5"}, never: []string{"such different ages"},
		},
		{
			name: "read one after the other", marks: []record.Mark{event, signal, exit},
			requests: slices.Concat(load, cutAt(1985*ms, "wait.eof", "gw-2", 1000), cutAt(2000*ms, "wait.eof", "gw-2", 1100, 900), cutAt(2015*ms, "wait.eof", "gw-2", 300)),
			code:     GraceTimer, sure: Likely, lost: 4, says: []string{"at such different ages"},
		},
		{
			name: "all of one age, and no response took longer", marks: []record.Mark{event, signal, markOf(record.MarkExited, "gw-2", 3000*ms)},
			requests: slices.Concat(slow, cutAt(2600*ms, "wait.eof", "gw-2", 2550, 2550, 2550, 2550)),
			code:     CutInFlight, sure: CannotTell, lost: 4,
		},
		{
			name: "all of one age, and its parent exits a moment later", marks: []record.Mark{event, signal, markOf(record.MarkExited, "gw-2", 2830*ms)},
			requests: slices.Concat(slow, cutAt(2600*ms, "wait.eof", "gw-2", 2550, 2550, 2550, 2550)),
			code:     GraceTimer, sure: Likely, lost: 4, says: []string{"1.600 s after the stop signal", "exited 230.0 ms later"}, never: []string{"no limit for a single request"},
		},
		{
			name: "all of one age, and it serves on until it exits a moment later", marks: []record.Mark{event, signal, markOf(record.MarkExited, "gw-2", 2830*ms)},
			requests: slices.Concat(slow, cutAt(2600*ms, "wait.eof", "gw-2", 2550, 2550, 2550, 2550), reporttest.Steady(10, 2700*ms, ms, "gw-2")),
			code:     CutInFlight, sure: CannotTell, lost: 4,
		},
		{
			name: "through an address that no mark names", marks: []record.Mark{event, signal, exit},
			requests: slices.Concat(reporttest.Steady(3000, 0, ms, "10.96.0.1:80"), cutAt(2000*ms, "wait.eof", "10.96.0.1:80", 1100, 900, 700, 500, 300)),
			code:     CutInFlight, sure: CannotTell, lost: 5, says: []string{"a load balancer in front", "drain timeout to"}, never: []string{"own shutdown timeout was over:", "lived on"},
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

// TestArrivals: losses that come with a new endpoint, and end while it goes on
// serving.
func TestArrivals(t *testing.T) {
	load := reporttest.Steady(3000, 0, ms, "gw-1", "gw-2")
	serves := reporttest.Steady(1500, 1400*ms, ms, "gw-3")
	early := failing(1001*ms, 1300*ms, 10*ms, us, "connect.refused", "gw-3") // 30 of them
	missing := failing(1001*ms, 1300*ms, 10*ms, ms, "status.404", "gw-3")
	hung := failing(1001*ms, 1300*ms, 10*ms, 1000*ms, "wait.timeout", "gw-3")
	event, ready := stepOf(900*ms, 1500*ms), markOf(record.MarkReady, "gw-3", 1000*ms)
	for _, tt := range []shaped{
		{
			name: "refused", marks: []record.Mark{event, ready}, requests: slices.Concat(load, early, serves),
			code: ReadyTooEarly, sure: Shown, lost: 30, says: []string{"gw-3 became ready at 1.000 s", "readinessProbe"},
		},
		{
			name: "refused, no ready mark", marks: []record.Mark{event}, requests: slices.Concat(load, early, serves),
			code: ReadyTooEarly, sure: Likely, lost: 30,
		},
		{
			name: "refused, no event", requests: slices.Concat(load, early, serves),
			code: ReadyTooEarly, sure: Likely, lost: 30,
		},
		{
			name: "refused, and never serves", marks: []record.Mark{event, ready}, requests: slices.Concat(load, early),
			code: Refused, sure: CannotTell, lost: 30,
		},
		{
			name: "refused long after", marks: []record.Mark{stepOf(100*ms, 200*ms), markOf(record.MarkReady, "gw-3", 150*ms)}, requests: slices.Concat(load, early, reporttest.Steady(2500, 150*ms, ms, "gw-3")),
			code: Refused, sure: CannotTell, lost: 30,
		},
		{
			name: "no routes yet", marks: []record.Mark{event, ready}, requests: slices.Concat(load, missing, serves),
			code: ReadyTooEarly, sure: Likely, lost: 30,
		},
		{
			name: "timed out", marks: []record.Mark{event, ready}, requests: slices.Concat(load, hung, serves),
			code: ColdStart, sure: Likely, lost: 30, says: []string{"warm"},
		},
		{
			name: "timed out, no ready mark", marks: []record.Mark{event}, requests: slices.Concat(load, hung, serves),
			code: ColdStart, sure: Likely, lost: 30, says: []string{"after it was first reached"}, never: []string{"became ready:"},
		},
		{
			name: "asked to log in", marks: []record.Mark{event, ready}, requests: slices.Concat(load, failing(1001*ms, 1300*ms, 10*ms, ms, "status.401", "gw-3"), serves),
			code: GatewayError, sure: CannotTell, lost: 30,
		},
		{
			name: "timed out elsewhere, too", marks: []record.Mark{event, ready},
			requests: slices.Concat(load, hung, failing(1001*ms, 1300*ms, 10*ms, 1000*ms, "wait.timeout", "gw-1"), serves),
			code:     Hung, sure: CannotTell, lost: 60, never: []string{"warm"},
		},
		{
			name: "one timed out", marks: []record.Mark{event, ready}, requests: slices.Concat(load, hung[:1], serves),
			code: ColdStart, sure: CannotTell, lost: 1,
		},
		{
			name: "the ready one was going", marks: []record.Mark{event, markOf(record.MarkTerminating, "gw-3", 950*ms), ready}, requests: slices.Concat(load, early, serves),
			code: Refused, sure: CannotTell, lost: 30,
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

// removing returns the mark of a step that takes endpoints away in this way.
func removing(step record.Mark, how string) record.Mark {
	step.Removes = how
	return step
}

// TestRecreated: nothing served until the new endpoint was ready.
func TestRecreated(t *testing.T) {
	load := slices.Concat(reporttest.Steady(1000, 0, ms, app), reporttest.Steady(1000, 1510*ms, ms, app))
	gone := failing(1001*ms, 1500*ms, 5*ms, us, "connect.refused", app) // 100 of them
	event := stepOf(990*ms, 1600*ms)
	exit, ready := markOf(record.MarkExited, app, 1000*ms), markOf(record.MarkReady, app, 1505*ms)
	for _, tt := range []shaped{
		{
			name: "all marks", marks: []record.Mark{event, exit, ready}, requests: slices.Concat(load, gone),
			code: Recreated, sure: Shown, lost: 100, says: []string{"start the new one first", "maxSurge"},
		},
		{
			name: "evicted", marks: []record.Mark{removing(event, record.RemovesByEviction), exit, ready}, requests: slices.Concat(load, gone),
			code: Recreated, sure: Shown, lost: 100, says: []string{"replicas: 2 or more", "minAvailable: 1", "have no effect on it"}, never: []string{"strategy", "start the new one first"},
		},
		{
			name: "deleted", marks: []record.Mark{removing(event, record.RemovesByDeletion), exit, ready}, requests: slices.Concat(load, gone),
			code: Recreated, sure: Shown, lost: 100, says: []string{"replicas: 2 or more", "a deletion heeds no PodDisruptionBudget"}, never: []string{"strategy", "start the new one first", "minAvailable"},
		},
		{
			name: "evicted, and later rolled out", marks: []record.Mark{removing(stepOf(100*ms, 200*ms), record.RemovesByEviction), event, exit, ready}, requests: slices.Concat(load, gone),
			code: Recreated, sure: Shown, lost: 100, says: []string{"start the new one first"}, never: []string{"PodDisruptionBudget with"},
		},
		{
			name: "the balancer follows long after the ready mark", requests: slices.Concat(load, gone),
			marks: []record.Mark{event, markOf(record.MarkTerminating, app, 990*ms), exit, markOf(record.MarkEndpointGoes, app, 1000*ms), markOf(record.MarkReady, "new", 1200*ms)},
			code:  Recreated, sure: Shown, lost: 100, says: []string{"one was ready at 1.200 s"}, never: []string{"preStop.sleep"},
		},
		{
			name: "with refusals all the time before", marks: []record.Mark{event, exit, ready},
			requests: slices.Concat(load, failing(100*ms, 900*ms, 10*ms, us, "connect.refused", "10.0.0.9:80"), failing(1001*ms, 1481*ms, 30*ms, us, "connect.refused", app)),
			code:     SteadyErrors, sure: Shown, lost: 81, says: []string{"nothing served for 480.0 ms"},
		},
		{
			name: "twice", marks: []record.Mark{event, exit, ready, markOf(record.MarkExited, app, 2600*ms), markOf(record.MarkReady, app, 2905*ms)},
			requests: slices.Concat(load, gone, failing(2601*ms, 2900*ms, 5*ms, us, "connect.refused", app), reporttest.Steady(1000, 2910*ms, ms, app)),
			code:     Recreated, sure: Shown, lost: 160, says: []string{"nothing served in 2 outages of up to 495.0 ms:"},
		},
		{
			name: "a machine so busy that a refusal takes longer than a bin", marks: []record.Mark{event, exit, markOf(record.MarkReady, app, 1060*ms)},
			requests: slices.Concat(load, failing(1001*ms, 1019*ms, 2*ms, us, "connect.refused", app), failing(1021*ms, 1039*ms, 2*ms, 15*ms, "connect.refused", app)),
			code:     Recreated, sure: Shown, lost: 20,
		},
		{
			name: "its first and last requests among others", marks: []record.Mark{event, exit, ready},
			requests: slices.Concat(reporttest.Steady(1006, 0, ms, app), reporttest.Steady(1000, 1497*ms, ms, app), gone),
			code:     Recreated, sure: Shown, lost: 100,
		},
		{
			name: "some are served meanwhile", marks: []record.Mark{event, exit, ready},
			requests: slices.Concat(load, failing(1001*ms, 1151*ms, 2*ms, us, "connect.refused", app), reporttest.Steady(10, 1002*ms, 15*ms, app)),
			code:     Refused, sure: CannotTell, lost: 76, never: []string{"start the new one first"},
		},
		{
			name: "no ready mark", marks: []record.Mark{event, exit}, requests: slices.Concat(load, gone),
			code: Recreated, sure: Likely, lost: 100,
		},
		{
			name: "the step alone", marks: []record.Mark{event}, requests: slices.Concat(load, gone),
			code: Recreated, sure: Likely, lost: 100,
		},
		{
			name: "no event", requests: slices.Concat(load, gone),
			code: Refused, sure: CannotTell, lost: 100, never: []string{"load balancer removed", "start the new one first"},
		},
		{
			name: "another serves beside it", marks: []record.Mark{event, exit, ready}, requests: slices.Concat(load, gone, reporttest.Steady(2500, 0, ms, "10.0.0.2:80")),
			code: Refused, sure: CannotTell, lost: 100, never: []string{"start the new one first"},
		},
		{
			name: "by chance, all were sent to the one that leaves", marks: []record.Mark{event, exit},
			requests: slices.Concat(reporttest.Steady(1000, 0, ms, app, "10.0.0.2:80"), failing(1001*ms, 1020*ms, ms, us, "connect.refused", app), reporttest.Steady(1000, 1021*ms, ms, "10.0.0.2:80")),
			code:     Refused, sure: CannotTell, lost: 20, never: []string{"nothing served"},
		},
		{
			name: "responses name the replica, which comes back under its name", marks: []record.Mark{event, markOf(record.MarkExited, "web-0", 1000*ms)},
			requests: slices.Concat(reporttest.Steady(1000, 0, ms, "web-0"), failing(1001*ms, 1500*ms, 5*ms, us, "connect.refused", app), reporttest.Steady(1000, 1510*ms, ms, "web-0")),
			code:     Recreated, sure: Likely, lost: 100,
		},
		{
			name: "it never comes back", marks: []record.Mark{event, exit}, requests: slices.Concat(load[:1000], gone),
			code: Refused, sure: CannotTell, lost: 100, says: []string{"when the load ended, nothing served"},
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

var ofShutdowns = regexp.MustCompile(`stop signal|drain|pre-stop|grace period|before the load balancer|upstream (went|left)|its exit|until the load balancer`)

// TestNoEvent: where nothing was done to the target, and losses are all over
// the run, no finding blames a shutdown.
func TestNoEvent(t *testing.T) {
	for _, class := range []string{
		"connect.refused", "connect.timeout", "tls.eof", "tls.reset", "wait.eof", "wait.reset", "wait.timeout", "body.eof",
	} {
		for _, kept := range []bool{false, true} {
			requests := taking(2000, ms, 40*ms)
			for i := range int64(12) {
				q := reporttest.Lost(50*ms+i*160*ms+i*i*37%60*ms, 70*ms+i*160*ms+i*i*37%60*ms, class, app, "text")
				q.Reused = kept
				requests = append(requests, q)
			}
			run := reporttest.NewRun(t, requests)
			roundTrip(run, ms)
			for _, f := range found(run) {
				if f.Confidence == Shown {
					t.Errorf("%s: shown: %s", class, f.text())
				}
				if said := ofShutdowns.FindString(f.text()); said != "" {
					t.Errorf("%s, reused %t: %q in\n%s", class, kept, said, f.text())
				}
				if len(f.Settings) > 0 {
					t.Errorf("%s: settings without an event: %v", class, f.Settings)
				}
			}
		}
	}
}

// TestRecurring: an even interval is told, unless the event or the load made it.
func TestRecurring(t *testing.T) {
	losses := func(gaps ...int64) []reporttest.Request {
		list, at := reporttest.Steady(4000, 0, ms, "gw-1", "gw-2"), 100*ms
		for _, gap := range append([]int64{0}, gaps...) {
			at += gap * ms
			list = append(list, failing(at, at+20*ms, 5*ms, us, "connect.refused", "gw-2")...)
		}
		return list
	}
	even := losses(700, 710, 695, 705)
	for _, tt := range []struct {
		name     string
		requests []reporttest.Request
		marks    []record.Mark
		edit     func(*record.Run)
		want     int64 // ns
	}{
		{"even", even, nil, nil, 702*ms + 500*us},
		{"three times", losses(700, 700), nil, nil, 0},
		{"uneven", losses(700, 300, 900, 500), nil, nil, 0},
		{"made by the event", even, []record.Mark{stepOf(90*ms, 3500*ms)}, nil, 0},
		{"since before the event", even, []record.Mark{stepOf(1000*ms, 3500*ms)}, nil, 702*ms + 500*us},
		{"made by -q", even, nil, func(run *record.Run) { run.Settings.Rate = 1 / .7 }, 0},
	} {
		run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) { run.Marks = tt.marks }))
		if tt.edit != nil {
			tt.edit(run)
		}
		var got int64
		for _, f := range found(run) {
			if f.Code == Recurring {
				got = f.Measured
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %d; want %d", tt.name, got, tt.want)
		}
	}
}

// BenchmarkManyLosses diagnoses 100,000 losses on 300 endpoints, all of which
// leave, and half of which come back; by their own addresses, and behind one.
func BenchmarkManyLosses(b *testing.B) {
	const endpoints, each = 300, 334
	classes := []string{"connect.refused", "wait.reset", "wait.eof", "wait.timeout", "status.503"}
	for _, shared := range []string{"", "10.96.0.1:80"} {
		address := func(name string) string { return cmp.Or(shared, name) }
		requests := reporttest.Steady(20_000, 0, ms, address("gw-1"), address("gw-2"), address("gw-300"))
		var marks []record.Mark
		for i := range int64(endpoints) {
			name, at := fmt.Sprintf("gw-%d", i+1), 1000*ms+i*50*ms
			marks = append(marks, markOf(record.MarkTerminating, name, at), markOf(record.MarkSignalled, name, at+ms), markOf(record.MarkExited, name, at+2000*ms))
			switch i % 4 {
			case 0, 2:
				marks = append(marks, markOf(record.MarkReady, name, at+2500*ms))
			case 1:
				marks = append(marks, markOf(record.MarkKilled, name, at+2000*ms), markOf(record.MarkConnectionsCut, name, at+1000*ms))
			}
			for k := range int64(each) {
				q := reporttest.Lost(at+k*7*ms, at+k*7*ms+20*ms, classes[k%5], address(name), "text")
				q.Reused = k%2 == 0
				if k%5 == 4 {
					q.Status = 503
				}
				requests = append(requests, q)
			}
		}
		b.Run(cmp.Or(shared, "own"), func(b *testing.B) {
			run := reporttest.NewRun(b, requests, reporttest.Edited(func(run *record.Run) { run.Marks = marks }))
			f := analysis.Of(run)
			b.ReportAllocs()
			for b.Loop() {
				Of(run, &f.Loss)
			}
		})
	}
}
