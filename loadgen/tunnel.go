package loadgen

import (
	"time"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// tunnel asks the proxy, on a connection just made, for a way to the hop's host.
func (x *exchange) tunnel(at *hop, deadline time.Time) *failure {
	began := x.now()
	err := x.worker.arm(x.conn, deadline)
	if err == nil {
		err = x.job.Proxy.Open(x.conn, at.target.hostport())
	}
	if x.trace != nil {
		x.trace.note(x.now(), err, "asked the proxy to connect to %s", at.target.hostport())
	}
	x.result.Phases.Connect += x.now() - began
	if err == nil {
		return nil
	}
	text := wire.ErrorText(record.StageWait, err, x.conn.LocalAddr(), at.address)
	if x.job.Proxy.SOCKS() {
		text = "socks connect tcp " + at.address + "->" + at.target.hostport() + ": " + text
	} else {
		text = "proxyconnect tcp: " + text
	}
	return x.broken(at, &failure{stage: record.StageProxy, err: err, text: text})
}
