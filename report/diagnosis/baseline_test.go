package diagnosis

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// noisy returns requests to gw-1 for 3 s, one each ms, and n losses of a class
// in each 100 ms.
func noisy(class string, n int64) []reporttest.Request {
	list := reporttest.Steady(3000, 0, ms, "gw-1")
	for at := 50 * ms; at < 3000*ms; at += 100 * ms {
		for i := range n {
			list = append(list, lostAt(at+i*ms, class, "gw-1"))
		}
	}
	return list
}

func lostAt(at int64, class, endpoint string) reporttest.Request {
	q := reporttest.Lost(at-8*ms, at, class, endpoint, "text")
	if strings.HasPrefix(class, "status.") {
		q.Status, q.Sample = statusIn(class), ""
	}
	return q
}

// statusIn returns the status of a class.
func statusIn(class string) int {
	status, _ := strconv.Atoi(strings.TrimPrefix(class, "status."))
	return status
}

// TestBesideTheBaseline: errors that are as frequent before the event are not
// its losses, those that it adds are.
func TestBesideTheBaseline(t *testing.T) {
	step := record.Mark{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1010 * ms}
	exit := record.Mark{Kind: record.MarkExited, Name: "gw-2 exited", Endpoint: "gw-2", Start: 1500 * ms, End: 1500 * ms}
	refused := failing(1020*ms, 1069*ms, ms, ms, "connect.refused", "gw-1")
	type want struct {
		rule       string
		code       Code
		lost       int64
		confidence Confidence
		says       string
	}
	for name, tt := range map[string]struct {
		requests []reporttest.Request
		marks    []record.Mark
		want     []want
	}{
		"steady errors, and refusals": {
			slices.Concat(noisy("status.500", 1), refused),
			[]record.Mark{step},
			[]want{
				{"baseline-not-healthy", SteadyErrors, 30, Likely, "1.00 % of responses were 500 before the event and 0.99 % after: not caused by it\n"},
				{"connections-refused", Refused, 50, CannotTell, "gw-1 refused connections for 50.0 ms\n"},
			},
		},
		"so many before that they cannot have doubled": {
			noisy("wait.eof", 20),
			[]record.Mark{step},
			[]want{{"baseline-not-healthy", SteadyErrors, 600, Shown, "17 % of requests were lost to wait.eof before the event and 17 % after: not caused by it\n"}},
		},
		"steady errors without an event, but a mark": {
			noisy("status.500", 1),
			[]record.Mark{exit},
			[]want{{"baseline-not-healthy", SteadyErrors, 30, Likely, "before the first mark and"}},
		},
		"more of the same": {
			append(noisy("status.500", 1), failing(1020*ms, 1219*ms, ms, ms, "status.500", "gw-1")...),
			[]record.Mark{step},
			[]want{
				{"error-answered", GatewayError, 220, CannotTell, "220 responses had status 500"},
				{"baseline-not-healthy", SteadyErrors, 10, Shown, "10 requests were lost before anything was done to the target\n"},
				{"baseline-not-healthy", SteadyErrors, 10, Shown, "before the event and 9.9 % after: the event added 19"},
			},
		},
		"a loss that a mark explains, among steady ones": {
			slices.Concat(noisy("wait.eof", 1), reporttest.Steady(1490, 0, ms, "gw-2"), []reporttest.Request{lostAt(1500*ms, "wait.eof", "gw-2")}),
			[]record.Mark{step, exit},
			[]want{
				{"baseline-not-healthy", SteadyErrors, 30, CannotTell, "before the event and 0.83 % after: no more frequent than chance explains\n"},
				{"killed-in-flight", CutAtExit, 1, Shown, "cut when its process exited"},
			},
		},
		"the same without the mark": {
			slices.Concat(noisy("wait.eof", 1), reporttest.Steady(1490, 0, ms, "gw-2"), []reporttest.Request{lostAt(1500*ms, "wait.eof", "gw-2")}),
			[]record.Mark{step},
			[]want{{"baseline-not-healthy", SteadyErrors, 31, CannotTell, "no more frequent than chance explains\n"}},
		},
		"errors of an endpoint that was told to stop, among steady ones": {
			slices.Concat(noisy("status.503", 1), reporttest.Steady(1490, 0, ms, "gw-2"), failing(1492*ms, 1494*ms, ms, 100*us, "status.503", "gw-2")),
			[]record.Mark{step, {Kind: record.MarkSignalled, Name: "gw-2 signalled", Endpoint: "gw-2", Start: 1490 * ms, End: 1490 * ms}, exit},
			[]want{
				{"baseline-not-healthy", SteadyErrors, 30, CannotTell, "before the event and"},
				{"refused-while-draining", RefusedWhenDraining, 3, Likely, "after the stop signal"},
			},
		},
	} {
		run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) { run.Marks = slices.Clone(tt.marks) }))
		findings := found(run)
		for _, w := range tt.want {
			i := slices.IndexFunc(findings, func(f Finding) bool { return f.Rule == w.rule })
			if i < 0 {
				t.Errorf("%s: no %s in %+v", name, w.rule, findings)
				continue
			}
			if f := findings[i]; f.Code != w.code || f.Lost != w.lost || f.Confidence != w.confidence || !strings.Contains(f.text(), w.says) {
				t.Errorf("%s: got %s, %s\n%s\nwant %+v", name, f.Code, f.Weight(), f.text(), w)
			}
		}
		if lost := slices.DeleteFunc(findings, func(f Finding) bool { return f.Lost == 0 }); name != "more of the same" && len(lost) != len(tt.want) {
			t.Errorf("%s: got %+v; want %d", name, lost, len(tt.want))
		}
	}
}

// TestCrashBesideSteadyErrors: errors that come all the time do not make one
// outage of a crash and of refusals long after it.
func TestCrashBesideSteadyErrors(t *testing.T) {
	requests := slices.Concat(reporttest.Steady(3000, 0, ms, "vip"), failing(1001*ms, 1100*ms, ms, 100*us, "connect.refused", "vip"),
		failing(2000*ms, 2049*ms, ms, 100*us, "connect.refused", "vip"))
	for at := 20 * ms; at < 3000*ms; at += 20 * ms {
		requests = append(requests, lostAt(at, "status.500", "vip"))
	}
	run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{{Kind: record.MarkCrashed, Name: "pod-1 crashed", Endpoint: "pod-1", Start: 1000 * ms, End: 1000 * ms}}
	}))
	for rule, want := range map[string]int64{"crashed": 100, "connections-refused": 50} {
		if f := ruled(found(run), rule); f == nil || f.Lost != want {
			t.Errorf("%s: got %+v; want %d lost", rule, f, want)
		}
	}
}

// TestBacklogFull: connections that came with a repeated SYN point to a full
// accept queue, but not if addresses went away in the same run, or may have.
func TestBacklogFull(t *testing.T) {
	event := record.Mark{Kind: record.MarkStep, Name: "restart", Start: 500 * ms, End: 600 * ms}
	exit := record.Mark{Kind: record.MarkExited, Name: "gw-2 exited", Endpoint: "gw-2", Start: 500 * ms, End: 500 * ms}
	for name, tt := range map[string]struct {
		late  int
		marks []record.Mark
		want  Confidence // "" for no finding
	}{
		"none":                {0, nil, ""},
		"several":             {4, nil, Likely},
		"and endpoints leave": {4, []record.Mark{exit}, CannotTell},
		"in an event":         {4, []record.Mark{event}, CannotTell},
	} {
		run := reporttest.NewRun(t, reporttest.Steady(1000, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) { run.Marks = tt.marks }))
		for range tt.late {
			run.Phases.Connect.Record(1003 * ms)
		}
		findings := found(run)
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.Code == BacklogFull })
		switch {
		case (i >= 0) != (tt.want != ""):
			t.Errorf("%s: got %+v", name, findings)
		case i >= 0 && (findings[i].Confidence != tt.want || !strings.Contains(findings[i].text(), "4 connections took about 1 s or more") || !strings.Contains(findings[i].text(), "net.core.somaxconn")):
			t.Errorf("%s: got %s\n%s", name, findings[i].Confidence, findings[i].text())
		}
	}
}

// TestSlowerDuring: responses that take longer in the event are a finding, with
// figures.
func TestSlowerDuring(t *testing.T) {
	slow := []reporttest.Request{}
	for at := 1000 * ms; at < 1500*ms; at += 10 * ms {
		slow = append(slow, reporttest.Request{Start: at, End: at + 400*ms, Endpoint: "gw-1", Status: 200})
	}
	for name, tt := range map[string]struct {
		requests []reporttest.Request
		until    int64 // the end of the event
		want     string
	}{
		"as fast":                          {nil, 2000 * ms, ""},
		"slower":                           {slow, 2000 * ms, "the p99 of responses rose from 9.0 ms to 400.0 ms during the event"},
		"no event":                         {slow, 0, ""},
		"a short event, and two slow ones": {slow[:2], 1060 * ms, ""},
	} {
		run := reporttest.NewRun(t, append(reporttest.Steady(3000, 0, ms, "gw-1"), tt.requests...), reporttest.Edited(func(run *record.Run) {
			if tt.until > 0 {
				run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: tt.until}}
			}
		}))
		findings := found(run)
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.Code == SlowerDuring })
		if (i >= 0) != (tt.want != "") || i >= 0 && !strings.Contains(findings[i].Title, tt.want) {
			t.Errorf("%s: got %+v; want %q", name, findings, tt.want)
		}
	}
}
