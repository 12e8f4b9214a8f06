package diagnosis

import (
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/reporttest"
)

// without returns marks without those of a kind.
func without(marks []record.Mark, kind record.MarkKind) []record.Mark {
	return slices.DeleteFunc(slices.Clone(marks), func(m record.Mark) bool { return m.Kind == kind })
}

func found(run *record.Run) []Finding {
	f := analysis.Of(run)
	return Of(run, &f.Loss)
}

func TestFindings(t *testing.T) {
	type want struct {
		rule             string
		lost             int64
		confidence       Confidence
		measured, needed int64
	}
	at := func(kind record.MarkKind) func(at int64, names ...string) []record.Mark {
		return func(at int64, names ...string) []record.Mark {
			var marks []record.Mark
			for _, name := range names {
				marks = append(marks, record.Mark{Kind: kind, Name: kind.Of(name), Endpoint: name, Start: at, End: at})
			}
			return marks
		}
	}
	exit, killing := at(record.MarkExited), at(record.MarkKilled)
	addressed := func(list []record.Mark, addresses map[string]string) []record.Mark {
		for i := range list {
			list[i].Address = addresses[list[i].Endpoint]
		}
		return list
	}
	// takenOut has marks of the control plane, and none of a balancer.
	takenOut := func(how *record.Shutdown) []record.Mark {
		list := reporttest.AbruptMarks()
		for i := range list {
			if list[i].Kind == record.MarkTerminating {
				list[i].Shutdown = how
			}
			if list[i].Kind == record.MarkEndpointRemoved {
				list[i].Kind = record.MarkEndpointGoes
			}
			if list[i].Kind == record.MarkExited {
				list[i].Start, list[i].End = 1600*ms, 1600*ms
			}
		}
		return list
	}
	none := &record.Shutdown{Grace: 30_000 * ms}
	set := func(list []record.Mark, how *record.Shutdown) []record.Mark {
		for i := range list {
			list[i].Shutdown = how
		}
		return list
	}
	fleet := reporttest.Steady(2000, 0, ms, reporttest.Replicas(1, 10)...)
	for _, tt := range []struct {
		name     string
		requests []reporttest.Request
		marks    []record.Mark
		want     []want
		says     []string // of the findings' texts
		never    []string
	}{
		{
			name: "listener closed before removal", requests: reporttest.AbruptRequests(), marks: reporttest.AbruptMarks(),
			want: []want{
				{"listener-closed-before-removal", 244, Shown, 653*ms + 150*us - 600*ms - 600*us, 53*ms + 140*us},
				{"killed-in-flight", 9, Likely, 8 * ms, 8*ms + 999*us},
			},
		},
		{
			name: "no mark of the removal", requests: reporttest.AbruptRequests(), marks: without(reporttest.AbruptMarks(), record.MarkEndpointRemoved),
			want: []want{{"connections-refused", 244, CannotTell, 51*ms + 909*us, 0}, {"killed-in-flight", 9, Likely, 8 * ms, 8*ms + 999*us}},
		},
		{
			name: "no mark of the termination", requests: reporttest.AbruptRequests(), marks: without(reporttest.AbruptMarks(), record.MarkTerminating),
			want: []want{{"connections-refused", 244, CannotTell, 51*ms + 909*us, 0}, {"killed-in-flight", 9, Likely, 8 * ms, 8*ms + 999*us}},
		},
		{
			name: "no mark of the end of accepting", requests: reporttest.AbruptRequests(), marks: without(reporttest.AbruptMarks(), record.MarkExited),
			want: []want{{"connections-refused", 244, CannotTell, 51*ms + 909*us, 0}, {"cut-in-flight", 9, CannotTell, 8 * ms, 8*ms + 999*us}},
		},
		{
			name: "no marks at all", requests: reporttest.AbruptRequests(),
			want: []want{{"connections-refused", 244, CannotTell, 51*ms + 909*us, 0}, {"cut-in-flight", 9, CannotTell, 8 * ms, 8*ms + 999*us}},
		},
		{
			name: "replicas behind one address", marks: reporttest.AbruptMarks(),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(620*ms, 621*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"listener-closed-before-removal", 1, Likely, 652*ms + 550*us - 600*ms, 53*ms + 140*us}},
		},
		{
			name:     "taken out by a control plane, behind one address",
			marks:    takenOut(&record.Shutdown{PreStop: "sleep 1s"}),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(1620*ms, 1621*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText), reporttest.Lost(500*ms, 501*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"baseline-not-healthy", 1, Shown, 0, 0}, {"balancer-heard-late", 1, Likely, ms, 1020*ms + 990*us}},
		},
		{
			name:     "the same, and how the endpoints go is not known",
			marks:    takenOut(nil),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(1620*ms, 1621*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"balancer-heard-late", 1, Likely, ms, 1020*ms + 990*us}},
		},
		{
			name: "refused while the pre-stop hook keeps it from stopping",
			marks: slices.Concat(set(at(record.MarkTerminating)(600*ms, "gw-2"), &record.Shutdown{PreStop: "sleep 10s", Grace: 30_000 * ms}),
				at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(10_700*ms, "gw-2")),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(760*ms, 761*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"connections-refused", 1, CannotTell, ms, 0}},
		},
		{
			name:     "the same, without a pre-stop hook",
			marks:    takenOut(&record.Shutdown{Grace: 30_000 * ms}),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(1620*ms, 1621*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"pre-stop-missing", 1, Likely, ms, 1020*ms + 990*us}},
		},
		{
			name: "sent to the addresses of pods",
			marks: addressed(slices.Concat(
				at(record.MarkTerminating)(600*ms, "gw-2", "gw-3"), at(record.MarkEndpointGoes)(610*ms, "gw-2", "gw-3"), exit(620*ms, "gw-2"), exit(900*ms, "gw-3"),
			), map[string]string{"gw-2": "10.0.0.2", "gw-3": "10.0.0.3"}),
			requests: append(slices.Concat(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Steady(600, 0, ms, "10.0.0.2:80"), reporttest.Steady(880, 0, ms, "10.0.0.3:80")),
				reporttest.Lost(700*ms, 701*ms, "connect.refused", "10.0.0.2:80", reporttest.RefusedText),
				reporttest.Lost(701*ms, 702*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText), // this endpoint was not told to leave
				reporttest.Lost(890*ms, 900*ms, "wait.eof", "10.0.0.3:80", reporttest.EOFText),
				reporttest.Lost(610*ms, 620*ms, "wait.eof", "10.0.0.3:80", reporttest.EOFText)), // another endpoint exited then
			want: []want{
				{"balancer-heard-late", 1, Likely, ms, 101 * ms},
				{"connections-refused", 1, CannotTell, ms, 0},
				{"killed-in-flight", 1, Shown, 10 * ms, 10 * ms},
				{"cut-in-flight", 1, CannotTell, 10 * ms, 10 * ms},
			},
		},
		{
			name: "one after the other, behind one address",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"),
				set(at(record.MarkTerminating)(1600*ms, "gw-3"), none), at(record.MarkEndpointDropped)(1620*ms, "gw-3"),
			),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(604*ms, 605*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText), reporttest.Lost(1650*ms, 1651*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"pre-stop-missing", 2, Likely, 1047 * ms, 51 * ms}},
		},
		{
			name: "the same, with hooks: the older one may have refused when its hook had ended",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), &record.Shutdown{PreStop: "sleep 1s"}), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(1640*ms, "gw-2"),
				set(at(record.MarkTerminating)(1630*ms, "gw-3"), &record.Shutdown{PreStop: "sleep 1s"}), at(record.MarkEndpointDropped)(1640*ms, "gw-3"),
			),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(1650*ms, 1651*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"balancer-heard-late", 1, Likely, ms, 1051 * ms}},
		},
		{
			name: "behind one address, long after the last one was gone",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(700*ms, "gw-2"),
			),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(1650*ms, 1651*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"connections-refused", 1, CannotTell, ms, 0}},
		},
		{
			name: "behind one address, to the end of the load",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(2000*ms, "gw-2"),
			),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(1998*ms, 1999*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"pre-stop-missing", 1, CannotTell, ms, 0}},
		},
		{
			name: "behind one address, scaled to none: the kernel refuses now and then",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(700*ms, "gw-2"),
			),
			requests: append(reporttest.Steady(600, 0, ms, "10.0.0.1:80"),
				reporttest.Lost(601*ms, 602*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText),
				reporttest.Lost(602*ms, 1602*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText),
				reporttest.Lost(1602*ms, 2602*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want: []want{{"pre-stop-missing", 3, CannotTell, 2001 * ms, 0}},
		},
		{
			name: "taken out for another reason before",
			marks: slices.Concat(
				at(record.MarkNotReady)(100*ms, "gw-2"), set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointRemoved)(650*ms, "gw-3"),
			),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(610*ms, 611*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"connections-refused", 1, CannotTell, ms, 0}},
		},
		{
			name:     "killed at the end of its grace, which is the least",
			marks:    slices.Concat(at(record.MarkTerminating)(150*ms, "gw-2"), killing(1150*ms, "gw-2"), exit(1150*ms, "gw-2")),
			requests: append(slices.Clone(fleet), reporttest.Lost(180*ms, 1150*ms, "wait.eof", "gw-2", reporttest.EOFText)),
			want:     []want{{"grace-too-short", 1, Shown, 970 * ms, 1000 * ms}},
		},
		{
			name:     "killed at the end of its grace, with requests that came after its begin",
			marks:    slices.Concat(at(record.MarkTerminating)(150*ms, "gw-2"), killing(1150*ms, "gw-2"), exit(1150*ms, "gw-2")),
			requests: append(slices.Clone(fleet), reporttest.Lost(1140*ms, 1150*ms, "wait.eof", "gw-2", reporttest.EOFText)),
			want:     []want{{"grace-too-short", 1, Shown, 10 * ms, 0}},
		},
		{
			name:     "killed at the end of its grace, behind one address",
			marks:    slices.Concat(killing(1000*ms, "gw-2"), exit(1000*ms, "gw-2")),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(100*ms, 1000*ms, "wait.eof", "10.0.0.1:80", reporttest.EOFText)),
			want:     []want{{"grace-too-short", 1, Likely, 900 * ms, 900 * ms}},
		},
		{
			name:     "another's end is nearer than that of one that was killed",
			marks:    slices.Concat(exit(1000*ms, "gw-3"), killing(1020*ms, "gw-2"), exit(1020*ms, "gw-2")),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(100*ms, 1000*ms, "wait.eof", "10.0.0.1:80", reporttest.EOFText)),
			want:     []want{{"killed-in-flight", 1, Likely, 900 * ms, 900 * ms}, {"killed-at-the-end-of-grace", 0, Shown, 0, 0}},
		},
		{
			name: "killed, and told of by a control plane a second later",
			marks: addressed(slices.Concat(
				at(record.MarkTerminating)(150*ms, "gw-2"), killing(1900*ms, "gw-2"), exit(1900*ms, "gw-2"),
			), map[string]string{"gw-2": "10.0.0.2"}),
			requests: append(reporttest.Steady(2000, 0, ms, "10.0.0.1:80"), reporttest.Lost(160*ms, 900*ms, "wait.eof", "10.0.0.2:80", reporttest.EOFText)),
			want:     []want{{"grace-too-short", 1, Likely, 740 * ms, 1750 * ms}},
		},
		{
			name: "killed at the end of its grace", marks: slices.Concat(killing(1000*ms, "gw-2"), exit(1000*ms, "gw-2")),
			requests: append(slices.Clone(fleet), reporttest.Lost(100*ms, 1000*ms, "wait.eof", "gw-2", reporttest.EOFText)),
			want:     []want{{"grace-too-short", 1, Shown, 900 * ms, 900 * ms}},
		},
		{
			name: "killed at the end of its grace, with nothing open", marks: slices.Concat(killing(1000*ms, "gw-2"), exit(1000*ms, "gw-2")),
			requests: fleet,
			want:     []want{{"killed-at-the-end-of-grace", 0, Shown, 0, 0}},
		},
		{
			name: "refused long after the removal", marks: reporttest.AbruptMarks(),
			requests: append(slices.Clone(fleet), reporttest.Lost(1500*ms, 1501*ms, "connect.refused", "gw-3", reporttest.RefusedText)),
			want:     []want{{"connections-refused", 1, CannotTell, ms, 0}},
		},
		{
			name: "killed at the end of a long request", marks: exit(1000*ms, "gw-2"),
			requests: append(slices.Clone(fleet), reporttest.Lost(100*ms, 1000*ms, "wait.eof", "gw-2", reporttest.EOFText)),
			want:     []want{{"killed-in-flight", 1, Shown, 900 * ms, 900 * ms}},
		},
		{
			name:  "cut at the signal by workers, before their parent exits",
			marks: slices.Concat(at(record.MarkSignalled)(600*ms, "gw-2"), exit(700*ms, "gw-2")),
			requests: append(slices.Concat(reporttest.Steady(2000, 0, ms, "gw-1"), reporttest.Steady(600, 0, ms, "gw-2")),
				reporttest.Lost(590*ms, 602*ms, "wait.reset", "gw-2", reporttest.ResetText), reporttest.Lost(560*ms, 603*ms, "body.eof", "gw-2", reporttest.CutText)),
			want: []want{{"cut-at-signal", 2, Likely, 43 * ms, 43 * ms}},
		},
		{
			name:  "cut at the signal, by a process that served on",
			marks: slices.Concat(at(record.MarkSignalled)(600*ms, "gw-2"), exit(700*ms, "gw-2")),
			requests: append(slices.Concat(reporttest.Steady(2000, 0, ms, "gw-1"), reporttest.Steady(640, 0, ms, "gw-2")),
				reporttest.Lost(590*ms, 602*ms, "wait.reset", "gw-2", reporttest.ResetText)),
			want: []want{{"cut-in-flight", 1, CannotTell, 12 * ms, 12 * ms}},
		},
		{
			name: "cut with no exit near", marks: exit(1000*ms, "gw-2"),
			requests: append(slices.Clone(fleet), reporttest.Lost(100*ms, 400*ms, "body.eof", "gw-3", reporttest.CutText)),
			want:     []want{{"baseline-not-healthy", 1, Shown, 0, 0}},
		},
		{
			name: "a kept-alive connection closed without notice",
			requests: append(slices.Clone(fleet),
				reporttest.Request{Start: 500 * ms, End: 500*ms + 40*us, Fate: record.FateLost, Class: "wait.eof", Endpoint: "gw-2", Reused: true, Sample: reporttest.EOFText}),
			want: []want{{"kept-alive-closed-without-notice", 1, Likely, 0, 0}},
		},
		{
			name: "a kept-alive connection cut after a while",
			requests: append(slices.Clone(fleet),
				reporttest.Request{Start: 500 * ms, End: 600 * ms, Fate: record.FateLost, Class: "wait.eof", Endpoint: "gw-2", Reused: true, Sample: reporttest.EOFText}),
			want: []want{{"kept-alive-closed-without-notice", 1, CannotTell, 0, 0}},
		},
		{
			name: "reset in the accept queue",
			marks: []record.Mark{
				{Kind: record.MarkListenerClosed, Endpoint: "gw-2", Start: 500 * ms, End: 500 * ms},
				{Kind: record.MarkExited, Endpoint: "gw-2", Start: 900 * ms, End: 900 * ms},
			},
			requests: append(slices.Clone(fleet), reporttest.Lost(499*ms, 501*ms, "wait.reset", "gw-2", reporttest.ResetText)),
			want:     []want{{"accept-queue-reset", 1, Likely, 0, 0}},
		},
		{
			name: "black hole of a second, given up after three",
			requests: append(slices.Clone(fleet),
				reporttest.Lost(500*ms, 3500*ms, "connect.timeout", "gw-2", ""), reporttest.Lost(1500*ms, 4500*ms, "connect.timeout", "gw-2", "")),
			want: []want{{"packets-dropped", 2, Likely, 1000 * ms, 0}},
		},
		{
			name:     "handshake cut, no marks",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "tls.eof", "gw-2", reporttest.EOFText)),
			want:     []want{{"tls-cut", 1, CannotTell, ms, 0}},
		},
		{
			name: "handshake cut while the endpoint was going", marks: reporttest.AbruptMarks(),
			requests: append(slices.Clone(fleet), reporttest.Lost(620*ms, 621*ms, "tls.reset", "gw-2", reporttest.ResetText)),
			want:     []want{{"tls-cut", 1, Shown, ms, 53*ms + 140*us}},
		},
		{
			name:     "certificate refused",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "tls.rejected", "gw-2", "x509")),
			want:     []want{{"tls-refused", 1, Likely, 0, 0}},
		},
		{
			name:     "name gone",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "dns.not-found", "", "no such host"), reporttest.Lost(700*ms, 701*ms, "dns.not-found", "", "no such host")),
			want:     []want{{"name-lost", 2, Likely, 201 * ms, 0}},
		},
		{
			name:     "proxy down",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "proxy.refused", "", "proxyconnect")),
			want:     []want{{"proxy-failed", 1, Likely, 0, 0}},
		},
		{
			name:     "firewall",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "connect.rejected", "gw-2", "permission denied")),
			want:     []want{{"firewall-refused", 1, Shown, 0, 0}},
		},
		{
			name:     "hung",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 20500*ms, "wait.timeout", "gw-2", "")),
			want:     []want{{"hung", 1, CannotTell, 0, 0}},
		},
		{
			name:     "malformed",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "head.malformed", "gw-2", "malformed")),
			want:     []want{{"malformed-answer", 1, Shown, 0, 0}},
		},
		{
			name:     "what no rule knows",
			requests: append(slices.Clone(fleet), reporttest.Lost(500*ms, 501*ms, "wait.other", "gw-2", "odd")),
			want:     []want{{"unexplained", 1, CannotTell, 0, 0}},
		},
		// A failure of another class continues the outage.
		{
			name: "behind one address, scaled to none: attempts go unanswered after the refusals",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(700*ms, "gw-2"),
			),
			requests: slices.Concat(reporttest.Steady(600, 0, ms, "10.0.0.1:80"),
				failing(610*ms, 692*ms, 2*ms, ms, "connect.refused", "10.0.0.1:80"),
				failing(700*ms, 3620*ms, 20*ms, 1000*ms, "connect.timeout", "10.0.0.1:80")),
			want:  []want{{"packets-dropped", 147, Likely, 2920 * ms, 0}, {"pre-stop-missing", 42, CannotTell, 83 * ms, 0}},
			never: []string{"until 92", "120ms"},
		},
		{
			name: "behind one address, scaled to none: what stays answers with an error",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(700*ms, "gw-2"),
			),
			requests: slices.Concat(reporttest.Steady(600, 0, ms, "10.0.0.1:80"),
				failing(610*ms, 692*ms, 2*ms, ms, "connect.refused", "10.0.0.1:80"),
				failing(700*ms, 3620*ms, 20*ms, ms, "status.503", "10.0.0.1:80")),
			want:  []want{{"error-answered", 147, CannotTell, 2920 * ms, 0}, {"pre-stop-missing", 42, CannotTell, 83 * ms, 0}},
			never: []string{"until 92", "120ms"},
		},
		{
			name: "sent to the address of a pod: refused while its process is gone, unanswered while its address is",
			marks: addressed(slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(700*ms, "gw-2"),
			), map[string]string{"gw-2": "10.0.0.2"}),
			requests: slices.Concat(reporttest.Steady(600, 0, ms, "10.0.0.2:80"), reporttest.Steady(5000, 0, ms, "10.0.0.1:80"),
				failing(610*ms, 692*ms, 2*ms, ms, "connect.refused", "10.0.0.2:80"),
				failing(720*ms, 2620*ms, 20*ms, 1000*ms, "connect.timeout", "10.0.0.2:80")),
			want: []want{{"packets-dropped", 96, Likely, 1900 * ms, 0}, {"pre-stop-missing", 42, Likely, 83 * ms, 2020 * ms}},
			says: []string{"until 2.020 s after termination began", "got no reply"},
		},
		// Which endpoint it was.
		{
			name: "without a hook, one after the other: the first one drained, and may refuse when it is done",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(1600*ms, "gw-2"),
				set(at(record.MarkTerminating)(1590*ms, "gw-3"), none), at(record.MarkEndpointGoes)(1600*ms, "gw-3"), exit(2700*ms, "gw-3"),
			),
			requests: append(reporttest.Steady(4000, 0, ms, "10.0.0.1:80"), failing(1605*ms, 1658*ms, ms, ms, "connect.refused", "10.0.0.1:80")...),
			want:     []want{{"pre-stop-missing", 54, Likely, 54 * ms, 1059 * ms}},
			says:     []string{"until 69.0 ms to 1.059 s after termination began"},
		},
		{
			name:  "a kept-alive connection closed shortly before the exit, by a process that lived on",
			marks: slices.Concat(at(record.MarkSignalled)(999*ms, "gw-2"), at(record.MarkListenerClosed)(999*ms+500*us, "gw-2"), exit(1040*ms, "gw-2")),
			requests: slices.Concat(reporttest.Steady(1020, 0, ms, "gw-2"), reporttest.Steady(2000, 0, ms, "gw-1"),
				[]reporttest.Request{reused(reporttest.Lost(1000*ms, 1000*ms+40*us, "wait.eof", "gw-2", reporttest.EOFText))}),
			want: []want{{"kept-alive-closed-without-notice", 1, Likely, 0, 0}},
		},
		{
			name:  "a kept-alive connection closed as its process exits",
			marks: exit(1040*ms, "gw-2"),
			requests: slices.Concat(reporttest.Steady(900, 0, ms, "gw-2"), reporttest.Steady(2000, 0, ms, "gw-1"),
				[]reporttest.Request{reused(reporttest.Lost(1038*ms, 1038*ms+40*us, "wait.eof", "gw-2", reporttest.EOFText))}),
			want: []want{{"killed-in-flight", 1, Likely, 40 * us, 8*ms + 999*us}},
			says: []string{"kept-alive"},
		},
		{
			name:  "a kept-alive connection closed long before a control plane tells of the exit",
			marks: addressed(slices.Concat(at(record.MarkTerminating)(600*ms, "gw-2"), exit(2600*ms, "gw-2")), map[string]string{"gw-2": "10.0.0.2"}),
			requests: slices.Concat(reporttest.Steady(600, 0, ms, "10.0.0.2:80"), reporttest.Steady(4000, 0, ms, "10.0.0.1:80"),
				[]reporttest.Request{reused(reporttest.Lost(700*ms, 700*ms+40*us, "wait.eof", "10.0.0.2:80", reporttest.EOFText))}),
			want: []want{{"kept-alive-closed-without-notice", 1, Likely, 0, 0}},
		},
		{
			name:     "cut for longer than any answer took: how long it would have needed is not known",
			marks:    exit(1000*ms, "gw-2"),
			requests: append(slices.Clone(fleet), reporttest.Lost(100*ms, 1000*ms, "wait.eof", "gw-2", reporttest.EOFText)),
			want:     []want{{"killed-in-flight", 1, Shown, 900 * ms, 900 * ms}},
			says:     []string{"longer than any response of the run took", "more than 900ms to finish"},
		},
		{
			name:     "cut, and nothing was answered",
			requests: []reporttest.Request{reporttest.Lost(100*ms, 1000*ms, "wait.eof", "gw-2", reporttest.EOFText)},
			want:     []want{{"cut-in-flight", 1, CannotTell, 900 * ms, 900 * ms}},
			says:     []string{"no request of the run got a response"},
			never:    []string{"longer than any response"},
		},
		// Endpoints that exit unasked.
		{
			name:     "crashed: cut at its moment, refused until it is back",
			marks:    slices.Concat(at(record.MarkCrashed)(1000*ms, "gw-2"), at(record.MarkReady)(1200*ms, "gw-2")),
			requests: append(slices.Clone(fleet), reporttest.Lost(990*ms, 1000*ms, "wait.eof", "gw-2", reporttest.EOFText), reporttest.Lost(1100*ms, 1101*ms, "connect.refused", "gw-2", reporttest.RefusedText), reporttest.Lost(1700*ms, 1701*ms, "connect.refused", "gw-2", reporttest.RefusedText)),
			want:     []want{{"crashed", 2, Shown, 101 * ms, 0}, {"connections-refused", 1, CannotTell, ms, 0}},
			says:     []string{"gw-2 crashed"},
		},
		{
			name: "crashed, behind one address, while another was leaving",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(700*ms, "gw-2"),
				at(record.MarkCrashed)(1500*ms, "gw-3"), at(record.MarkReady)(1800*ms, "gw-3"),
			),
			requests: append(reporttest.Steady(4000, 0, ms, "10.0.0.1:80"),
				reporttest.Lost(1490*ms, 1500*ms, "wait.eof", "10.0.0.1:80", reporttest.EOFText), reporttest.Lost(1510*ms, 1511*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want: []want{{"crashed", 2, Likely, 11 * ms, 0}},
		},
		{
			name: "crashed, behind one address, just as another left",
			marks: slices.Concat(
				set(at(record.MarkTerminating)(1500*ms, "gw-2"), none), at(record.MarkEndpointGoes)(1510*ms, "gw-2"), exit(1600*ms, "gw-2"),
				at(record.MarkCrashed)(1500*ms, "gw-3"), at(record.MarkReady)(1800*ms, "gw-3"),
			),
			requests: append(reporttest.Steady(4000, 0, ms, "10.0.0.1:80"), reporttest.Lost(1510*ms, 1511*ms, "connect.refused", "10.0.0.1:80", reporttest.RefusedText)),
			want:     []want{{"pre-stop-missing", 1, CannotTell, ms, 11 * ms}},
			says:     []string{"gw-3 crashed"},
		},
		{
			name:  "crashed, behind one address, and refused long after, with errors all the time",
			marks: at(record.MarkCrashed)(1000*ms, "gw-3"),
			requests: slices.Concat(reporttest.Steady(3000, 0, ms, "10.0.0.1:80"), failing(0, 2900*ms, 20*ms, ms, "status.500", "10.0.0.1:80"),
				failing(2000*ms, 2010*ms, ms, ms, "connect.refused", "10.0.0.1:80")),
			want:  []want{{"baseline-not-healthy", 146, Shown, 0, 0}, {"connections-refused", 11, CannotTell, 11 * ms, 0}},
			never: []string{"lost when gw-3"},
		},
		{
			name:     "what serves the gateways crashed: they answer with errors",
			marks:    at(record.MarkCrashed)(1000*ms, "backend"),
			requests: append(slices.Clone(fleet), failing(1010*ms, 1500*ms, 10*ms, ms, "status.502", "gw-2")...),
			want:     []want{{"error-answered", 50, CannotTell, 490 * ms, 0}},
			says:     []string{"backend crashed at 1.000 s", "fix the crash first"},
		},
		{
			name:     "errors that were over before something crashed",
			marks:    slices.Concat(at(record.MarkTerminating)(100*ms, "gw-9"), at(record.MarkCrashed)(1900*ms, "backend")),
			requests: append(slices.Clone(fleet), failing(1010*ms, 1500*ms, 10*ms, ms, "status.502", "gw-2")...),
			want:     []want{{"error-answered", 50, CannotTell, 490 * ms, 0}},
			never:    []string{"crashed"},
		},
		// Whose lifecycle it was.
		{
			name: "a new pod of the same name does not change the old one's life",
			marks: slices.Concat(
				addressed(slices.Concat(at(record.MarkTerminating)(600*ms, "web-0"), at(record.MarkEndpointGoes)(610*ms, "web-0"), exit(620*ms, "web-0")), map[string]string{"web-0": "10.0.0.2"}),
				addressed(slices.Concat(at(record.MarkReady)(700*ms, "web-0"), at(record.MarkNotReady)(2500*ms, "web-0")), map[string]string{"web-0": "10.0.0.3"}),
			),
			requests: slices.Concat(reporttest.Steady(600, 0, ms, "10.0.0.2:80"), reporttest.Steady(4000, 0, ms, "10.0.0.3:80"),
				failing(640*ms, 800*ms, 10*ms, ms, "connect.refused", "10.0.0.2:80")),
			want: []want{{"balancer-heard-late", 17, Likely, 161 * ms, 201 * ms}},
		},
		{
			name: "an address that is used again: not the doing of the pod that is gone",
			marks: slices.Concat(
				addressed(slices.Concat(at(record.MarkTerminating)(600*ms, "gw-2"), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(620*ms, "gw-2")), map[string]string{"gw-2": "10.0.0.2"}),
				addressed(at(record.MarkReady)(900*ms, "gw-7"), map[string]string{"gw-7": "10.0.0.2"}),
			),
			requests: append(reporttest.Steady(4000, 0, ms, "10.0.0.2:80"), reporttest.Lost(2500*ms, 2501*ms, "connect.refused", "10.0.0.2:80", reporttest.RefusedText)),
			want:     []want{{"connections-refused", 1, CannotTell, ms, 0}},
			never:    []string{"after termination began"},
		},
		{
			name: "killed late in its grace, while another ended by itself: both are told late",
			marks: addressed(slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), &record.Shutdown{Grace: 5800 * ms}), at(record.MarkTerminating)(1000*ms, "gw-3"),
				killing(6000*ms, "gw-2"), exit(6000*ms, "gw-2"), exit(6200*ms, "gw-3"),
			), map[string]string{"gw-2": "10.0.0.2", "gw-3": "10.0.0.3"}),
			requests: append(reporttest.Steady(7000, 0, ms, "10.96.0.1:80"),
				reporttest.Lost(4250*ms, 4300*ms, "wait.eof", "10.96.0.1:80", reporttest.EOFText), // before the grace period was over
				reporttest.Lost(900*ms, 5600*ms, "wait.eof", "10.96.0.1:80", reporttest.EOFText)),
			want: []want{{"grace-too-short", 1, CannotTell, 4700 * ms, 0}, {"killed-in-flight", 1, Likely, 50 * ms, 50 * ms}},
			says: []string{"gw-3"},
		},
		// What the finding says.
		{
			name: "refused before the control plane had taken it out",
			marks: addressed(slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), &record.Shutdown{PreStop: "drain"}), at(record.MarkEndpointGoes)(900*ms, "gw-2"), exit(1600*ms, "gw-2"),
			), map[string]string{"gw-2": "10.0.0.2"}),
			requests: slices.Concat(reporttest.Steady(600, 0, ms, "10.0.0.2:80"), reporttest.Steady(4000, 0, ms, "10.0.0.1:80"),
				failing(650*ms, 700*ms, 10*ms, ms, "connect.refused", "10.0.0.2:80")),
			want:  []want{{"balancer-heard-late", 6, Likely, 51 * ms, 300 * ms}},
			says:  []string{"before the control plane removed"},
			never: []string{"that the control plane had removed"},
		},
		{
			name: "refused before any termination",
			marks: slices.Concat(
				addressed(slices.Concat(at(record.MarkNotReady)(100*ms, "gw-5"), at(record.MarkTerminating)(600*ms, "gw-2"), at(record.MarkEndpointGoes)(610*ms, "gw-2")), map[string]string{"gw-2": "10.0.0.2", "gw-5": "10.0.0.5"}),
			),
			requests: append(reporttest.Steady(2000, 0, ms, "10.96.0.1:80"), reporttest.Lost(560*ms, 561*ms, "connect.refused", "10.96.0.1:80", reporttest.RefusedText)),
			want:     []want{{"connections-refused", 1, CannotTell, ms, 0}},
			never:    []string{"after termination began"},
		},
		{
			name: "killed at the end of its grace, having closed its listener",
			marks: slices.Concat(
				at(record.MarkTerminating)(150*ms, "gw-2"), at(record.MarkListenerClosed)(160*ms, "gw-2"), killing(1150*ms, "gw-2"), exit(1150*ms, "gw-2"),
			),
			requests: append(slices.Clone(fleet), reused(reporttest.Lost(1100*ms, 1150*ms, "wait.eof", "gw-2", reporttest.EOFText))),
			want:     []want{{"grace-too-short", 1, Shown, 50 * ms, 0}},
			says:     []string{"the process kept accepting requests on open connections"},
			never:    []string{"kept accepting connections"},
		},
		{
			name:     "lost just before the first mark, which is late",
			marks:    addressed(slices.Concat(exit(1000*ms, "gw-2"), at(record.MarkEndpointDropped)(1010*ms, "gw-2")), map[string]string{"gw-2": "10.0.0.2"}),
			requests: append(reporttest.Steady(2000, 0, ms, "10.96.0.1:80"), reporttest.Lost(490*ms, 500*ms, "wait.eof", "10.96.0.1:80", reporttest.EOFText)),
			want:     []want{{"killed-in-flight", 1, Likely, 10 * ms, 10 * ms}},
			never:    []string{"before anything was done"},
		},
		{
			name:     "killed, and the losses were before the event",
			marks:    slices.Concat([]record.Mark{{Kind: record.MarkStep, Name: "stop", Start: 990 * ms, End: 995 * ms}}, killing(1000*ms, "gw-2"), exit(1000*ms, "gw-2")),
			requests: append(slices.Clone(fleet), reporttest.Lost(970*ms, 980*ms, "wait.eof", "gw-2", reporttest.EOFText)),
			want:     []want{{"baseline-not-healthy", 1, Shown, 0, 0}, {"killed-at-the-end-of-grace", 0, Shown, 0, 0}},
		},
		{
			name: "an endpoint that goes on accepting refuses now and then",
			marks: addressed(slices.Concat(
				set(at(record.MarkTerminating)(600*ms, "gw-2"), none), at(record.MarkEndpointGoes)(610*ms, "gw-2"), exit(3600*ms, "gw-2"),
			), map[string]string{"gw-2": "10.0.0.2"}),
			requests: append(reporttest.Steady(3500, 0, ms, "10.0.0.2:80"), reporttest.Lost(700*ms, 701*ms, "connect.refused", "10.0.0.2:80", reporttest.RefusedText)),
			want:     []want{{"connections-refused", 1, CannotTell, ms, 0}},
		},
		{
			name:     "nothing listens",
			requests: []reporttest.Request{reporttest.Lost(0, ms, "connect.refused", "gw-1", reporttest.RefusedText), reporttest.Lost(ms, 2*ms, "connect.refused", "gw-1", reporttest.RefusedText)},
			want:     []want{{"connections-refused", 2, Likely, 2 * ms, 0}},
		},
		{
			name:     "this machine failed",
			requests: append(slices.Clone(fleet), reporttest.Request{Start: ms, End: 2 * ms, Fate: record.FateSpoiled, Class: "client.ports", Sample: reporttest.PortsText}),
			want:     []want{{"client-exhausted", 0, Shown, 0, 0}},
		},
		{
			name: "the load ended before the event", requests: fleet, marks: reporttest.GracefulMarks(5000 * ms),
			want: []want{{"load-ended-early", 0, Shown, 5000*ms + 400*us - 1995*ms, 0}},
		},
		{
			name: "steps without consequences", requests: fleet, marks: []record.Mark{reporttest.Step("graceful", 700*ms)},
			want: []want{{"event-not-seen", 0, Shown, 0, 0}},
		},
		{
			name: "too little load", requests: reporttest.Steady(10, 0, 200*ms, reporttest.Replicas(1, 10)...), marks: reporttest.GracefulMarks(1108 * ms),
			want: []want{{"too-little-exposure", 0, Shown, 5424999 * us, 0}},
		},
		{name: "nothing lost, and enough seen", requests: reporttest.GracefulRequests(), marks: reporttest.GracefulMarks(1108 * ms)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) { run.Marks = slices.Clone(tt.marks) }))
			var got []want
			text := ""
			for _, f := range found(run) {
				got = append(got, want{f.Rule, f.Lost, f.Confidence, f.Measured, f.Needed})
				text += f.text()
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %v\nwant %v", got, tt.want)
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
		})
	}
}

// failing returns requests that fail one after the other, each after the same
// time.
func failing(from, to, gap, took int64, class, endpoint string) []reporttest.Request {
	var list []reporttest.Request
	for at := from; at <= to; at += gap {
		q := reporttest.Lost(at, at+took, class, endpoint, "")
		if strings.HasPrefix(class, "status.") {
			q.Status = 503
		}
		list = append(list, q)
	}
	return list
}

func reused(q reporttest.Request) reporttest.Request {
	q.Reused = true
	return q
}

// text returns everything that a finding says.
func (f *Finding) text() string {
	lines := append([]string{f.Title}, f.Evidence...)
	for _, r := range f.Remedies {
		lines = append(lines, r.Where+": "+r.Setting)
	}
	return strings.Join(lines, "\n") + "\n"
}

var negative = regexp.MustCompile(`(^|[ (])-\d`)

// TestFindingsPartitionTheLosses: each loss belongs to one finding.
func TestFindingsPartitionTheLosses(t *testing.T) {
	for seed := range int64(2000) {
		rng := rand.New(rand.NewSource(seed))
		var marks []record.Mark
		kinds := []record.MarkKind{
			record.MarkTerminating, record.MarkSignalled, record.MarkListenerClosed, record.MarkExited,
			record.MarkEndpointRemoved, record.MarkReady, record.MarkCrashed, record.MarkNote, record.MarkStep,
			record.MarkKilled, record.MarkNotReady, record.MarkEndpointGoes, record.MarkEndpointDropped, record.MarkConnectionsCut,
		}
		ways := []*record.Shutdown{nil, {}, {PreStop: "exec sleep 5", Grace: 30_000 * ms}}
		for range rng.Intn(40) {
			kind, at := kinds[rng.Intn(len(kinds))], rng.Int63n(4000*ms)
			address := []string{"", "", "10.0.0.1", "10.0.0.2"}[rng.Intn(4)]
			marks = append(marks, record.Mark{Kind: kind, Name: "mark", Endpoint: fmt.Sprintf("gw-%d", 1+rng.Intn(6)), Address: address, Start: at, End: at, Shutdown: ways[rng.Intn(len(ways))]})
		}
		run := reporttest.NewRun(t, reporttest.RandomRequests(rng), reporttest.Edited(func(run *record.Run) { run.Marks = marks }))
		var lost int64
		for _, f := range found(run) {
			lost += f.Lost
			if f.Title == "" || f.Rule == "" || f.Confidence == "" || f.Measured < 0 || f.Needed < 0 {
				t.Errorf("seed %d: half a finding: %+v", seed, f)
			}
			if negative.MatchString(f.text()) {
				t.Errorf("seed %d: a negative number: %s", seed, f.text())
			}
			if f.Lost > 0 && len(f.Evidence) == 0 {
				t.Errorf("seed %d: no evidence: %+v", seed, f)
			}
		}
		if lost != run.Counts.Lost {
			t.Errorf("seed %d: got %d lost in findings; want %d", seed, lost, run.Counts.Lost)
		}
	}
}

// TestOneMarkAway: without the mark that proves it, for one endpoint, the
// losses of that endpoint, and only these, become "cannot tell".
func TestOneMarkAway(t *testing.T) {
	for _, kind := range []record.MarkKind{record.MarkTerminating, record.MarkExited, record.MarkEndpointRemoved} {
		marks := slices.DeleteFunc(reporttest.AbruptMarks(), func(m record.Mark) bool { return m.Kind == kind && m.Endpoint == "gw-4" })
		run := reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Variant("abrupt", marks))
		var told, unlisted int64
		for _, f := range found(run) {
			switch f.Rule {
			case "listener-closed-before-removal":
				told = f.Lost
			case "connections-refused":
				unlisted = f.Lost
				if f.Confidence != CannotTell || f.Needed != 0 {
					t.Errorf("without %s: got %+v; want it without a number, and \"cannot tell\"", kind, f)
				}
			}
		}
		if told != 217 || unlisted != 27 {
			t.Errorf("without %s of gw-4: got %d explained, %d unlisted; want 217 and 27", kind, told, unlisted)
		}
	}
}

// TestRestartInPlace: an endpoint that leaves twice has two lifecycles, and
// each loss belongs to the one it falls into.
func TestRestartInPlace(t *testing.T) {
	way := func(at int64) []record.Mark {
		mark := func(kind record.MarkKind, at int64) record.Mark {
			return record.Mark{Kind: kind, Name: kind.Of("gw-1"), Endpoint: "gw-1", Start: at, End: at}
		}
		return []record.Mark{mark(record.MarkTerminating, at), mark(record.MarkExited, at+10*ms), mark(record.MarkEndpointRemoved, at+200*ms), mark(record.MarkReady, at+300*ms)}
	}
	list := append(reporttest.Steady(3000, 0, ms, "gw-1", "gw-2"),
		reporttest.Lost(600*ms, 601*ms, "connect.refused", "gw-1", reporttest.RefusedText), reporttest.Lost(2100*ms, 2101*ms, "connect.refused", "gw-1", reporttest.RefusedText))
	run := reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) { run.Marks = slices.Concat(way(500*ms), way(2000*ms)) }))
	findings := found(run)
	if len(findings) != 1 || findings[0].Lost != 2 || findings[0].Needed != 200*ms || findings[0].Measured != 190*ms {
		t.Errorf("got %+v; want both losses in one finding of 190 ms", findings)
	}
}

// TestUntil: endpoints behind one address leave one after the other and lose
// requests all the time, so the propagation delay is known only within bounds.
func TestUntil(t *testing.T) {
	var marks []record.Mark
	for i, name := range []string{"gw-2", "gw-3"} {
		at := 600*ms + int64(i)*200*ms
		marks = append(marks, record.Mark{Kind: record.MarkTerminating, Endpoint: name, Start: at, End: at}, record.Mark{Kind: record.MarkEndpointGoes, Endpoint: name, Start: at + ms, End: at + ms})
	}
	list := reporttest.Steady(2000, 0, ms, "10.0.0.1:80")
	for at := 610 * ms; at <= 1000*ms; at += 10 * ms {
		list = append(list, reporttest.Lost(at-ms, at, "connect.refused", "10.0.0.1:80", reporttest.RefusedText))
	}
	f := found(reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) { run.Marks = marks })))[0]
	if !strings.Contains(f.Title, "until 200.0 ms to 400.0 ms after termination began") || f.Needed != 400*ms {
		t.Errorf("got %+v", f)
	}
}
