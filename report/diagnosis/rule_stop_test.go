package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// served is the address of the process app.
const served = "127.0.0.1:80"

// stopMarks are those of a process that is killed a second after its signal.
// Only the ready mark has its address.
func stopMarks(listenerClosed int64) []record.Mark {
	at := func(kind record.MarkKind, ns int64) record.Mark {
		return record.Mark{Kind: kind, Name: kind.Of("app"), Endpoint: "app", Start: ns, End: ns}
	}
	ready, terminating := at(record.MarkReady, -100*ms), at(record.MarkTerminating, 500*ms)
	ready.Address, terminating.Shutdown = served, &record.Shutdown{Grace: 1000 * ms}
	return []record.Mark{
		ready, terminating, at(record.MarkSignalled, 500*ms), at(record.MarkKilled, 1500*ms),
		at(record.MarkListenerClosed, listenerClosed), at(record.MarkExited, 1501*ms),
	}
}

// stopRequests are answered until the kill, and four are cut by it. After the
// signal, connections are only reused if kept is set.
func stopRequests(kept bool) []reporttest.Request {
	list := reporttest.Steady(1490, 0, ms, served)
	for i := range list {
		list[i].Reused = kept && list[i].Start > 500*ms
	}
	for i := range int64(4) {
		list = append(list, reused(reporttest.Lost(1200*ms+i*70*ms, 1500*ms+500*us, "wait.eof", served, reporttest.EOFText)))
	}
	return list
}

// TestIgnoredSIGTERM: a process that went on serving until it was killed did not
// heed the signal, or waits for too long before it stops: both look the same, so
// the finding is likely, and advises about both. Where the marks do not show
// that it went on, it was killed at the end of its grace period.
func TestIgnoredSIGTERM(t *testing.T) {
	signal := func(name string, marks []record.Mark) []record.Mark {
		for i := range marks {
			if marks[i].Shutdown != nil {
				marks[i].Shutdown.Signal = name
			}
		}
		return marks
	}
	for name, tt := range map[string]struct {
		marks    []record.Mark
		requests []reporttest.Request
		rule     string
		code     Code
		says     string
	}{
		"it listened and answered, on new connections":  {stopMarks(1500*ms + 800*us), stopRequests(false), "ignored-sigterm", IgnoredSIGTERM, "app went on accepting connections from the stop signal to the kill, and serving requests: it did not heed the signal, or it waits on purpose"},
		"requests on open connections, none answered":   {stopMarks(1500*ms + 800*us), quiet(stopRequests(true)), "ignored-sigterm", IgnoredSIGTERM, "did not heed SIGTERM"},
		"it listened, and nothing shows that it served": {stopMarks(1500*ms + 800*us), sentBefore(quiet(stopRequests(true))), "grace-too-short", KilledAfterGrace, "the listener was open until the kill: cannot tell whether the process had begun to stop"},
		"it listened until the kill":                    {stopMarks(1500*ms + 800*us), stopRequests(true), "ignored-sigterm", IgnoredSIGTERM, "4 requests in flight were cut when their process was killed: app did not heed SIGTERM within its grace period of 1.000 s"},
		"another stop signal":                           {signal("SIGQUIT", stopMarks(1500*ms+800*us)), stopRequests(true), "ignored-sigterm", IgnoredSIGTERM, "did not heed SIGQUIT within"},
		"it closed its listener at the signal":          {stopMarks(510 * ms), stopRequests(true), "grace-too-short", KilledAfterGrace, "killed at the end of its grace period"},
		"no mark of the listener, connections to it":    {without(stopMarks(0), record.MarkListenerClosed), stopRequests(false), "ignored-sigterm", IgnoredSIGTERM, "did not heed SIGTERM"},
		"no mark of the listener, none after the stop":  {without(stopMarks(0), record.MarkListenerClosed), stopRequests(true), "grace-too-short", KilledAfterGrace, ""},
		"no mark of the signal":                         {without(stopMarks(1500*ms+800*us), record.MarkSignalled), stopRequests(true), "grace-too-short", KilledAfterGrace, ""},
		"no mark of the kill":                           {without(stopMarks(1500*ms+800*us), record.MarkKilled), stopRequests(true), "killed-in-flight", CutAtExit, "from the stop signal to the exit the process had 1.001 s"},
	} {
		t.Run(name, func(t *testing.T) {
			run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) { run.Marks = slices.Clone(tt.marks) }))
			findings := found(run)
			i := slices.IndexFunc(findings, func(f Finding) bool { return f.Lost > 0 })
			if i < 0 {
				t.Fatalf("got %+v", findings)
			}
			f := findings[i]
			if f.Rule != tt.rule || f.Code != tt.code || f.Lost != 4 || f.Confidence == CannotTell {
				t.Errorf("got %s (%s), %d lost, %s; want %s (%s)", f.Rule, f.Code, f.Lost, f.Confidence, tt.rule, tt.code)
			}
			if text := f.text(); !strings.Contains(text, tt.says) {
				t.Errorf("no %q in %s", tt.says, text)
			}
			if f.Code != IgnoredSIGTERM {
				return
			}
			advises := func(words string) bool {
				return slices.ContainsFunc(f.Remedies, func(r Remedy) bool { return strings.Contains(r.Setting, words) })
			}
			if f.Confidence != Likely || f.Needed != 0 || len(f.Settings) > 0 || !advises("handle the stop signal") || !advises("a grace period longer than that wait") {
				t.Errorf("got %s, %+v", f.Confidence, f.Remedies)
			}
		})
	}
}

// quiet removes the responses that were sent after the stop signal.
func quiet(list []reporttest.Request) []reporttest.Request {
	return slices.DeleteFunc(list, func(q reporttest.Request) bool { return q.Fate == record.FateOK && q.Start > 490*ms })
}

// sentBefore lets what was lost begin before the stop signal.
func sentBefore(list []reporttest.Request) []reporttest.Request {
	for i := range list {
		if list[i].Fate == record.FateLost {
			list[i].Start -= 1000 * ms
		}
	}
	return list
}

// TestIgnoredWithNothingInFlight: the finding about the run says so, too.
func TestIgnoredWithNothingInFlight(t *testing.T) {
	run := reporttest.NewRun(t, reporttest.Steady(1490, 0, ms, served), reporttest.Edited(func(run *record.Run) { run.Marks = stopMarks(1500*ms + 800*us) }))
	for _, f := range found(run) {
		if f.Rule == "killed-at-the-end-of-grace" && f.Code == IgnoredSIGTERM && f.Confidence == Likely && f.Title == "app did not heed SIGTERM within its grace period of 1.000 s and was killed" {
			return
		}
	}
	t.Errorf("got %+v", found(run))
}

// TestIgnoredBehindAnother: a process behind one that the load connects to may have
// ignored its signal if its listener was open until the kill. If the load connects
// to no other process, the listener may be that of its own health check.
func TestIgnoredBehindAnother(t *testing.T) {
	behind := func(listenerClosed int64) []record.Mark {
		marks := stopMarks(listenerClosed)
		marks[0].Address = "127.0.0.1:8080"
		return marks
	}
	gateway := record.Mark{Kind: record.MarkReady, Name: record.MarkReady.Of("gateway"), Endpoint: "gateway", Address: served, Start: -50 * ms, End: -50 * ms}
	for name, tt := range map[string]struct {
		marks []record.Mark
		code  Code
		title string
	}{
		"it listened until the kill":             {append(behind(1500*ms+800*us), gateway), IgnoredSIGTERM, "app was killed at the end of its grace period of 1.000 s, and may not have heeded SIGTERM"},
		"it closed its listener at the signal":   {append(behind(510*ms), gateway), KilledAfterGrace, "1 endpoint was killed at the end of the grace period, which cut whatever was still open"},
		"nothing is known of a process in front": {behind(1500*ms + 800*us), KilledAfterGrace, "1 endpoint was killed at the end of the grace period, which cut whatever was still open"},
		"no mark of the signal":                  {append(without(behind(1500*ms+800*us), record.MarkSignalled), gateway), KilledAfterGrace, "1 endpoint was killed at the end of the grace period, which cut whatever was still open"},
	} {
		run := reporttest.NewRun(t, reporttest.Steady(1490, 0, ms, served), reporttest.Edited(func(run *record.Run) { run.Marks = tt.marks }))
		findings := found(run)
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.Rule == "killed-at-the-end-of-grace" })
		if i < 0 {
			t.Errorf("%s: got %+v", name, findings)
			continue
		}
		f := findings[i]
		if f.Code != tt.code || f.Title != tt.title {
			t.Errorf("%s: got %s, %q; want %s, %q", name, f.Code, f.Title, tt.code, tt.title)
		}
		if f.Code == IgnoredSIGTERM && (f.Confidence != CannotTell || !strings.Contains(f.text(), "handle the stop signal") || !strings.Contains(f.text(), "The load reached it through another process")) {
			t.Errorf("%s: got %s, %s", name, f.Confidence, f.text())
		}
	}
}

// drainMarks are those of a replica whose connections the balancer cuts a second
// after it removed it; died is when the process exits.
func drainMarks(died int64) []record.Mark {
	at := func(kind record.MarkKind, ns int64) record.Mark {
		return record.Mark{Kind: kind, Name: kind.Of("gw-2"), Endpoint: "gw-2", Start: ns, End: ns}
	}
	marks := []record.Mark{
		at(record.MarkTerminating, 500*ms), at(record.MarkEndpointRemoved, 550*ms), at(record.MarkSignalled, 600*ms),
		at(record.MarkConnectionsCut, 1550*ms), at(record.MarkExited, died),
	}
	record.SortMarks(marks)
	return marks
}

// TestDrainCut: what the balancer cuts at the end of its drain timeout is its
// doing, though the process exits right after.
func TestDrainCut(t *testing.T) {
	const shared = "10.96.0.1:80"
	slow := reporttest.Request{Start: 0, End: 400 * ms, Endpoint: "gw-1", Status: 200} // so long may a request take
	fleet := append(reporttest.Steady(2000, 0, ms, "gw-1"), slow, reporttest.Request{Start: 0, End: 9 * ms, Endpoint: "gw-2", Status: 200})
	behind := reporttest.Steady(2000, 0, ms, shared)
	behind[0].End = 400 * ms
	for name, tt := range map[string]struct {
		marks      []record.Mark
		requests   []reporttest.Request
		rule       string
		confidence Confidence
		says       []string
	}{
		"reset at the cut": {
			drainMarks(1560 * ms), append(slices.Clone(fleet), reporttest.Lost(1000*ms, 1551*ms, "wait.reset", "gw-2", reporttest.ResetText)),
			"drain-cut", Shown,
			[]string{"1 request in flight was cut when the load balancer cut its connection at the end of its drain timeout, 1.000 s after it had removed gw-2", "the longest had been in flight for 550.0 ms", "more than 550ms", "nodrop lab: --drain-timeout 660ms"},
		},
		"behind one address": {
			drainMarks(1560 * ms), append(slices.Clone(behind), reporttest.Lost(1300*ms, 1551*ms, "body.eof", shared, reporttest.CutText)),
			"drain-cut", Shown,
			[]string{"drain timeout to 480ms or more"},
		},
		"in silence": {
			drainMarks(1560 * ms), append(slices.Clone(behind), reporttest.Lost(1300*ms, 21300*ms, "wait.timeout", shared, "")),
			"drain-cut", Likely,
			[]string{"1 of them got neither a response nor a reset", "250.0 ms at the cut"},
		},
		"on an idle connection": {
			drainMarks(1560 * ms), append(slices.Clone(behind), reused(reporttest.Lost(1640*ms, 1641*ms, "wait.reset", shared, reporttest.ResetText))),
			"drain-cut", Shown, nil,
		},
		"hung since long before": {
			drainMarks(1560 * ms), append(slices.Clone(behind), reporttest.Lost(100*ms, 20100*ms, "wait.timeout", shared, "")),
			"hung", CannotTell, nil,
		},
		"the process had exited": {
			drainMarks(1530 * ms), append(slices.Clone(fleet), reporttest.Lost(1000*ms, 1531*ms, "wait.eof", "gw-2", reporttest.EOFText)),
			"killed-in-flight", Shown, nil,
		},
		"another one exited at that time": {
			append(drainMarks(1560*ms), record.Mark{Kind: record.MarkExited, Endpoint: "gw-3", Start: 1545 * ms, End: 1545 * ms}),
			append(slices.Clone(behind), reporttest.Lost(1300*ms, 1551*ms, "wait.eof", shared, reporttest.EOFText)),
			"drain-cut", Likely,
			[]string{"exited or was killed at about that time"},
		},
		"no mark of the cut": {
			without(drainMarks(1560*ms), record.MarkConnectionsCut), append(slices.Clone(fleet), reporttest.Lost(1000*ms, 1551*ms, "wait.reset", "gw-2", reporttest.ResetText)),
			"killed-in-flight", Likely, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) {
				run.Marks, run.Settings.Rate = slices.Clone(tt.marks), 10
				record.SortMarks(run.Marks)
			}))
			f := found(run)[0]
			if f.Rule != tt.rule || f.Confidence != tt.confidence || f.Lost != 1 {
				t.Errorf("got %s, %s, %d lost; want %s, %s", f.Rule, f.Confidence, f.Lost, tt.rule, tt.confidence)
			}
			if tt.rule == "drain-cut" && f.Code != DrainCut {
				t.Errorf("code %s", f.Code)
			}
			for _, part := range tt.says {
				if text := f.text(); !strings.Contains(text, part) {
					t.Errorf("no %q in\n%s", part, text)
				}
			}
		})
	}
}

// TestDrainSettingsAreInTheTexts: what is advised as data is advised in words.
func TestDrainSettingsAreInTheTexts(t *testing.T) {
	for _, need := range []time.Duration{time.Millisecond, 3 * time.Second, 40 * time.Second} {
		for _, least := range []bool{false, true} {
			texts, data := drainLonger(int64(need), least)
			for _, s := range data {
				if !slices.ContainsFunc(texts, func(r Remedy) bool {
					return r.Where == s.Object && strings.Contains(r.Setting, s.Setting) && strings.Contains(r.Setting, s.Value)
				}) {
					t.Errorf("%v: no text has %+v", need, s)
				}
			}
		}
	}
}

// TestCutsReadLate: a busy machine lets nodrop read late what an exit cut. How
// late that may be, the responses show.
func TestCutsReadLate(t *testing.T) {
	const exit = 1000 * ms
	for name, tt := range map[string]struct {
		slowest  int64   // response
		late     []int64 // after the exit, when the cuts were read
		sent     int64   // before the exit
		endpoint string
		rule     string
		want     Confidence
		says     string
	}{
		"all of them, on a busy machine":       {700 * ms, []int64{260 * ms, 261 * ms, 262 * ms}, 200 * ms, "app", "killed-in-flight", Likely, "3 of them, in flight at the exit, ended up to 262.0 ms after it: this machine was busy"},
		"some of them, on a busy machine":      {700 * ms, []int64{ms, 2 * ms, 262 * ms}, 200 * ms, "app", "killed-in-flight", Shown, "1 of them, in flight at the exit"},
		"on a quiet machine":                   {420 * ms, []int64{260 * ms, 261 * ms, 262 * ms}, 200 * ms, "app", "cut-in-flight", CannotTell, "no mark shows its exit"},
		"later than a busy machine reads":      {3000 * ms, []int64{800 * ms, 801 * ms}, 200 * ms, "app", "cut-in-flight", CannotTell, "no mark shows its exit"},
		"sent after the exit":                  {700 * ms, []int64{260 * ms, 261 * ms}, -100 * ms, "app", "cut-in-flight", CannotTell, "no mark shows its exit"},
		"the exit is a control plane's report": {700 * ms, []int64{260 * ms, 261 * ms}, 200 * ms, "10.0.0.1", "cut-in-flight", CannotTell, "no mark shows"},
	} {
		t.Run(name, func(t *testing.T) {
			list := []reporttest.Request{{Start: 0, End: tt.slowest, Endpoint: tt.endpoint, Status: 200, Bytes: 10}}
			for i := range int64(40) {
				list = append(list, reporttest.Request{Start: i * 10 * ms, End: i*10*ms + 400*ms, Endpoint: tt.endpoint, Status: 200, Bytes: 10})
			}
			for _, late := range tt.late {
				list = append(list, reporttest.Lost(exit-tt.sent, exit+late, "wait.eof", tt.endpoint, reporttest.EOFText))
			}
			run := reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) {
				run.Marks = []record.Mark{step(exit-3*ms, exit+10*ms), markAt(record.MarkSignalled, exit-2*ms, tt.endpoint), markAt(record.MarkListenerClosed, exit-ms, tt.endpoint), markAt(record.MarkExited, exit, tt.endpoint)}
				for i := range run.Marks[1:] {
					run.Marks[1+i].Address = tt.endpoint
				}
			}))
			f := found(run)[0]
			if f.Rule != tt.rule || f.Confidence != tt.want || f.Lost != int64(len(tt.late)) || !strings.Contains(f.text(), tt.says) {
				t.Errorf("got %s, %s\n%s", f.Rule, f.Confidence, f.text())
			}
		})
	}
}

// TestTimerOnABusyMachine: what a timer cut together is read over some time, a
// small part of that since the stop signal.
func TestTimerOnABusyMachine(t *testing.T) {
	const signal = 4000 * ms
	// ends are of pairs of a request and its cut: how long before the signal it was
	// sent, and how long after it it was cut.
	type pair struct{ sent, cut int64 }
	apart := []pair{{1485, 1011}, {1445, 1016}, {1446, 1016}, {1463, 1016}, {1485, 1084}, {1486, 1084}, {1486, 1088}}
	for name, tt := range map[string]struct {
		took int64 // by most responses, ms
		cuts []pair
		code Code
		want Confidence
	}{
		"younger than most responses":             {2520, apart, GraceTimer, Likely},
		"older than any response, and of one age": {2400, apart, CutInFlight, CannotTell},
		"soon after the signal, over a long time": {2520, []pair{{1485, 211}, {1445, 211}, {1446, 216}, {1463, 216}, {1485, 284}, {1486, 284}, {1486, 288}}, CutInFlight, CannotTell},
	} {
		t.Run(name, func(t *testing.T) {
			var list []reporttest.Request
			for i := range int64(16) {
				list = append(list, reporttest.Request{Start: i * ms, End: (tt.took + 2*i) * ms, Endpoint: "app", Status: 200, Bytes: 10})
			}
			for _, p := range tt.cuts {
				list = append(list, reporttest.Lost(signal-p.sent*ms, signal+p.cut*ms, "wait.eof", "app", reporttest.EOFText))
			}
			run := reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) {
				run.Marks = []record.Mark{step(signal, signal+2800*ms), markAt(record.MarkSignalled, signal, "app"), markAt(record.MarkListenerClosed, signal+100*ms, "app"), markAt(record.MarkExited, signal+2780*ms, "app")}
			}))
			f := found(run)[0]
			if f.Code != tt.code || f.Confidence != tt.want || f.Lost != int64(len(tt.cuts)) {
				t.Errorf("got %s, %s\n%s", f.Code, f.Confidence, f.text())
			}
		})
	}
}
