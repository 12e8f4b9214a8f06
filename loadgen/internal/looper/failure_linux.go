package looper

import (
	"errors"
	"net"
	"net/netip"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/loop"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// failure turns a Shard's failure into the one that all engines use.
func (d *driver) failure(x *loop.Exchange, f *loop.Failure) *engine.Failure {
	switch f.Stage {
	case loop.StageLookup:
		return &engine.Failure{Stage: record.StageDNS, Err: f.Err, Text: f.Err.Error()}
	case loop.StageConnect:
		return d.connectFailure(x, f)
	case loop.StageTLS:
		return d.wireFailure(x, record.StageTLS, f)
	case loop.StageBody:
		return d.slots[x.Slot].Failure(&x.Parser, f.Err)
	case loop.StageSend:
		return d.wireFailure(x, record.StageSend, f)
	case loop.StageResponse:
	}
	if _, malformed := errors.AsType[*h1.MalformedError](f.Err); malformed {
		return d.wireFailure(x, record.StageHead, f)
	}
	return d.wireFailure(x, wire.StageOf(x.Parser.Stage()), f)
}

func (d *driver) wireFailure(x *loop.Exchange, stage record.Stage, f *loop.Failure) *engine.Failure {
	text := wire.ErrorText(stage, f.Err, addrOf(f.Local), d.at(&d.slots[x.Slot]).Address)
	return &engine.Failure{Stage: stage, Err: f.Err, Text: text}
}

func (d *driver) connectFailure(x *loop.Exchange, f *loop.Failure) *engine.Failure {
	err := f.Err
	if errors.Is(err, loop.ErrSelfConnect) {
		err = wire.ErrSelfConnect
	}
	switch {
	case f.Late:
		err = &wire.NetworkError{Err: err}
	case f.Unsent:
		err = wire.NewUnsentError(&d.last.endpoint, err) // at once: no other connection was begun since
	}
	why := wire.Reason(err)
	if f.Patient && wire.IsTimeout(err) {
		why += engine.PatientText
	}
	stage, text := d.job.DialFailure(d.at(&d.slots[x.Slot]), why)
	return &engine.Failure{Stage: stage, Err: err, Text: text}
}

func addrOf(a netip.Addr) net.Addr {
	if !a.IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
}
