package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
	"nodrop/report/reporttest"
)

// TestStreams: what is found about requests that shared HTTP/2 connections.
func TestStreams(t *testing.T) {
	const at, gw = 600 * ms, "gw-1"
	load := reporttest.Steady(2000, 0, ms, gw)
	step := []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: at, End: at + 500*ms}}
	leaves := append(slices.Clone(step), record.Mark{Kind: record.MarkTerminating, Name: record.MarkTerminating.Of(gw), Endpoint: gw, Start: at, End: at})
	goaway := func(opened, at int64, last uint32, away, lost int64) ledger.Connection {
		return ledger.Connection{Streams: 500, Most: 20, Goaway: true, Opened: opened, At: at, LastStream: last, TurnedAway: away, Finished: 20 - lost, Lost: lost, Cause: "eof"}
	}
	away := func(connection, at int64) []reporttest.Request {
		return reporttest.Streams(connection, 2, at, 2*ms, "wait.goaway", gw, reporttest.GoawayText)
	}
	cut := func(connection, n int64) []reporttest.Request {
		return reporttest.Streams(connection, n, at+400*ms, 300*ms, "wait.eof", gw, reporttest.EOFText)
	}
	plain := ledger.Connection{Streams: 500, Most: 20}
	severed := ledger.Connection{Streams: 500, Most: 20, Lost: 20, Cause: "eof"}
	for name, tt := range map[string]struct {
		lost        []reporttest.Request
		connections []ledger.Connection
		marks       []record.Mark
		code        Code
		confidence  Confidence
		says        string // in the title, the evidence or the remedies
	}{
		"drained": {
			away(1, at+5*ms),
			[]ledger.Connection{goaway(0, at+5*ms, 999, 2, 0)},
			leaves,
			DrainedPolitely, Shown, "everything else in flight finished",
		},
		"drained, without a mark of the endpoint": {
			away(1, at+5*ms),
			[]ledger.Connection{goaway(0, at+5*ms, 999, 2, 0)},
			step,
			DrainedPolitely, Likely, "GOAWAY came on 1 connection; 20 requests finished after it, none was cut",
		},
		"drained, and others were cut": {
			away(1, at+5*ms),
			[]ledger.Connection{goaway(0, at+5*ms, 999, 2, 0), goaway(0, at+5*ms, ledger.AnyStream, 0, 17)},
			leaves,
			TurnedAway, Shown, "17 were cut",
		},
		"nothing shows why": {
			away(1, at+5*ms),
			[]ledger.Connection{goaway(0, at+5*ms, 999, 2, 0)},
			nil,
			TurnedAway, CannotTell, "cannot tell whether the server limits the requests or the age of a connection",
		},
		"a limit of requests": {
			slices.Concat(away(1, 300*ms), away(2, 700*ms), away(3, 1100*ms)),
			[]ledger.Connection{goaway(0, 300*ms, 999, 2, 0), goaway(300*ms, 700*ms, 999, 2, 0), goaway(700*ms, 1100*ms, 999, 2, 0)},
			nil, ConnectionLimit, Shown, "the server ends each connection after 500 requests",
		},
		"as many requests on each, in one drain": {
			slices.Concat(away(1, at+5*ms), away(2, at+5*ms), away(3, at+5*ms)),
			[]ledger.Connection{goaway(0, at+5*ms, 999, 2, 0), goaway(0, at+5*ms, 999, 2, 0), goaway(0, at+5*ms, 999, 2, 0)},
			leaves, DrainedPolitely, Shown, "while their server drained",
		},
		"a limit of age": {
			slices.Concat(away(1, 300*ms), away(2, 620*ms), away(3, 910*ms)),
			[]ledger.Connection{goaway(0, 300*ms, 999, 2, 0), goaway(300*ms, 620*ms, 1201, 2, 0), goaway(620*ms, 910*ms, 1301, 2, 0)},
			nil, ConnectionLimit, Likely, "after about 290.0 ms",
		},
		"cut after GOAWAY": {
			reporttest.AfterGoaway(400*ms, cut(1, 17)),
			[]ledger.Connection{goaway(0, at, ledger.AnyStream, 0, 17)},
			step,
			GoawayWithoutGrace, Shown, "17 requests were cut 400.0 ms after GOAWAY",
		},
		"cut without GOAWAY": {
			cut(1, 20),
			[]ledger.Connection{severed},
			step,
			CutWithoutGoaway, CannotTell, "20 requests lost on 1 connection: each connection is one event",
		},
		"cut without GOAWAY, on several": {
			slices.Concat(cut(1, 20), cut(2, 12)),
			[]ledger.Connection{severed, severed},
			nil,
			CutWithoutGoaway, CannotTell, "32 requests lost on 2 connections, at most 20 on one: each connection is one event",
		},
		"refused": {
			reporttest.Streams(1, 3, at, 2*ms, "wait.refused-stream", gw, reporttest.RefusedStreamText),
			[]ledger.Connection{plain},
			nil,
			StreamRefused, CannotTell, "the server says that it has not acted on them",
		},
		"reset": {
			reporttest.Streams(1, 3, at, 2*ms, "body.stream-reset", gw, reporttest.InternalText),
			[]ledger.Connection{plain},
			nil,
			StreamReset, CannotTell, "INTERNAL_ERROR",
		},
		"GOAWAY that cost nothing": {
			nil,
			[]ledger.Connection{goaway(0, at, ledger.AnyStream, 0, 0)},
			step,
			DrainedPolitely, Shown, "GOAWAY ended 1 connection, and no request was lost to it",
		},
	} {
		run := reporttest.NewRun(t, slices.Concat(load, tt.lost), reporttest.HTTP2(tt.connections...), reporttest.Edited(func(run *record.Run) { run.Marks = tt.marks }))
		list := found(run)
		i := slices.IndexFunc(list, func(f Finding) bool { return f.Code == tt.code })
		if i < 0 || list[i].Confidence != tt.confidence || list[i].Lost != int64(len(tt.lost)) {
			t.Errorf("%s: got %+v; want %s, %s", name, list, tt.code, tt.confidence)
			continue
		}
		if text := strings.Join(append(list[i].Evidence, list[i].Title), "\n"); !strings.Contains(text, tt.says) {
			t.Errorf("%s: nothing says %q:\n%s", name, tt.says, text)
		}
	}
}

// TestRemediesOfStreams: each product's own settings.
func TestRemediesOfStreams(t *testing.T) {
	for code, want := range map[Code][]string{
		ConnectionLimit:    {"nginx: keepalive_requests above 1000", "HAProxy: tune.h2.fe.max-total-streams", "Envoy: max_requests_per_connection", "--ok goaway"},
		DrainedPolitely:    {"Envoy: POST /drain_listeners?graceful", "HAProxy: SIGUSR1", "nginx: SIGQUIT", "close-spread-time", "Go: http.Server.Shutdown"},
		GoawayWithoutGrace: {"Envoy: --drain-time-s", "nginx: SIGQUIT instead of SIGTERM; worker_shutdown_timeout", "HAProxy: SIGUSR1 instead of SIGTERM; hard-stop-after", "Caddy: grace_period", "MaxConnectionAgeGrace", "Go: http.Server.Shutdown"},
		StreamRefused:      {"nginx: http2_max_concurrent_streams", "--streams"},
	} {
		var texts []string
		for _, list := range remediesOf(t, code) {
			texts = append(texts, list.String())
		}
		for _, w := range want {
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, w) }) {
				t.Errorf("%s: nothing says %q: %q", code, w, texts)
			}
		}
	}
}

// remediesOf returns the remedies of a finding, for every product.
func remediesOf(t *testing.T, code Code) []Remedy {
	t.Helper()
	const gw = "gw-1"
	away := ledger.Connection{Streams: 500, Goaway: true, At: 605 * ms, LastStream: 999, TurnedAway: 2}
	limited := []ledger.Connection{
		{Streams: 500, Goaway: true, Opened: 0, At: 300 * ms, LastStream: 999, TurnedAway: 2},
		{Streams: 500, Goaway: true, Opened: 300 * ms, At: 605 * ms, LastStream: 999},
		{Streams: 500, Goaway: true, Opened: 605 * ms, At: 900 * ms, LastStream: 999},
	}
	lost, connections := reporttest.Streams(1, 2, 605*ms, 2*ms, "wait.goaway", gw, reporttest.GoawayText), []ledger.Connection{away}
	switch code {
	case ConnectionLimit:
		connections = limited
	case GoawayWithoutGrace:
		lost = reporttest.AfterGoaway(100*ms, reporttest.Streams(1, 2, 705*ms, 200*ms, "wait.eof", gw, reporttest.EOFText))
	case StreamRefused:
		lost = reporttest.Streams(1, 2, 605*ms, 2*ms, "wait.refused-stream", gw, reporttest.RefusedStreamText)
	default:
	}
	run := reporttest.NewRun(t, slices.Concat(reporttest.Steady(2000, 0, ms, gw), lost), reporttest.HTTP2(connections...), reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 600 * ms, End: 1100 * ms}}
	}))
	for _, f := range found(run) {
		if f.Code == code {
			return f.Remedies
		}
	}
	t.Fatalf("%s was not found", code)
	return nil
}
