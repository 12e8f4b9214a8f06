package shape

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
	"nodrop/report/reporttest"
)

// overHTTP2 is an edit that makes requests share connections.
func overHTTP2(run *record.Run) {
	run.HTTP2 = &ledger.HTTP2{H2: 3, Streams: 1000, MostStreams: 20}
	run.Phases.Connect = record.Latency{}
	run.Phases.Connect.Record(100 * us)
}

// TestConnectionsAreEvents: many requests that were reset on one new connection are
// no burst of connections, and ten such connections are one.
func TestConnectionsAreEvents(t *testing.T) {
	reset := func(connections int64) []reporttest.Request {
		var list []reporttest.Request
		for c := range connections {
			one := reporttest.Streams(c+1, 20, 500*ms, 4*ms, "wait.reset", "gw-1", reporttest.ResetText)
			one[0].Reused = false
			list = append(list, one...)
		}
		return list
	}
	for _, tt := range []struct {
		connections int64
		http2, want bool
	}{
		{1, true, false},
		{9, true, false},
		{10, true, true},
		{10, false, true}, // ten fresh ones of HTTP/1.1; the others had carried requests
	} {
		edit := overHTTP2
		if !tt.http2 {
			edit = nil
		}
		m, lost := measured(t, append(reporttest.Steady(1000, 0, ms, "gw-1"), reset(tt.connections)...), edit)
		if got := slices.ContainsFunc(lost, func(l *record.LostRequest) bool { return m.BurstOf(l) != nil }); got != tt.want {
			t.Errorf("%d connections, HTTP/2: %t: a burst: %t; want %t", tt.connections, tt.http2, got, tt.want)
		}
	}
}

// TestTimerOfConnections: what one connection lost at one instant shows no timer;
// what three did shows one.
func TestTimerOfConnections(t *testing.T) {
	for connections, want := range map[int64]bool{1: false, 2: false, 3: true} {
		var cut []reporttest.Request
		for c := range connections {
			cut = append(cut, reporttest.Streams(c+1, 20, 900*ms, 300*ms, "wait.eof", "gw-1", reporttest.EOFText)...)
		}
		m, lost := measured(t, append(reporttest.Steady(1000, 0, ms, "gw-1"), cut...), overHTTP2, mark(record.MarkSignalled, "gw-1", 600*ms))
		if got := m.TimerOf(lost[0]) != nil; got != want {
			t.Errorf("%d connections: a timer: %t; want %t", connections, got, want)
		}
	}
}

// TestQuickOnSharedConnections: a request that was just sent when its connection
// ended under older ones lost no race with an idle timeout.
func TestQuickOnSharedConnections(t *testing.T) {
	for took, want := range map[int64]bool{100 * us: true, 4 * ms: false} {
		m, lost := measured(t, append(reporttest.Steady(1000, 0, ms, "gw-1"), reporttest.Streams(1, 20, 500*ms, took, "wait.eof", "gw-1", reporttest.EOFText)...), overHTTP2)
		slices.SortFunc(lost, func(a, b *record.LostRequest) int { return int((a.End - a.Start) - (b.End - b.Start)) })
		if got := m.Quick(lost[0]); got != want {
			t.Errorf("requests up to %d ns old: the youngest is quick: %t; want %t", took, got, want)
		}
	}
}
