//go:build unix

package lab

import (
	"fmt"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario/lab/gateway"
)

// drains says how a gateway tells the clients of HTTP/2 connections that it stops.
type drains struct {
	notice bool // its first GOAWAY allows any stream; otherwise those that it has begun
	early  bool // graceful: before the signal
}

// howDrains has the gateways that tell their clients: all, except Caddy without
// TLS: the shutdown of Caddy 2.6 does not know of its connections with prior
// knowledge, which end with the process.
func howDrains(g string, proto gateway.Proto) *drains {
	switch {
	case g == "caddy" && proto == gateway.H2C:
		return nil
	case g == "envoy":
		return &drains{notice: true, early: true}
	case g == "haproxy":
		return &drains{notice: true}
	}
	return &drains{early: g == "builtin"}
}

// TestStreamsOfGateways checks, for every gateway that speaks HTTP/2 and every
// stop mode, what becomes of streams, and that the backend has got as many
// requests as the client's ledger says.
func TestStreamsOfGateways(t *testing.T) {
	for _, g := range append(installed(t), gateway.Builtin()) {
		for _, proto := range []gateway.Proto{gateway.H2, gateway.H2C} {
			for _, mode := range gateway.Modes() {
				t.Run(fmt.Sprintf("%s/%s/%s", g.Name, proto, mode), func(t *testing.T) {
					t.Parallel()
					b := startCounting(t)
					f := startFleet(t, Options{
						Replicas: 2, Stop: mode, Gateway: g.Name, Proto: proto, Backend: b.address(),
						PreStop: time.Second, Grace: patience, Propagation: time.Millisecond,
					})
					if got := get(t, f.replicaAt(2)); got.ProtoMajor != 2 || got.StatusCode != 200 {
						t.Errorf("got %s, %d", got.Proto, got.StatusCode)
					}
					b.count.Store(0)
					expectStreams(t, f, b, mode, howDrains(g.Name, proto))
				})
			}
		}
	}
}

// expectStreams removes the second of two replicas, which has three connections:
// one with long responses in flight, one that keeps 20 streams in flight, and one
// that is idle.
func expectStreams(t *testing.T, f *Fleet, b *counting, mode gateway.Mode, how *drains) {
	t.Helper()
	long, many, idle := dialStreams(t, f.replicaAt(2), "long"), dialStreams(t, f.replicaAt(2), "many"), dialStreams(t, f.replicaAt(2), "idle")
	idle.start("/", 1)
	idle.until(t, "idle", func() bool { return idle.open == 0 })
	long.start("/drip?duration=3&numbytes=200000&delay=0", 3)
	long.until(t, "in flight", func() bool {
		return long.streams[1].bytes > 0 && long.streams[3].bytes > 0 && long.streams[5].bytes > 0
	})
	many.keep("/delay/0.02", 20)
	many.until(t, "busy", func() bool { return len(many.streams) > 60 })
	j, _, wait := inBackground(t, f, 1)
	<-many.ended
	long.until(t, "over", func() bool { return long.open == 0 })
	long.close() // a gateway that has told nothing keeps connections open
	idle.close()
	if err := wait(); err != nil {
		t.Error(err)
	}
	var sum, inFlight ledger
	for _, c := range []*h2conn{long, many, idle} {
		sum.count(c)
		t.Log(c.story())
	}
	inFlight.count(long)
	got := int(b.count.Load())
	if mode == gateway.Abrupt || how == nil {
		if inFlight.Cut != 3 || got < sum.Whole || got > sum.Sent-sum.Unprocessed {
			t.Errorf("%+v, long %+v; the backend got %d; want all long ones cut", sum, inFlight, got)
		}
		return
	}
	if inFlight.Whole != 3 || sum.Whole != sum.Sent-sum.Unprocessed || got != sum.Whole {
		t.Errorf("%+v, long %+v; the backend got %d; want all whole that were processed", sum, inFlight, got)
	}
	expectGoAway(t, many, j, mode, how)
}

// expectGoAway checks the first GOAWAY on a busy connection.
func expectGoAway(t *testing.T, c *h2conn, j *journal, mode gateway.Mode, how *drains) {
	t.Helper()
	if len(c.goaways) == 0 {
		t.Fatal("no GOAWAY")
	}
	first := c.goaways[0]
	if notice := first.last == noLastID; notice != how.notice {
		t.Errorf("the first GOAWAY has the last id %d", first.last)
	}
	signalled, _, _ := j.find(record.MarkSignalled, "gw-2")
	if early := first.at.Before(signalled.At); mode == gateway.Graceful && early != how.early {
		t.Errorf("GOAWAY %v after the signal", first.at.Sub(signalled.At))
	}
}
