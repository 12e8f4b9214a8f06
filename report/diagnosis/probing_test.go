package diagnosis

import (
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// probeOf returns a probe of gw-1 that began at a time and took as long.
func probeOf(at, took int64, outcome record.ProbeOutcome) record.Probe {
	p := record.Probe{Endpoint: "gw-1", Start: at, End: at + took, Outcome: outcome}
	if outcome == record.ProbeOK || outcome == record.ProbeTimeout {
		p.Connected, p.Asked = at+took/10, true
	}
	return p
}

func through(p record.Probe) record.Probe {
	p.Through = true
	return p
}

func silent(p record.Probe) record.Probe {
	p.Connected, p.Asked = 0, false
	return p
}

func unasked(p record.Probe) record.Probe {
	p.Asked = false
	return p
}

// TestProbesInFindings: what probes say is evidence. It raises the confidence
// only where it shows what the title then says.
func TestProbesInFindings(t *testing.T) {
	const gw = "gw-1"
	one := func(class string) []reporttest.Request { return failing(600*ms, 600*ms, ms, ms, class, gw) }
	for _, tt := range []struct {
		name       string
		requests   []reporttest.Request
		unmarked   bool // no mark names the endpoint
		probes     []record.Probe
		rule       string
		confidence Confidence
		says       []string
		never      []string
	}{
		{
			name: "refused again", requests: failing(600*ms, 1000*ms, 10*ms, ms, "connect.refused", gw), rule: "connections-refused", confidence: Shown,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeRefused), probeOf(953*ms, ms, record.ProbeRefused), probeOf(1053*ms, ms, record.ProbeOK)},
			says: []string{
				": its listener was gone\n", "a new connection to gw-1 2.0 ms later was refused: its listener was gone (probed after ",
				"the first probe that failed ended at 0.604 s; it worked again between 0.953 s and 1.054 s",
			},
			never: []string{"only the connections", "\ncannot tell whether the listener"},
		},
		{
			name: "refused again, and it may be a balancer", requests: one("connect.refused"), unmarked: true, rule: "connections-refused", confidence: Likely,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeRefused)},
			says:   []string{": nothing listened there\n", "the first probe that failed ended at 0.604 s; no later probe worked"},
			never:  []string{"its listener"},
		},
		{
			name: "refused through an address that replicas share", requests: one("connect.refused"), unmarked: true, rule: "connections-refused", confidence: CannotTell,
			probes: []record.Probe{through(probeOf(603*ms, ms, record.ProbeRefused))},
			says:   []string{"a new connection through gw-1 2.0 ms later was refused: nothing listened there"},
		},
		{
			name: "the rest of the target works", requests: one("connect.refused"), unmarked: true, rule: "connections-refused", confidence: CannotTell,
			probes: []record.Probe{through(probeOf(603*ms, ms, record.ProbeOK))},
			says:   []string{"a new connection through gw-1 2.0 ms later was accepted and got a response: the rest of the target worked"},
		},
		{
			name: "refused once", requests: one("connect.refused"), rule: "connections-refused", confidence: CannotTell,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeOK)},
			says:   []string{"only this connection was affected"},
		},
		{
			name: "too late to say anything", requests: one("connect.refused"), rule: "connections-refused", confidence: CannotTell,
			probes: []record.Probe{probeOf(1700*ms, ms, record.ProbeRefused)},
			never:  []string{"a new connection"},
		},
		{
			name:     "one endpoint of two was not probed",
			requests: append(one("connect.refused"), failing(600*ms, 600*ms, ms, ms, "connect.refused", "gw-2")...), rule: "connections-refused", confidence: CannotTell,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeRefused)},
			says:   []string{"(probed after 1 of 2 losses)"},
		},
		{
			name: "cut, and only that connection", requests: one("wait.eof"), rule: "cut-in-flight", confidence: Shown,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeOK)},
			says:   []string{": only those connections, while new ones were served\n", "only this connection was affected"},
			never:  []string{"cannot tell whether a process exited"},
		},
		{
			name: "cut, by a target that may be a balancer", requests: one("wait.eof"), unmarked: true, rule: "cut-in-flight", confidence: CannotTell,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeOK)},
			says:   []string{"the address as a whole worked", "cannot tell whether a process exited"},
		},
		{
			name: "cut, and the listener is gone", requests: one("wait.eof"), rule: "cut-in-flight", confidence: Likely,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeRefused)},
			says:   []string{": its process stopped listening, too\n"},
			never:  []string{"cannot tell whether a process exited"},
		},
		{
			name: "cut, and it still listens", requests: one("wait.eof"), rule: "cut-in-flight", confidence: CannotTell,
			probes: []record.Probe{unasked(probeOf(603*ms, ms, record.ProbeOK))},
			says:   []string{"was accepted: something still listened there"},
			never:  []string{"only this connection"},
		},
		{
			name: "cut on a kept-alive connection, and only that one", requests: on(one("wait.eof"), 0), rule: "kept-alive-closed-without-notice", confidence: Shown,
			probes: []record.Probe{probeOf(603*ms, ms, record.ProbeOK)},
			says:   []string{": only those connections, while new ones were served\n", "cannot tell whether the server was closing idle connections"},
		},
		{
			name: "stuck", requests: one("wait.timeout"), rule: "hung", confidence: Shown,
			probes: []record.Probe{probeOf(603*ms, 1000*ms, record.ProbeTimeout)},
			says:   []string{": its process was stuck\n", "connected and got no response in 900.0 ms: its process was stuck"},
			never:  []string{"lost packets look the same"},
		},
		{
			name: "no response from what may be a balancer", requests: one("wait.timeout"), unmarked: true, rule: "hung", confidence: Likely,
			probes: []record.Probe{probeOf(603*ms, 1000*ms, record.ProbeTimeout)},
			says:   []string{": what accepts connections there did not respond\n"},
			never:  []string{"its process"},
		},
		{
			name: "no reply at all", requests: one("connect.timeout"), rule: "packets-dropped", confidence: Likely,
			probes: []record.Probe{silent(probeOf(603*ms, 1000*ms, record.ProbeTimeout))},
			says:   []string{"got no reply: the address was gone, or its packets were dropped"},
		},
		{
			name: "errors", requests: one("wait.timeout"), rule: "hung", confidence: CannotTell,
			probes: []record.Probe{{Endpoint: gw, Start: 603 * ms, Connected: 603 * ms, End: 604 * ms, Outcome: record.ProbeHTTPError, Status: 503, Asked: true}},
			says:   []string{"got status 503: connections are accepted there, but requests are not served"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := reporttest.NewRun(t, append(reporttest.Steady(2000, 0, ms, gw, "gw-2"), tt.requests...), reporttest.Edited(func(run *record.Run) {
				run.Marks = []record.Mark{{Kind: record.MarkNote, Name: "something is done", Start: 500 * ms, End: 500 * ms}}
				if !tt.unmarked {
					for _, name := range []string{gw, "gw-2"} {
						run.Marks = append(run.Marks, record.Mark{Kind: record.MarkTerminating, Name: "terminating", Endpoint: name, Start: 500 * ms, End: 500 * ms})
					}
				}
				run.Probes = tt.probes
			}))
			f := found(run)[0]
			if f.Rule != tt.rule || f.Confidence != tt.confidence {
				t.Errorf("got %s, %s; want %s, %s", f.Rule, f.Confidence, tt.rule, tt.confidence)
			}
			text := f.text()
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
		})
	}
}
