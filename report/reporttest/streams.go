package reporttest

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
	"nodrop/loadgen/record/product"
)

// Error texts of HTTP/2, as net/http words them.
const (
	GoawayText        = `Get "https://gateway:8443/": http2: server sent GOAWAY; ErrCode=NO_ERROR, debug=""`
	RefusedStreamText = `Get "https://gateway:8443/": stream error: stream ID *; REFUSED_STREAM; received from peer`
	InternalText      = `Get "https://gateway:8443/": stream error: stream ID *; INTERNAL_ERROR; received from peer`
)

// Streams returns n requests that end at one time without a response, on one
// HTTP/2 connection. They started over the time that a request takes, in ns.
func Streams(connection, n, at, took int64, class, endpoint, sample string) []Request {
	var list []Request
	for i := range n {
		q := Lost(at-took*(2*i+1)/(2*n), at+i%7*10*us, class, endpoint, sample)
		q.Reused, q.Connection = true, connection
		list = append(list, q)
	}
	return list
}

// AfterGoaway says of lost requests that GOAWAY had come a time before the end of
// their connection, in ns.
func AfterGoaway(ns int64, list []Request) []Request {
	for i := range list {
		list[i].Goaway = ns
	}
	return list
}

// HTTP2 gives the run under construction the ledger of these connections.
func HTTP2(connections ...ledger.Connection) func(*Builder) {
	return Edited(func(run *record.Run) {
		run.HTTP2 = &ledger.HTTP2{}
		for i := range connections {
			run.HTTP2.Add(&connections[i])
		}
	})
}

// drains is a load over HTTP/2, of up to 20 requests at once on each connection,
// while three gateways are stopped. gw-1 stays. gw-2 sends GOAWAY, finishes 18
// requests and turns 2 away. gw-3 sends GOAWAY, and closes its connection 400 ms
// later under 17 requests. gw-4 is killed, with 20 requests on its connection.
// Now and then, gw-1 refuses or resets a stream.
func drains(t testing.TB) *record.Recording {
	const at, took = 600 * ms, 500 * ms
	list := slices.Concat(
		reused(Steady(2000, 0, 290*us, Replicas(1, 4)...)),
		reused(Steady(2400, 600*ms, 250*us, "gw-1")),
		Streams(2, 2, at+20*ms, 2*ms, "wait.goaway", "gw-2", GoawayText),
		AfterGoaway(400*ms, Streams(3, 17, at+420*ms, took, "wait.eof", "gw-3", EOFText)),
		Streams(4, 20, at+30*ms, took, "wait.reset", "gw-4", ResetText),
		Streams(1, 3, 900*ms, 2*ms, "wait.refused-stream", "gw-1", RefusedStreamText),
		Streams(1, 1, 950*ms, 9*ms, "body.stream-reset", "gw-1", InternalText),
	)
	var resets ledger.Codes
	for _, code := range []uint32{ledger.RefusedStream, ledger.RefusedStream, ledger.RefusedStream, 0x2} {
		resets.Count(code)
	}
	marks := slices.Concat(
		[]record.Mark{{Kind: record.MarkStep, Name: "scale gateway 4 → 1", Start: at, End: 1050 * ms}},
		told(record.Shutdown{Grace: 30_000 * ms}, []record.Mark{
			{Kind: record.MarkTerminating, Name: record.MarkTerminating.Of("gw-2"), Endpoint: "gw-2", Start: at, End: at},
			{Kind: record.MarkTerminating, Name: record.MarkTerminating.Of("gw-3"), Endpoint: "gw-3", Start: at, End: at},
		}),
	)
	run := NewRun(t, list,
		HTTP2(
			ledger.Connection{Streams: 2904, Most: 20, Resets: resets},
			ledger.Connection{Streams: 520, Most: 20, Goaway: true, At: at + 20*ms, LastStream: 1035, TurnedAway: 2, Finished: 18},
			ledger.Connection{Streams: 517, Most: 20, Goaway: true, At: at + 20*ms, LastStream: ledger.AnyStream, Finished: 3, Lost: 17, Cause: "eof"},
			ledger.Connection{Streams: 502, Most: 20, Lost: 20, Cause: "reset"},
		),
		Edited(func(run *record.Run) {
			run.Marks, run.Settings.URL, run.Products = marks, "https://gateway:8443/", []string{product.Envoy}
			run.Connections.Opened = 4
		}))
	return Recording(run)
}

func reused(list []Request) []Request {
	for i := range list {
		list[i].Reused = true
	}
	return list
}
