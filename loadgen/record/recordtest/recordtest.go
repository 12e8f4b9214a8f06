// Package recordtest makes up what tests record.
package recordtest

import (
	"fmt"
	"math/rand/v2"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
)

// Connection makes what became of an HTTP/2 connection.
func Connection(rng *rand.Rand) *ledger.Connection {
	c := &ledger.Connection{Protocol: ledger.Protocol(rng.IntN(3)), Streams: 1 + rng.Int64N(1000), Most: 1 + rng.Int64N(100), Goaway: rng.IntN(2) == 0}
	if c.Goaway {
		c.Code, c.TurnedAway, c.Finished = rng.Uint32N(20), rng.Int64N(3), rng.Int64N(50)
		c.Opened, c.LastStream = rng.Int64N(1e9), 2*rng.Uint32N(500)+1
		if c.At = c.Opened + rng.Int64N(1e9); rng.IntN(2) == 0 {
			c.LastStream = ledger.AnyStream
		}
	}
	if rng.IntN(3) == 0 {
		c.Lost, c.Cause = 1+rng.Int64N(100), record.Cause(1+rng.IntN(3)).String()
	}
	for range rng.IntN(4) {
		c.Resets.Count(rng.Uint32N(20))
	}
	return c
}

// Result makes results of every fate, which start within span ns.
func Result(rng *rand.Rand, span int64) *record.Result {
	start := rng.Int64N(span)
	r := &record.Result{Start: start, Connection: rng.Int64N(5), End: start + rng.Int64N(span/10) + 1, Endpoint: rng.IntN(4) - 1, Reused: rng.IntN(2) == 0}
	if r.Reused {
		r.Idle = rng.Int64N(3)
	}
	switch rng.IntN(6) {
	case 0:
		r.Fate, r.Class, r.Sample = record.FateLost, record.NewClass(record.StageConnect, record.CauseRefused), "refused"
		r.Goaway = start % 4 // drawn already, as below
	case 1:
		r.Fate, r.Class, r.Status = record.FateLost, record.StatusClass(503), 503
		r.Response = fmt.Appendf(nil, "503\x00envoy\x00retry-after: %d\nvia: \xff\"\n\x00<body>\x00 %d", rng.IntN(2), rng.IntN(100))
	case 2:
		r.Fate, r.Class, r.Sample = record.FateSpoiled, record.NewClass(record.StageClient, record.CausePorts), "ports"
	case 3:
		r.Fate = record.FateAborted
		if start%3 == 0 { // drawn already, as below
			r.Fate, r.Class, r.Sample = record.FateOK, record.NewClass(record.StageWait, record.CauseGoaway), "GOAWAY"
		}
	default:
		r.Status, r.Bytes = 200, 10
		if start%2 == 0 { // drawn from what is drawn already, so that all else stays as it was
			r.Unsized, r.Bytes = true, 10+start%9
		}
	}
	return r
}
