package pool

import (
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// tunnel asks the proxy, on a new connection, for a tunnel to the hop's host.
func (x *exchange) tunnel(at *engine.Hop, deadline time.Time) *engine.Failure {
	began := x.now()
	err := x.worker.arm(x.conn, deadline)
	if err == nil {
		err = x.job.Proxy.Open(x.conn, at.Target.Hostport())
	}
	if x.trace != nil {
		x.trace.note(x.now(), err, "asked the proxy to connect to %s", at.Target.Hostport())
	}
	x.result.Phases.Connect += x.now() - began
	if err == nil {
		return nil
	}
	text := wire.ErrorText(record.StageWait, err, x.conn.LocalAddr(), at.Address)
	if x.job.Proxy.SOCKS() {
		text = "socks connect tcp " + at.Address + "->" + at.Target.Hostport() + ": " + text
	} else {
		text = "proxyconnect tcp: " + text
	}
	return x.broken(at, &engine.Failure{Stage: record.StageProxy, Err: err, Text: text})
}
