package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
)

// share adds requests that one HTTP/2 connection to the leaver lost at a time: as
// old as responses take, or younger. goaway is how long before that GOAWAY came.
func (w *world) share(connection, n, at, goaway int64, class string) {
	oldest := w.took * 9 / 10
	for i := range n {
		age := oldest*(2*i+1)/(2*n) + 20*us
		w.loseReused(at-age, at+w.between(10*us, 400*us), class, leaver)
		q := &w.requests[len(w.requests)-1]
		q.Connection, q.Goaway = connection, goaway
	}
}

// connected adds three connections without losses: what all other requests were on.
func (w *world) connected() {
	for range 3 {
		w.connections = append(w.connections, ledger.Connection{Streams: w.between(500, 2000), Most: 20})
	}
	w.keepAlive = true
}

// limited sends GOAWAY on a connection after as many requests as the server lets it
// carry, at a time, and turns some away.
func (w *world) limited(connection, requests, opened, at, away int64) {
	w.connections = append(w.connections, ledger.Connection{
		Streams: requests + away, Most: 20, Goaway: true, Opened: opened, At: at, LastStream: uint32(2*requests - 1), TurnedAway: away, Finished: 19,
	})
	w.share(connection, away, at, 0, "wait.goaway")
}

// drained sends GOAWAY on n connections of the leaver at a time. It turns some
// requests away, and lost others are open when each connection ends.
func (w *world) drained(n, at, away, lost int64, cause string) {
	for i := range n {
		c := ledger.Connection{Streams: w.between(300, 3000), Most: 20, Goaway: true, At: at, LastStream: ledger.AnyStream, TurnedAway: away, Finished: 20 - lost, Lost: lost, Cause: cause}
		if w.rng.Intn(2) == 0 {
			c.LastStream = uint32(2*(c.Streams-away) - 1)
		}
		w.connections = append(w.connections, c)
		w.share(100+i, away, at+w.between(100*us, ms), 0, "wait.goaway")
	}
}

// severed ends n connections of the leaver under their requests, at a time, without
// GOAWAY.
func (w *world) severed(n, each, at int64, cause string) {
	for i := range n {
		w.connections = append(w.connections, ledger.Connection{Streams: w.between(300, 3000), Most: 20, Lost: each, Cause: cause})
		w.share(200+i, each, at, 0, "wait."+cause)
	}
}

// streamSituations are those of HTTP/2, where requests share connections.
var streamSituations = []situation{
	{"GOAWAY after a number of requests", []Code{ConnectionLimit, SteadyErrors}, false, true, func(w *world) {
		w.connected()
		w.serve(0, runTime, fleet(3)...)
		requests := w.between(100, 2000)
		apart := w.between(100*ms, 300*ms)
		for i := int64(1); i*apart < runTime-100*ms; i++ {
			w.limited(i, requests, max(0, (i-3)*apart), i*apart, w.between(1, 4))
		}
		w.step(300 * ms)
	}},
	{"GOAWAY after a time", []Code{ConnectionLimit, SteadyErrors}, false, false, func(w *world) {
		w.connected()
		w.serve(0, runTime, fleet(3)...)
		age := w.between(500*ms, 1500*ms)
		apart := age / 3
		for i := int64(4); i*apart < runTime-100*ms; i++ {
			w.limited(i, w.between(100, 2000), i*apart-age-w.between(0, age/10), i*apart, w.between(1, 4))
		}
		w.step(300 * ms)
	}},
	{"drained with GOAWAY", []Code{DrainedPolitely, TurnedAway}, true, true, func(w *world) {
		w.connected()
		w.stayers(w.at)
		w.step(500 * ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at+2*ms)
		w.mark(record.MarkExited, w.at+450*ms)
		w.drained(w.between(1, 6), w.at+w.between(ms, 20*ms), w.between(1, 4), 0, "")
	}},
	{"GOAWAY, and then cut", []Code{GoawayWithoutGrace, CutAtExit, GraceTimer, KilledAfterGrace, TurnedAway}, true, true, func(w *world) {
		w.took = w.between(1500*ms, 2000*ms)
		grace, n, lost := w.between(150*ms, 1000*ms), w.between(1, 6), w.between(5, 20)
		w.connected()
		w.stayers(w.at)
		w.step(grace + 50*ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at+2*ms)
		w.mark(record.MarkExited, w.at+grace+ms)
		w.drained(n, w.at+5*ms, 1, lost, "eof")
		for i := range n {
			w.share(100+i, lost, w.at+grace, grace-5*ms, "wait.eof")
		}
	}},
	{"exited with HTTP/2 connections open", []Code{CutAtExit}, true, true, func(w *world) {
		w.took = w.between(50*ms, 400*ms)
		w.connected()
		w.stayers(w.at)
		w.step(100 * ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkExited, w.at+2*ms)
		w.mark(record.MarkEndpointRemoved, w.at+3*ms)
		w.severed(w.between(1, 6), w.between(5, 20), w.at+2*ms, "eof")
	}},
	// What follows is nobody's shutdown. One connection with many requests on it
	// looks like many connections that were cut at one instant.
	{"a firewall cuts one HTTP/2 connection of a process that drains", []Code{}, false, false, func(w *world) {
		w.took = w.between(600*ms, 900*ms)
		w.connected()
		w.serve(0, runTime, fleet(3)...)
		w.step(3000 * ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkExited, w.at+3000*ms)
		w.severed(w.between(1, 3), w.between(5, 20), w.at+w.between(300*ms, 2000*ms), "reset")
	}},
	{"a new HTTP/2 connection is reset", []Code{}, false, false, func(w *world) {
		w.took = w.between(50*ms, 200*ms)
		w.connected()
		w.serve(0, runTime, fleet(3)...)
		w.step(300 * ms)
		w.severed(1, 20, w.at+100*ms, "reset")
		w.requests[len(w.requests)-1].Reused = false
	}},
	{"HTTP/2 connections cut now and then", []Code{SteadyErrors}, false, false, func(w *world) {
		w.took = w.between(20*ms, 100*ms)
		w.connected()
		w.serve(0, runTime, fleet(3)...)
		w.step(300 * ms)
		for i := range int64(6) {
			w.connections = append(w.connections, ledger.Connection{Streams: 100, Most: 20, Lost: 15, Cause: "eof"})
			w.share(300+i, 15, w.between(500*ms, runTime-500*ms), 0, "wait.eof")
		}
	}},
}
